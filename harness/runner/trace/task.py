"""One traced thread, as the director knows it."""

from __future__ import annotations

from proctor.harness.schedule import Directive, HoldTask, HoldUntil, Point


class TracedTask:
    """One traced thread. silent: the command's, or of what the command started: it passes no points."""

    __slots__ = (
        "again", "arguments", "born", "call", "directives", "in_vfork", "maker", "name", "pid", "silent", "threads",
        "tid",
    )  # fmt: skip

    def __init__(self, tid: int, pid: int, name: str, silent: bool) -> None:
        self.tid, self.pid, self.name, self.silent = tid, pid, name, silent
        self.call = ""
        self.again: tuple[str, tuple[int, int]] | None = None
        """The call that it was put before, and where: it comes by that point a second time."""
        self.arguments: tuple[int, ...] = ()
        self.maker: Point | None = None
        self.born = False
        self.in_vfork = False
        self.threads = 1
        self.directives: list[Directive] = []

    @property
    def process(self) -> str:
        """The name of its process: that of its first thread."""
        return self.name.partition(".")[0]

    @property
    def is_thread(self) -> bool:
        """Whether it is not the first of its process."""
        return "." in self.name

    def take_name_of_first(self) -> None:
        """Call a thread that has become the first of its process by execve as that is called. Not before the exit of
        that call, which is passed under the name of its entry."""
        if self.tid == self.pid:
            self.name = self.process

    def waits_for(self, point: Point) -> bool:
        """Whether it is held until another task comes to this point."""
        action = self.directives[0].action if self.directives else None
        return isinstance(action, HoldUntil) and action.point == point

    def waits_for_end_of(self, process: str) -> bool:
        """Whether it is held until this process ends."""
        action = self.directives[0].action if self.directives else None
        return isinstance(action, HoldTask) and action.does == "ends" and action.process == process

    def waits_for_rest_of_others_than(self, kept: list[TracedTask]) -> bool:
        """Whether it is held until a process blocks, none of whose tasks is kept itself."""
        action = self.directives[0].action if self.directives else None
        if not isinstance(action, HoldTask) or action.does != "blocks":
            return False
        return not any(task.process == action.process for task in kept)
