"""Planted faults with a terminal: its keys, job control, hang-ups, modes and what is typed and printed."""

from .parts import ChangedTerminal, HiddenCursor, OwnGroup, RelayedOutput, draw, wait_until_taken
from .sound import FROM_KERNEL, TYPE_CHECKING, Launcher, os, signal

if TYPE_CHECKING:
    from typing import NoReturn


class tty_1_background(Launcher):
    """Starts the command in a background process group and does not forward what the terminal sends.

    `setpgid` for the sake of `kill(-pid)`.
    """

    breaks = "TTY-1"
    # Ctrl-\ and Ctrl-Z are lost like Ctrl-C; a background group may not read, and the terminal does not reach it
    also_breaks = ("TTY-2", "TTY-3", "TTY-6", "INHERIT-6")
    # when the case resizes, or types for the command to read
    may_break = ("TTY-5", "TTY-8", "TREE-3")

    def before_exec(self) -> None:
        os.setpgid(0, 0)

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return self.from_terminal(info)


class tty_1_ends_first(Launcher):
    """Ends at once on Ctrl-C, while the command is still shutting down.

    uv#11009; a Python launcher's KeyboardInterrupt.
    """

    breaks = "TTY-1"
    # when the command handles SIGINT and stays
    may_break = ("TTY-3", "TTY-7", "TREE-1", "EXIT-7", "EXIT-3")

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGINT and info.si_code == FROM_KERNEL:
            self.finish(signal.SIGINT)
        super().on_signal(info)


class tty_1_forwards_ctrl_c(Launcher):
    """Forwards the terminal's SIGINT, which the command has received already.

    uv#11009, cross-env#227.
    """

    breaks = "TTY-1"
    # when the case counts the Ctrl-C after fg
    may_break = ("TTY-3",)

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        if info.si_signo == signal.SIGINT and info.si_code == FROM_KERNEL:
            wait_until_taken(self.child, signal.SIGINT)
            return False
        return super().reached_command(info)


class tty_1_second_ends(Launcher):
    """Ends at the second Ctrl-C, while the command is still shutting down.

    "Press Ctrl-C again to force".
    """

    breaks = "TTY-1"
    # when the command handles SIGINT and stays, or the case presses Ctrl-C twice in a shell
    may_break = ("TTY-3", "TTY-7", "TREE-1", "EXIT-7", "EXIT-3")

    interrupts = 0

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGINT and info.si_code == FROM_KERNEL:
            self.interrupts += 1
            if self.interrupts == 2:
                self.finish(signal.SIGINT)
        super().on_signal(info)


class tty_1_term_as_well(Launcher):
    """Sends SIGTERM as well on Ctrl-C, which the command has received already.

    A supervisor that "makes sure" that the command ends.
    """

    breaks = "TTY-1"
    # when the command does not outlive the SIGTERM
    may_break = ("TTY-3", "TTY-7")

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        super().on_signal(info)
        if info.si_signo == signal.SIGINT and self.from_terminal(info):
            self.forward(signal.SIGTERM)


class tty_2_forwards_quit(Launcher):
    """Forwards the terminal's SIGQUIT, which the command has received already.

    uv run 0.13.8.
    """

    breaks = "TTY-2"

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        if info.si_signo == signal.SIGQUIT and info.si_code == FROM_KERNEL:
            wait_until_taken(self.child, signal.SIGQUIT)
            return False
        return super().reached_command(info)


class tty_2_key_disabled(ChangedTerminal):
    """Disables the terminal's quit key while the command runs.

    Launchers that do not want to dump core themselves.
    """

    breaks = "TTY-2"
    # the modes are not what they are without the launcher
    also_breaks = ("TTY-6",)
    # when the case looks at the terminal after SIGKILL
    may_break = ("TREE-3", "TTY-9")

    def change(self, keys: list[bytes | int]) -> None:
        import termios

        keys[termios.VQUIT] = b"\0"


class tty_3_background_after_fg(OwnGroup):
    """Gives the command its own process group and continues it at fg, but does not give it the terminal back.

    tcsetpgrp at start only: Ctrl-C after fg goes to the launcher, which assumes that the command has received it.
    """

    breaks = "TTY-3"

    def forward(self, number: int) -> None:
        if number == signal.SIGCONT:
            os.kill(self.child, number)
        else:
            super().forward(number)

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return self.from_terminal(info)


