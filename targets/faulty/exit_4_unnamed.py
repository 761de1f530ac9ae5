#!/usr/bin/env -S python3 -I -S
"""EXIT-4: does not name the command that it cannot find.

"No such file or directory (os error 2)", as Rust prints it.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def cannot_execute(self, error: OSError, code: int) -> None:
        self.say(f"{error.strerror} (os error {error.errno})")
        os._exit(code)


if __name__ == "__main__":
    Fault.main()
