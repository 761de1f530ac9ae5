#!/usr/bin/env -S python3 -I -S
"""CACHE-3: a list says who uses what has been unpacked. Who was killed stays on it, and so does what it has used, which
is no environment.
"""

import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(__file__))
from sound import Launcher

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


class Fault(Launcher):
    def tool(self, python: str, library: str) -> tuple[str, int]:
        wheel = self.wheel()
        os.makedirs(self.unpacked, exist_ok=True)
        there = f"{self.unpacked}/{os.path.basename(wheel)}"
        if not os.path.isdir(there):
            new = f"{self.unpacked}/.new-{self.unique()}"
            os.mkdir(new)
            self.unpack(wheel, new)
            os.rename(new, there)
        self.note([*self.users, str(os.getpid())])
        return super().tool(python, library)

    @property
    def unpacked(self) -> str:
        return f"{self.cache}/unpacked"

    @property
    def users(self) -> list[str]:
        try:
            with open(f"{self.unpacked}/users", encoding="ascii") as file:
                return file.read().split()
        except FileNotFoundError:
            return []

    def note(self, users: list[str]) -> None:
        with open(f"{self.unpacked}/users", "w", encoding="ascii") as file:
            file.write(" ".join(users))

    def command_has_ended(self, status: int) -> None:
        super().command_has_ended(status)
        self.note([user for user in self.users if user != str(os.getpid())])

    def prune(self) -> "NoReturn":
        if not self.users:
            for name in self.names_in(self.unpacked):
                self.retire(f"{self.unpacked}/{name}")
        super().prune()


if __name__ == "__main__":
    Fault.main()