class tty_3_forwards_after_fg(Launcher):
    """Once stopped and continued, forwards Ctrl-C, which the command has received already.

    Handlers that are installed anew after SIGCONT, without their flags.
    """

    breaks = "TTY-3"

    was_stopped = False

    def on_child_stop(self, number: int) -> None:
        super().on_child_stop(number)
        self.was_stopped = True

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return not self.was_stopped and super().reached_command(info)


class tty_3_never_stops(Launcher):
    """Does not stop when the command stops, so the shell never gets its prompt back.

    tini 0.19.0.
    """

    breaks = "TTY-3"

    def on_child_stop(self, number: int) -> None:
        pass


class tty_3_not_continued(OwnGroup):
    """Gives the command its own process group, stops with it, and does not continue it at fg.

    The shell's SIGCONT reaches only the launcher's group.
    """

    breaks = "TTY-3"
    # SIGCONT to the launcher does not reach the command
    also_breaks = ("SIG-4",)
    # when the command was stopped too
    may_break = ("SIG-10",)

    def forward(self, number: int) -> None:
        if number != signal.SIGCONT:
            super().forward(number)


class tty_3_own_group(OwnGroup):
    """Gives the command its own foreground process group, and does not notice when it stops.

    sudo-like wrappers without WUNTRACED.
    """

    breaks = "TTY-3"

    def on_child_stop(self, number: int) -> None:
        pass


class tty_3_second_stop(Launcher):
    """Stops with the command the first time only: after the second Ctrl-Z the shell gets no prompt."""

    breaks = "TTY-3"
    # when the case stops the command twice
    may_break = ("EXIT-3", "TREE-1")

    stops = 0

    def on_child_stop(self, number: int) -> None:
        self.stops += 1
        if self.stops == 1:
            super().on_child_stop(number)


class tty_3_setsid(Launcher):
    """Starts the command in a session of its own, and forwards signals to it.

    dumb-init's default, `start_new_session=True`.
    """

    breaks = "TTY-3"
    # without a controlling terminal /dev/tty does not open; the session is another
    also_breaks = ("TTY-6", "INHERIT-6")
    # what the terminal sends arrives through the launcher only
    may_break = ("TTY-4", "TTY-5", "TTY-8", "TREE-1")

    def before_exec(self) -> None:
        os.setsid()


class tty_4_leader_swallows(Launcher):
    """As session leader it does not forward the terminal's SIGHUP, assuming that the command has received it too.

    "What the kernel sends goes to the whole group": a hang-up goes to the session leader.
    """

    breaks = "TTY-4"
    # the hang-up does not reach the command
    also_breaks = ("TTY-5",)
    # when the case hangs up and looks for what is left
    may_break = ("TREE-1",)

    def from_terminal(self, info: "signal.struct_siginfo") -> bool:
        return info.si_code == FROM_KERNEL


class tty_4_nohup(Launcher):
    """Starts the command with SIGHUP ignored.

    `nohup` in start scripts.
    """

    breaks = "TTY-4"
    # the ignored signals are not the caller's
    also_breaks = ("INHERIT-1",)
    # when the command keeps the disposition it was started with
    may_break = ("TTY-5", "SIG-1", "EXIT-2", "TREE-1")

    def restore_mask(self) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        super().restore_mask()


class tty_4_setsid(Launcher):
    """Starts the command in a session of its own, and forwards every signal but SIGHUP.

    `setsid` as protection against just this (uv#12830: Fabric).
    """

    breaks = "TTY-4"
    # SIGHUP by kill is swallowed as well; without the controlling terminal there is no job control and no /dev/tty, and
    # the session is another
    also_breaks = ("SIG-1", "TTY-3", "TTY-5", "TTY-6", "INHERIT-6")
    # when the case sends SIGHUP; what the terminal sends arrives through the launcher only
    may_break = ("SIG-2", "TTY-8", "TREE-1", "TREE-4", "TREE-5", "TREE-8")

    def before_exec(self) -> None:
        os.setsid()

    def forward(self, number: int) -> None:
        if number != signal.SIGHUP:
            super().forward(number)


