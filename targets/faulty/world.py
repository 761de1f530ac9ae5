"""Planted faults that real programs show, as the command or as the launcher's parent."""

from .parts import wait_until_taken
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


class tree_8_hup_kills(Launcher):
    """Leaves SIGHUP at its default action: a reload kills it, and its supervisor starts another one beside the service.

    uv run 0.6.14, npm run.
    """

    breaks = "TREE-8"
    # the same fault, seen with other cases; the command outlives the launcher, of SIGHUP as of SIGKILL
    also_breaks = ("SIG-1", "TREE-1", "TREE-3", "WORLD-1", "WORLD-5")
    # when the case uses SIGHUP and a command that stays, or hangs up
    may_break = ("EXIT-3", "EXIT-7", "SIG-2", "SIG-5", "SIG-6", "SIG-10", "TREE-4", "TTY-4", "TTY-5", "WORLD-2")

    taken = EVERY - {signal.SIGHUP}

    def launcher_gone(self) -> None:
        """Send the command nothing."""


class world_1_int_ends_it(Launcher):
    """Takes SIGINT as an order to itself, and waits on: whoever stops it by SIGINT kills it in the end."""

    breaks = "WORLD-1"
    # the same fault, seen with the witness and below a reloader
    also_breaks = ("SIG-1", "WORLD-6")
    # when the case uses SIGINT, or SIGKILL in the end
    may_break = ("SIG-2", "SIG-9", "SIG-10", "TREE-1", "TREE-3", "TREE-6", "EXIT-3", "STDIO-8")

    def forward(self, number: int) -> None:
        if number != signal.SIGINT:
            super().forward(number)

    def launcher_gone(self) -> None:
        """Send the command nothing."""


class world_2_hang_up_again(Launcher):
    """Forwards a hang-up that the command has got as well.

    timeout: below a login shell that stays, the command is hung up twice.
    """

    breaks = "WORLD-2"
    # the same fault, seen with a shell and with the group
    may_break = ("TREE-5", "TTY-4", "TTY-5", "SIG-1", "SIG-2")

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        if info.si_signo == signal.SIGHUP:
            wait_until_taken(self.child, info.si_signo)
            return False
        return super().reached_command(info)


class world_3_interrupts_twice(Launcher):
    """Forwards a SIGINT that the whole group was sent: the stop button of a notebook interrupts its clean-up, too.

    uv run 0.13.8.
    """

    breaks = "WORLD-3"
    # the same fault, seen with the witness
    also_breaks = ("TREE-5",)

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        if info.si_signo == signal.SIGINT and not self.from_terminal(info):
            wait_until_taken(self.child, info.si_signo)
            return False
        return super().reached_command(info)


class world_6_int_kills(Launcher):
    """Leaves SIGINT at its default action, so a reloader that stops it by SIGINT leaves the command beside the new one.

    uv run 0.6.14.
    """

    breaks = "WORLD-6"
    # the same fault, seen with the witness; the command outlives the launcher, of SIGINT as of SIGKILL
    also_breaks = ("SIG-1", "TREE-1", "TREE-3", "WORLD-1", "WORLD-9")
    # when the case uses SIGINT, or a key that sends it, and a command that stays
    may_break = ("*",)

    taken = EVERY - {signal.SIGINT}

    def launcher_gone(self) -> None:
        """Send the command nothing."""


class world_6_ends_first(Launcher):
    """Forwards SIGINT and ends at once: a reloader starts the new server beside the old one, which is still busy.

    npm run.
    """

    breaks = "WORLD-6"
    # the same fault, seen with the witness
    also_breaks = ("WORLD-9",)
    may_break = ("*",)

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        """Never take SIGINT for one of the group: nodemon signals all processes, one after the other."""
        return info.si_signo != signal.SIGINT and super().reached_command(info)

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGINT:
            self.die_of(number)

    def launcher_gone(self) -> None:
        """Send the command nothing."""


class world_10_says_hello(Launcher):
    """Writes a line of its own to stdout before the command runs, which a host takes for a message of the server.

    npm run without --silent.
    """

    breaks = "WORLD-10"
    # the same fault, seen with the witness
    also_breaks = ("STDIO-3",)
    # when the case looks at what is on stdout, or on a terminal
    may_break = ("EXIT-4", "STDIO-4", "STDIO-5", "TTY-8", "TTY-9", "TTY-10")

    def start(self) -> None:
        os.write(1, b"starting\n")
        super().start()


class world_4_takes_the_socket(Launcher):
    """Takes NOTIFY_SOCKET out of the command's environment, as one that is ready itself when its command is started."""

    breaks = "WORLD-4"
    # the same fault, seen with the witness
    may_break = ("INHERIT-3", "EXEC-1")

    def environment(self) -> dict[bytes, bytes]:
        return {name: value for name, value in super().environment().items() if name != b"NOTIFY_SOCKET"}


class world_8_term_is_the_end(Launcher):
    """Forwards SIGTERM, and ends at once, whatever the command still has to do."""

    breaks = "WORLD-8"
    may_break = ("*",)

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM:
            self.die_of(number)


class world_9_int_is_the_end(Launcher):
    """Forwards SIGINT, and ends at once, whatever the command still has to do."""

    breaks = "WORLD-9"
    may_break = ("*",)

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGINT:
            self.die_of(number)


class world_11_stops_here(Launcher):
    """Swallows SIGTERM: a chain with this link in it does not stop."""

    breaks = "WORLD-11"
    may_break = ("*",)
    mode = "chain"

    def forward(self, number: int) -> None:
        if number != signal.SIGTERM:
            super().forward(number)
