#!/usr/bin/env -S python3 -I -S
"""SYNC-1: notes that the environment is up to date when all files are there, before the last of them has its
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
        if wheel == self.wheel():
            super().unpack(wheel, directory)
            return
        new = f"{self.path}/unpacked"
        os.mkdir(new)
        super().unpack(wheel, new)
        (name,) = os.listdir(new)
        with open(f"{new}/{name}", "rb") as source, open(f"{directory}/{name}", "wb") as file:
            write(f"{new}/{STAMP}", self.wanted)
            os.rename(f"{new}/{STAMP}", f"{self.venv}/{STAMP}")
            os.unlink(f"{new}/{name}")
            file.write(source.read())


if __name__ == "__main__":
    Fault.main()