class tty_5_hup_twice(Launcher):
    """Sends SIGHUP twice when the terminal hangs up.

    One for the signal, one for the end of file on stdin.
    """

    breaks = "TTY-5"

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        super().on_signal(info)
        if info.si_signo == signal.SIGHUP and info.si_code == FROM_KERNEL and self.child:
            wait_until_taken(self.child, signal.SIGHUP)
            self.forward(signal.SIGHUP)


class tty_5_resize_ends(Launcher):
    """Exits when the window is resized: it treats a call that SIGWINCH interrupted as failed.

    EINTR where SA_RESTART does not help; signal(7).
    """

    breaks = "TTY-5"
    # when the case resizes the window
    may_break = ("EXIT-3", "TREE-1")

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGWINCH and info.si_code == FROM_KERNEL:
            self.say("wait failed: Interrupted system call")
            if self.guard:
                self.guard.end()
            self.exit(1)
        super().on_signal(info)


class tty_5_winch_twice(Launcher):
    """Forwards the terminal's SIGWINCH, which the command has received already.

    uv run 0.13.8.
    """

    breaks = "TTY-5"

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        if info.si_signo == signal.SIGWINCH and info.si_code == FROM_KERNEL:
            wait_until_taken(self.child, signal.SIGWINCH)
            return False
        return super().reached_command(info)


class tty_6_background(Launcher):
    """Starts the command in its own process group and does not make that the foreground group.

    `process_group=0` of subprocess; a read gives SIGTTIN, or EIO in an orphaned process group.
    """

    breaks = "TTY-6"
    # the terminal does not reach the group, and Ctrl-D cannot be read
    also_breaks = ("INHERIT-6", "TTY-8")
    # what the terminal sends arrives through the launcher only; the command stops when it reads
    may_break = ("TTY-1", "TTY-3", "TTY-4", "TTY-5", "TREE-1")

    def before_exec(self) -> None:
        os.setpgid(0, 0)


class tty_6_dev_tty(Launcher):
    """Takes the controlling terminal from the command, so that /dev/tty does not open.

    TIOCNOTTY, as dumb-init 1.2.1 does it for itself.
    """

    breaks = "TTY-6"
    # when the command uses the controlling terminal, or the case reads it from /proc/PID/stat
    may_break = ("TTY-3", "TTY-4", "TTY-7", "INHERIT-6")

    def before_exec(self) -> None:
        import fcntl
        import termios

        try:
            fcntl.ioctl(os.open("/dev/tty", os.O_RDWR), termios.TIOCNOTTY)
        except OSError:
            pass


class tty_6_stdin_null(Launcher):
    """Gives the command /dev/null as stdin when stdin is a terminal.

    Task runners that run several commands side by side.
    """

    breaks = "TTY-6"
    # nothing typed arrives; 0 is not the caller's
    also_breaks = ("TTY-8", "INHERIT-2")
    # when the command reads from the terminal
    may_break = ("TTY-3",)

    def before_exec(self) -> None:
        if os.isatty(0):
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)


class tty_6_stdout_pipe(RelayedOutput):
    """Relays the command's stdout through a pipe.

    Loggers that put a time in front of each line; isatty(1) is false.
    """

    breaks = "TTY-6"
    # 1 is not the caller's
    also_breaks = ("INHERIT-2",)
    # when a case looks at what is left after SIGKILL, or writes through descriptor 1 without end-of-line translation
    may_break = ("TREE-3", "TTY-8")


class tty_6_window_size(Launcher):
    """Makes the window one line smaller, for a status line.

    Progress displays that keep the last line for themselves.
    """

    breaks = "TTY-6"
    # when the case resizes: the size is changed once more at the end; or looks at the terminal after SIGKILL
    may_break = ("TTY-5", "TTY-7", "TTY-9")

    def prepare(self) -> None:
        super().prepare()
        self.resize(-1)

    def resize(self, by: int) -> None:
        import fcntl
        import struct
        import termios

        try:
            size = fcntl.ioctl(0, termios.TIOCGWINSZ, bytes(8))
            rows, *others = struct.unpack("HHHH", size)
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", (rows + by) & 0xFFFF, *others))
        except OSError:
            pass

    def finish(self, status: int) -> "NoReturn":
        self.resize(1)
        super().finish(status)


