"""What several faults of processes and of the terminal share. None of it is a fault."""

import time

from .sound import TYPE_CHECKING, Launcher, os, signal

if TYPE_CHECKING:
    from typing import NoReturn


def wait_until_taken(pid: int, number: int) -> None:
    """Wait until a signal is no longer pending in a process, so that a second one is not merged with it."""
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            fields = dict(line.split(":", 1) for line in file if ":" in line)
        pending = int(fields["SigPnd"], 16) | int(fields["ShdPnd"], 16)
        if not pending >> (number - 1) & 1:
            return
        time.sleep(0.001)


def become_subreaper() -> None:
    import ctypes

    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def detach_descriptors() -> None:
    """In a helper: hold nothing of the caller's open, so that only its existence is the fault."""
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, 256)


class OwnGroup(Launcher):
    """As sudo does it: the command leads a process group of its own, which is given the terminal."""

    def before_exec(self) -> None:
        launcher_group = os.getpgrp()
        os.setpgid(0, 0)
        self.hand_terminal(launcher_group, os.getpgrp())

    def hand_terminal(self, from_group: int, to_group: int) -> None:
        """SIGTTOU is blocked, so that this is allowed from the background as well."""
        try:
            terminal = os.open("/dev/tty", os.O_RDWR)
        except OSError:
            return
        try:
            if os.tcgetpgrp(terminal) == from_group:
                os.tcsetpgrp(terminal, to_group)
        finally:
            os.close(terminal)

    def forward(self, number: int) -> None:
        if number == signal.SIGCONT:
            self.hand_terminal(os.getpgrp(), os.getpgid(self.child))
        super().forward(number)

    def on_child_end(self, status: int) -> None:
        self.hand_terminal(self.child, os.getpgrp())
        super().on_child_end(status)


class ChangedTerminal(Launcher):
    """Changes the terminal's modes for as long as the command runs."""

    def prepare(self) -> None:
        import termios

        super().prepare()
        try:
            self.saved_modes = termios.tcgetattr(0)
        except termios.error:
            return
        modes = termios.tcgetattr(0)
        self.change(modes[6])
        termios.tcsetattr(0, termios.TCSANOW, modes)

    def change(self, keys: list[bytes | int]) -> None:
        """Change the control characters."""

    def finish(self, status: int) -> "NoReturn":
        import termios

        if hasattr(self, "saved_modes"):
            termios.tcsetattr(0, termios.TCSANOW, self.saved_modes)
        super().finish(status)


def draw(sequence: bytes) -> None:
    """Write a control sequence to the terminal, if there is one."""
    if os.isatty(2):
        try:
            os.write(2, sequence)
        except OSError:  # it has hung up
            pass


class HiddenCursor(Launcher):
    """Hides the cursor for as long as the command runs."""

    def start(self) -> None:
        draw(b"\x1b[?25l")
        super().start()

    def exit(self, code: int) -> "NoReturn":
        draw(b"\x1b[?25h")
        super().exit(code)

    def die_of(self, number: int) -> "NoReturn":
        draw(b"\x1b[?25h")
        super().die_of(number)


class RelayedOutput(Launcher):
    """The command writes to a pipe; a helper process copies that to our stdout."""

    def start(self) -> None:
        output, self.command_output = os.pipe()
        end_of_run, self.running = os.pipe()
        self.relay = os.fork()
        if self.relay == 0:
            try:
                os.close(self.command_output)
                os.close(self.running)
                self.copy(output, end_of_run)
            finally:
                os._exit(0)
        os.close(output)
        os.close(end_of_run)
        super().start()

    def copy(self, output: int, end_of_run: int) -> None:
        """Until the command's end, and then until nothing is left: not until a grandchild closes the pipe."""
        import select

        while True:
            ready = select.select([output, end_of_run], [], [])[0]
            data = os.read(output, 65536) if output in ready else b""
            if not data:
                return
            data = self.change(data)
            while data:
                data = data[os.write(1, data) :]

    def change(self, data: bytes) -> bytes:
        return data

    def before_exec(self) -> None:
        os.dup2(self.command_output, 1)

    def after_fork(self) -> None:
        os.close(self.command_output)

    def on_other_child(self, pid: int, status: int) -> None:
        if pid == self.relay and not os.WIFSTOPPED(status) and not os.WIFCONTINUED(status):
            self.relay = 0
        super().on_other_child(pid, status)

    def finish(self, status: int) -> "NoReturn":
        if self.guard:  # it holds a copy of `running`
            self.guard.end()
            self.guard = None
        os.close(self.running)
        if self.relay:
            os.waitpid(self.relay, 0)
        super().finish(status)
