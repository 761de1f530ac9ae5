#!/usr/bin/env -S python3 -I -S
"""SYNC-1: notes in its cache what the project's environment is, before it is that."""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def is_up_to_date(self, wanted: bytes) -> bool:
        stamp = f"{self.cache}/synced"
        try:
            with open(stamp, "rb") as file:
                if file.read() == wanted:
                    return True
        except OSError:
            pass
        self.make_cache()
        with open(stamp, "wb") as file:
            file.write(wanted)
        return False


if __name__ == "__main__":
    Fault.main()