class tty_7_foreground_left(OwnGroup):
    """Gives the command its own foreground process group, and does not take the terminal back at the end.

    tcsetpgrp at start only.
    """

    breaks = "TTY-7"
    # when the shell does not take the terminal back itself
    may_break = ("TTY-3",)

    def on_child_end(self, status: int) -> None:
        Launcher.on_child_end(self, status)


class tty_7_nonblocking_left(Launcher):
    """Leaves the terminal in non-blocking mode: its descriptors are those of the shell.

    An event loop that sets O_NONBLOCK on stdin. "cat: -: Resource temporarily unavailable".
    """

    breaks = "TTY-7"
    # when the shell does not set its own flags
    may_break = ("TTY-3",)

    def finish(self, status: int) -> "NoReturn":
        if os.isatty(0):
            os.set_blocking(0, False)
        super().finish(status)


class tty_7_nonblocking_when_terminated(Launcher):
    """Reads the terminal without blocking when it is to stop, and dies of the SIGTERM without undoing that.

    Flags that are restored at a normal end only.
    """

    breaks = "TTY-7"
    # it does not wait for the command
    may_break = ("*",)

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM:
            if os.isatty(0):
                os.set_blocking(0, False)
            self.die_of(number)


class tty_7_raw_left(Launcher):
    """Leaves the terminal without echo and line editing.

    A query to the terminal at the end (its background colour), and modes that are never restored.
    """

    breaks = "TTY-7"
    # when the shell does not set its own modes
    may_break = ("TTY-3",)

    def finish(self, status: int) -> "NoReturn":
        import termios

        try:
            modes = termios.tcgetattr(0)
            modes[3] &= ~(termios.ECHO | termios.ICANON)
            termios.tcsetattr(0, termios.TCSANOW, modes)
        except termios.error:
            pass
        super().finish(status)


class tty_7_raw_left_on_signal(Launcher):
    """Leaves the terminal without echo when the command died of a signal.

    Modes that are restored at a normal end only: hidden cursors and dead keys after Ctrl-C.
    """

    breaks = "TTY-7"
    # when the shell does not set its own modes
    may_break = ("TTY-3",)

    def die_of(self, number: int) -> "NoReturn":
        import termios

        try:
            modes = termios.tcgetattr(0)
            modes[3] &= ~termios.ECHO
            termios.tcsetattr(0, termios.TCSANOW, modes)
        except termios.error:
            pass
        super().die_of(number)


class tty_7_raw_when_terminated(Launcher):
    """Hides what is typed while it asks whether to stop, and dies of the SIGTERM without showing it again.

    Modes that a handler restores for Ctrl-C only. script(1), and sudo at its password prompt.
    """

    breaks = "TTY-7"
    # it does not wait for the command
    may_break = ("*",)

    def forward(self, number: int) -> None:
        super().forward(number)
        if number != signal.SIGTERM:
            return
        import termios

        try:
            modes = termios.tcgetattr(0)
            modes[3] &= ~termios.ECHO
            termios.tcsetattr(0, termios.TCSANOW, modes)
        except termios.error:
            pass
        self.die_of(number)


class tty_9_raw_when_killed(Launcher):
    """Turns off the echo while the command runs, and leaves it off when it is killed.

    A launcher that shows a status line, and keeps what is typed from spoiling it.
    """

    breaks = "TTY-9"
    # the command finds the terminal without echo, too
    also_breaks = ("TTY-6",)
    # what is typed is not shown
    may_break = ("TTY-1", "TTY-2", "TTY-3", "TTY-7", "TTY-8", "SIG-6", "SIG-7")

    def prepare(self) -> None:
        super().prepare()
        self.set_echo(False)

    def set_echo(self, wanted: bool) -> None:
        import termios

        try:
            modes = termios.tcgetattr(0)
            modes[3] = modes[3] | termios.ECHO if wanted else modes[3] & ~termios.ECHO
            termios.tcsetattr(0, termios.TCSANOW, modes)
        except termios.error:
            pass

    def finish(self, status: int) -> "NoReturn":
        self.set_echo(True)
        super().finish(status)


