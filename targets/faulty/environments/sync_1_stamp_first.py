#!/usr/bin/env -S python3 -I -S
"""SYNC-1: makes the environment in its place, and notes first that it is up to date."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from making import STAMP
from sound import Launcher, write


class Fault(Launcher):
    def install(self, python: str, library: str, project: bytes, wanted: bytes) -> None:
        self.path, self.lease = self.make(self.workshop())
        if os.path.isdir(self.venv):
            old = os.open(self.venv, os.O_RDONLY)
            self.empty(old)
            os.close(old)
        else:
            os.mkdir(self.venv)
        write(f"{self.venv}/{STAMP}", wanted)
        self.fill_venv(self.venv, python, library, project)
        self.abandon()


if __name__ == "__main__":
    Fault.main()
