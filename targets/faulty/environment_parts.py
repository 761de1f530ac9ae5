"""What several faults of environments and of caches share. None of it is a fault."""

import os

from .sound_with_environments import TYPE_CHECKING, Launcher, signal

if TYPE_CHECKING:
    from typing import NoReturn


class LeaseWithCommand(Launcher):
    """Has no janitor, which would clean up after a launcher that ended too early. The command holds the lease."""

    def start_janitor(self, watched: list[int], unneeded: int = -1, adopted: bool = False) -> int:
        return 0

    def become(self, command: list[str]) -> "NoReturn":
        os.set_inheritable(self.lease, True)
        os.set_inheritable(self.tool_lease, True)
        super().become(command)


class Unprotected(LeaseWithCommand):
    """A signal during the creation ends it."""

    def create(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self.inherited_mask)
        self.create_unprotected()
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)

    def create_unprotected(self) -> None:
        super().create()


class MarksUsers(Launcher):
    """Records the users of each part of the cache in files, instead of by locks."""

    def tool(self, python: str, library: str) -> tuple[str, int]:
        path, lease = super().tool(python, library)
        os.makedirs(f"{path}/users", exist_ok=True)
        self.mark = f"{path}/users/{self.mark_of(os.getpid())}"
        with open(self.mark, "w", encoding="ascii") as file:
            file.write(self.who_is(os.getpid()))
        return path, lease

    def mark_of(self, pid: int) -> str:
        return str(pid)

    def who_is(self, pid: int) -> str:
        """Return a process' pid and when it was started."""
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
                return f"{pid} {file.read().rpartition(')')[2].split()[19]}"
        except OSError:
            return ""

    def is_who_it_was(self, mark: str) -> bool:
        with open(mark, encoding="ascii") as file:
            was = file.read()
        return bool(was) and self.who_is(int(was.split()[0])) == was

    def marks(self, path: str) -> list[str]:
        return [f"{path}/users/{name}" for name in self.names_in(f"{path}/users")]

    def is_in_use(self, path: str) -> bool:
        raise NotImplementedError

    def retire(self, path: str) -> None:
        if not self.is_in_use(path):
            directory = os.open(path, os.O_RDONLY)
            gone = f"{self.tools}/.gone-{self.unique()}"
            os.rename(path, gone)
            self.remove(gone, directory)

    def command_has_ended(self, status: int) -> None:
        super().command_has_ended(status)
        if os.path.exists(self.mark):
            os.unlink(self.mark)