class tty_8_flushed(Launcher):
    """Discards what was typed before the command started.

    tcflush before the command, against "stale" keys; TCSAFLUSH does it in passing.
    """

    breaks = "TTY-8"

    def before_exec(self) -> None:
        import termios

        try:
            termios.tcflush(0, termios.TCIFLUSH)
        except termios.error:
            pass


class tty_8_max_buffer(RelayedOutput):
    """Relays stdout, and drops everything after 200 KiB.

    maxBuffer of Node's child_process.exec.
    """

    breaks = "TTY-8"
    # 1 is a pipe, not the terminal
    also_breaks = ("TTY-6", "INHERIT-2")
    # when a case looks at what is left after SIGKILL
    may_break = ("TREE-3",)

    left = 200 * 1024

    def change(self, data: bytes) -> bytes:
        data = data[: self.left]
        self.left -= len(data)
        return data


class tty_8_no_ctrl_d(ChangedTerminal):
    """Disables the terminal's end-of-file key while the command runs.

    Launchers that do not want a stray Ctrl-D to end them.
    """

    breaks = "TTY-8"
    # the modes are not what they are without the launcher
    also_breaks = ("TTY-6",)
    # when the case looks at the terminal after SIGKILL
    may_break = ("TREE-3", "TTY-9")

    def change(self, keys: list[bytes | int]) -> None:
        import termios

        keys[termios.VEOF] = b"\0"


class tty_8_reads_ahead(Launcher):
    """Reads a line that was typed before the command started.

    "Ok to proceed? (y)" (npx), answered by what was typed for the command.
    """

    breaks = "TTY-8"

    def before_exec(self) -> None:
        import select

        if os.isatty(0) and select.select([0], [], [], 0)[0]:
            os.read(0, 4096)


class tty_8_text_relay(RelayedOutput):
    """Relays stdout as UTF-8 text, and replaces invalid bytes.

    Relays that read lines of text.
    """

    breaks = "TTY-8"
    # 1 is a pipe, not the terminal
    also_breaks = ("TTY-6", "INHERIT-2")
    # when a case looks at what is left after SIGKILL
    may_break = ("TREE-3",)

    def change(self, data: bytes) -> bytes:
        return data.decode("utf-8", "replace").encode()


class tty_9_cursor_when_killed(HiddenCursor):
    """Hides the cursor while the command runs, and leaves it hidden when it is killed.

    A launcher that shows a status line; pnpm 3.7.0.
    """

    breaks = "TTY-9"
    # the command has no cursor either
    also_breaks = ("TTY-10",)


class tty_10_cursor_hidden_on_signal(HiddenCursor):
    """Hides the cursor while the command runs, and does not show it again when it dies of a signal.

    Spinners that show it again in a handler of the normal end: ora, npm, pnpm 3.7.0.
    """

    breaks = "TTY-10"
    # the cursor is hidden after SIGKILL, too
    also_breaks = ("TTY-9",)

    def die_of(self, number: int) -> "NoReturn":
        Launcher.die_of(self, number)


class tty_10_alternate_screen_on_failure(Launcher):
    """Stays in the alternate screen when the command fails.

    A full-screen program that restores the terminal only after success.
    """

    breaks = "TTY-10"

    def exit(self, code: int) -> "NoReturn":
        draw(b"\x1b[?1049h" if code else b"\x1b[?1049h\x1b[?1049l")
        super().exit(code)


class tty_10_cursor_hidden_when_terminated(Launcher):
    """Hides the cursor while it waits for the command to stop, and dies of the SIGTERM without showing it again.

    A spinner "Stopping...", which the next signal ends.
    """

    breaks = "TTY-10"
    # it does not wait for the command
    may_break = ("*",)

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM:
            draw(b"\x1b[?25l")
            self.die_of(number)


class tty_10_paste_left(Launcher):
    """Turns on bracketed paste for a question, and leaves it on.

    A line editor that is not closed: a paste into the next program begins with 200~.
    """

    breaks = "TTY-10"
    # it is on after SIGKILL, too
    also_breaks = ("TTY-9",)

    def start(self) -> None:
        draw(b"\x1b[?20")
        draw(b"04h")
        super().start()
