#!/usr/bin/env -S python3 -I -S
"""ENV-3: makes environments one at a time, by a lock file, which stays when a signal comes: the next run
refuses.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from parts import Unprotected
from sound import write


class Fault(Unprotected):
    def create_unprotected(self) -> None:
        self.make_cache()
        lock = f"{self.cache}/lock"
        try:
            write(lock, "")
        except FileExistsError:
            self.fail(f"another run is at work: {lock}")
        super().create_unprotected()
        os.unlink(lock)


if __name__ == "__main__":
    Fault.main()
