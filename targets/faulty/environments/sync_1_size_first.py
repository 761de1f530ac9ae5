#!/usr/bin/env -S python3 -I -S
"""SYNC-1: notes that the environment is up to date when all files have their sizes, before one of them has its
contents.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from making import STAMP
from sound import Launcher, write


class Fault(Launcher):
    def install(self, python: str, library: str, project: bytes, wanted: bytes) -> None:
        self.path, self.lease = self.make(self.workshop())
        self.wanted = wanted
        if os.path.isdir(self.venv):
            os.rename(self.venv, f"{self.path}/old")
        os.mkdir(self.venv)
        self.fill_venv(self.venv, python, library, project)
        self.abandon()

    def unpack(self, wheel: str, directory: str) -> None:
        """The project's wheel is the last."""
        super().unpack(wheel, directory)
        if wheel == self.wheel():
            self.module = next(f"{directory}/{name}" for name in sorted(os.listdir(directory)) if name.endswith(".py"))
            with open(self.module, "rb") as file:
                self.contents = file.read()
            os.truncate(self.module, 0)
            os.truncate(self.module, len(self.contents))
            return
        write(f"{self.path}/{STAMP}", self.wanted)
        os.rename(f"{self.path}/{STAMP}", f"{self.venv}/{STAMP}")
        with open(self.module, "rb+") as file:
            file.write(self.contents)


if __name__ == "__main__":
    Fault.main()
