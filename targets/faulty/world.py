"""Planted faults that real programs show, as the command or as the launcher's parent."""

from .sound import EVERY, Launcher, os, signal


class world_5_usr2_kills(Launcher):
    """Leaves SIGUSR2 at its default action, so the signal kills it and the command keeps running.

    uv run 0.6.14 (uv#12830).
    """

    breaks = "WORLD-5"
    # the same fault, seen with the witness; the command outlives the launcher, of SIGUSR2 as of SIGKILL
    also_breaks = ("SIG-1", "TREE-1", "TREE-3")
    # when the case uses SIGUSR2 and a command that stays
    may_break = ("EXIT-3", "EXIT-7", "SIG-2", "SIG-5", "SIG-10")

    taken = EVERY - {signal.SIGUSR2}

    def launcher_gone(self) -> None:
        """Send the command nothing."""


class world_5_usr1_for_itself(Launcher):
    """Takes SIGUSR1 as an order to itself, and does not forward it.

    npm run: node opens the port of its debugger.
    """

    breaks = "WORLD-5"
    # the same fault, seen with the witness
    also_breaks = ("SIG-1",)
    # when the case uses SIGUSR1
    may_break = ("SIG-2", "SIG-9", "SIG-10")

    def forward(self, number: int) -> None:
        if number != signal.SIGUSR1:
            super().forward(number)


class world_5_hup_to_the_newest(Launcher):
    """Forwards SIGHUP to the newest process below it, which of gunicorn is a worker.

    `kill -HUP "$(pgrep -n -f COMMAND)"` in a shell wrapper.
    """

    breaks = "WORLD-5"

    def forward(self, number: int) -> None:
        if number == signal.SIGHUP:
            os.kill(max(self.below_command()), number)
        else:
            super().forward(number)

    def below_command(self) -> set[int]:
        """Return the command and its descendants."""
        parents = {}
        for pid in (int(name) for name in os.listdir("/proc") if name.isdecimal()):
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                    parents[pid] = int(file.read().rpartition(") ")[2].split()[1])
            except OSError:
                pass
        found, more = set(), {self.child}
        while more:
            found |= more
            more = {pid for pid, parent in parents.items() if parent in more}
        return found


class world_7_leaves_ctrl_c_to_the_terminal(Launcher):
    """Does not forward what a key sends, and a command with a process group of its own does not get it otherwise.

    npm run; uv run at the time of uv#10952.
    """

    breaks = "WORLD-7"

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return self.from_terminal(info) or super().reached_command(info)
