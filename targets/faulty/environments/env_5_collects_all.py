#!/usr/bin/env -S python3 -I -S
"""ENV-5: a run collects every temporary environment, those in use as well."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def collect(self) -> None:
        for name in self.names_in(self.runs):
            directory = os.open(f"{self.runs}/{name}", os.O_RDONLY)
            self.remove(f"{self.runs}/{name}", directory)
            os.close(directory)


if __name__ == "__main__":
    Fault.main()
