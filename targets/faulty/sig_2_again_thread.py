#!/usr/bin/env -S python3 -I -S
"""SIG-2: sends every signal once more 300 ms later, by a thread.

A retry loop on a worker thread.
"""

import os
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher


class Fault(Launcher):
    def prepare(self) -> None:
        super().prepare()
        self.reaping = threading.Lock()

    def forward(self, number: int) -> None:
        super().forward(number)
        threading.Thread(target=self.again, args=(number,), daemon=True).start()

    def again(self, number: int) -> None:
        time.sleep(0.3)
        with self.reaping:
            if self.child:
                super().forward(number)

    def on_children(self) -> None:
        with self.reaping:
            super().on_children()


if __name__ == "__main__":
    Fault.main()
