"""Planted faults in how a cache is shared and pruned."""

import os

from .environment_parts import MarksUsers
from .leases import LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, flock
from .sound_with_environments import TYPE_CHECKING, Launcher, write

if TYPE_CHECKING:
    from typing import NoReturn


class cache_1_ignores_leases(Launcher):
    """Prunes what a command runs from."""

    breaks = "CACHE-1"
    may_break = ("CACHE-5",)

    def retire(self, path: str) -> None:
        directory = os.open(path, os.O_RDONLY)
        gone = f"{self.tools}/.gone-{self.unique()}"
        os.rename(path, gone)
        self.remove(gone, directory)


class cache_1_last_user(MarksUsers):
    """Records only the last user of each part: when that has ended, prune removes it, although others use it."""

    breaks = "CACHE-1"
    may_break = ("CACHE-5", "ENV-4")

    def mark_of(self, pid: int) -> str:
        return "user"

    def is_in_use(self, path: str) -> bool:
        return any(self.is_who_it_was(mark) for mark in self.marks(path))


class cache_1_late_lease(Launcher):
    """Takes the lease of the tool only after the environment has been made."""

    breaks = "CACHE-1"
    may_break = ("CACHE-5",)
    campaign = "start, prune"

    def tool(self, python: str, library: str) -> tuple[str, int]:
        path, lease = super().tool(python, library)
        os.close(lease)
        return path, -1

    def fill(self, tool: str, python: str) -> None:
        super().fill(tool, python)
        self.tool_lease = self.take(tool, LOCK_SH)


class cache_1_looks_at_programs(Launcher):
    """Prunes what no process executes, although a process imports from it.

    A Python that is a symbolic link is another program.
    """

    breaks = "CACHE-1"
    may_break = ("CACHE-5",)

    def retire(self, path: str) -> None:
        for name in os.listdir("/proc"):
            try:
                if name.isdecimal() and os.readlink(f"/proc/{name}/exe").startswith(f"{path}/"):
                    return
            except OSError:
                pass
        directory = os.open(path, os.O_RDONLY)
        gone = f"{self.tools}/.gone-{self.unique()}"
        os.rename(path, gone)
        self.remove(gone, directory)


class cache_2_waits(Launcher):
    """Prunes only when the commands that run from the cache have ended."""

    breaks = "CACHE-2"
    may_break = ("CACHE-1",)

    def retire(self, path: str) -> None:
        os.close(self.take(path, LOCK_EX))
        super().retire(path)


class cache_3_keeps_all(Launcher):
    """Prunes nothing but leftovers."""

    breaks = "CACHE-3"
    may_break = ("CACHE-5",)

    def retire(self, path: str) -> None:
        pass


class cache_3_killed(MarksUsers):
    """Never prunes what a killed run has used."""

    breaks = "CACHE-3"
    may_break = ("CACHE-5", "ENV-4")

    def is_in_use(self, path: str) -> bool:
        return bool(self.marks(path))


class cache_3_list_of_users(Launcher):
    """Never prunes what a killed run has unpacked.

    A list says which runs use what is unpacked, and a killed run stays on it.
    """

    breaks = "CACHE-3"
    may_break = ("CACHE-5", "ENV-4")

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


class cache_3_pid(MarksUsers):
    """Records the users of a part by PID, which another process may have later."""

    breaks = "CACHE-3"
    may_break = ("CACHE-5", "ENV-4")
    needs = "a PID namespace"

    def is_in_use(self, path: str) -> bool:
        return any(os.path.exists(f"/proc/{os.path.basename(mark)}") for mark in self.marks(path))


class cache_4_in_place(Launcher):
    """Prunes file by file, so an interrupted prune leaves half a tool that looks complete."""

    breaks = "CACHE-4"
    campaign = "prune"

    def retire(self, path: str) -> None:
        self.discard(path)


class cache_4_lock_file(Launcher):
    """Leaves a lock file when prune is interrupted, and no run starts any more."""

    breaks = "CACHE-4"
    may_break = ("CACHE-5",)
    campaign = "prune"

    def create(self) -> None:
        if os.path.exists(f"{self.cache}/lock"):
            self.fail("a prune is at work")
        super().create()

    def prune(self) -> "NoReturn":
        lock = f"{self.cache}/lock"
        write(lock, "")
        for name in self.names_in(self.tools):
            self.retire(f"{self.tools}/{name}")
        os.unlink(lock)
        os._exit(0)


class cache_5_no_second_look(Launcher):
    """Runs from what prune removed before the run had its lease."""

    breaks = "CACHE-5"
    may_break = ("CACHE-1", "ENV-5")
    campaign = "prune, run"

    def is_still_there(self, path: str, lease: int) -> bool:
        return True


class cache_5_unlocked_prune(Launcher):
    """Prunes what a run has begun to use since prune looked."""

    breaks = "CACHE-5"
    campaign = "prune, run"

    def retire(self, path: str) -> None:
        lease = self.take(path, LOCK_EX | LOCK_NB)
        if lease < 0:
            return
        flock(lease, LOCK_UN)
        gone = f"{self.tools}/.gone-{self.unique()}"
        os.rename(path, gone)
        self.remove(gone, lease)
