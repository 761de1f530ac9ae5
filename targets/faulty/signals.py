"""Planted faults in how signals are forwarded."""

import time

from .sound import EVERY, FROM_KERNEL, Launcher, os, signal


class sig_1_hup_kills(Launcher):
    """Leaves SIGHUP at its default action, so the signal kills it and the command keeps running.

    uv run 0.6.14 (uv#12830).
    """

    breaks = "SIG-1"
    # the command outlives the launcher, of SIGHUP as of SIGKILL, without being notified
    also_breaks = ("TREE-1", "TREE-3")
    # when the case uses SIGHUP and a command that stays; at a hang-up the end of a session leader still tells the
    # foreground group
    may_break = ("EXIT-3", "EXIT-7", "SIG-2", "SIG-5", "SIG-10", "TTY-4", "TTY-5", "TREE-8")

    taken = EVERY - {signal.SIGHUP}

    def launcher_gone(self) -> None:
        """Send the command nothing."""


class sig_1_hup_of_session_leader(Launcher):
    """Does not forward SIGHUP while it leads a session with a terminal.

    It takes every SIGHUP for a hang-up, at which the kernel sends the command one as well.
    """

    breaks = "SIG-1"
    # when the hang-up is to reach a command by its launcher alone
    may_break = ("TTY-4",)

    def forward(self, number: int) -> None:
        if number != signal.SIGHUP or os.getsid(0) != os.getpid() or not os.isatty(0):
            super().forward(number)


class sig_1_int_after_term(Launcher):
    """Does not forward SIGINT after a SIGTERM.

    "Already stopping": a Ctrl-C after that is lost.
    """

    breaks = "SIG-1"
    # when the case sends a SIGTERM before a SIGINT
    may_break = ("SIG-2",)

    def forward(self, number: int) -> None:
        if number != signal.SIGINT or signal.SIGTERM not in self.seen:
            super().forward(number)


class sig_1_int_as_term(Launcher):
    """Forwards SIGINT as SIGTERM.

    Supervisors that know one way to stop a child.
    """

    breaks = "SIG-1"
    # SIG-3 is SIG-1 for SIGINT
    also_breaks = ("SIG-3",)
    # when the case uses SIGINT
    may_break = ("SIG-2", "SIG-5", "TREE-6")

    def forward(self, number: int) -> None:
        super().forward(signal.SIGTERM if number == signal.SIGINT else number)


class sig_1_term_as_kill(Launcher):
    """Forwards SIGTERM as SIGKILL.

    `child.kill()` of several standard libraries.
    """

    breaks = "SIG-1"
    # when the case uses SIGTERM and the command handles it
    may_break = ("EXIT-5", "EXIT-7", "SIG-2", "SIG-5", "SIG-9", "SIG-10", "TREE-6", "TREE-8")

    def forward(self, number: int) -> None:
        super().forward(signal.SIGKILL if number == signal.SIGTERM else number)


class sig_1_term_ends_at_once(Launcher):
    """Ends at once on SIGTERM and leaves the command running.

    uv run 0.5.1; npm#10868, opencode#26259.
    """

    breaks = "SIG-1"
    # the command outlives the launcher, of SIGTERM as of SIGKILL, without being notified
    also_breaks = ("TREE-1", "TREE-3")
    # when the case uses SIGTERM and a command that stays; PID 1 does not die of it
    may_break = ("EXIT-3", "EXIT-7", "SIG-2", "SIG-5", "SIG-9", "SIG-10", "TREE-5", "TREE-6", "TREE-8")

    taken = EVERY - {signal.SIGTERM}

    def launcher_gone(self) -> None:
        """Send the command nothing."""


class sig_1_usr1_kills(Launcher):
    """Leaves SIGUSR1 at its default action, so the signal kills it; the command gets SIGTERM from the guard instead.

    uv run 0.6.14 with SIGUSR2 (uv#12830).
    """

    breaks = "SIG-1"
    # when the case uses SIGUSR1; TREE-1 when the command handles SIGTERM and stays
    may_break = ("EXIT-3", "EXIT-7", "SIG-2", "SIG-5", "SIG-10", "TREE-1")

    taken = EVERY - {signal.SIGUSR1}


class sig_1_usr2_swallowed(Launcher):
    """Does not forward SIGUSR2.

    Launchers that forward a fixed list of signals.
    """

    breaks = "SIG-1"
    # when the case uses SIGUSR2
    may_break = ("SIG-2",)

    def forward(self, number: int) -> None:
        if number != signal.SIGUSR2:
            super().forward(number)


class sig_2_again_helper(Launcher):
    """Sends every signal a second time 300 ms later, from a helper process.

    `(sleep 0.3; kill -TERM $pid) &` in a shell wrapper.
    """

    breaks = "SIG-2"
    # when the case counts and looks for 300 ms or longer
    may_break = ("SIG-1", "SIG-3", "SIG-4", "SIG-5", "TREE-5", "TTY-4", "TTY-5", "TREE-6")

    def prepare(self) -> None:
        super().prepare()
        self.helpers: set[int] = set()

    def forward(self, number: int) -> None:
        super().forward(number)
        helper = os.fork()
        if helper == 0:
            time.sleep(0.3)
            os.kill(self.child, number)
            os._exit(0)
        self.helpers.add(helper)

    def on_other_child(self, pid: int, status: int) -> None:
        self.helpers.discard(pid)
        super().on_other_child(pid, status)

    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        """Ends the helpers before the command is reaped: they must not signal a pid that is free."""
        if os.waitid(os.P_PID, self.child, os.WEXITED | os.WNOHANG | os.WNOWAIT) if self.child else None:
            while self.helpers:
                helper = self.helpers.pop()
                os.kill(helper, signal.SIGKILL)
                os.waitpid(helper, 0)
        return super().wait_for_child(flags)


class sig_2_again_thread(Launcher):
    """Sends every signal a second time 300 ms later, from a thread.

    A retry loop on a worker thread.
    """

    breaks = "SIG-2"
    # when the case counts and looks for 300 ms or longer
    may_break = ("SIG-1", "SIG-3", "SIG-4", "SIG-5", "TREE-5", "TTY-4", "TTY-5", "TREE-6")

    def prepare(self) -> None:
        import threading

        super().prepare()
        self.reaping = threading.Lock()

    def forward(self, number: int) -> None:
        import threading

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


class sig_2_again_timer(Launcher):
    """Sends every signal a second time 300 ms later, from an interval timer.

    A retry for commands that "did not react".
    """

    breaks = "SIG-2"
    # when the case counts and looks for 300 ms or longer
    may_break = ("SIG-1", "SIG-3", "SIG-4", "SIG-5", "TREE-5", "TTY-4", "TTY-5", "TREE-6")

    again = 0

    def forward(self, number: int) -> None:
        super().forward(number)
        self.again = number
        signal.setitimer(signal.ITIMER_REAL, 0.3)

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGALRM and info.si_code == FROM_KERNEL:
            if self.child:
                super().forward(self.again)
        else:
            super().on_signal(info)


class sig_2_int_first(Launcher):
    """Sends SIGINT before it forwards SIGTERM.

    Escalation ladders: INT, TERM, KILL.
    """

    breaks = "SIG-2"
    # when the case sends SIGTERM and looks at every signal that the command received
    may_break = ("SIG-1", "SIG-5", "SIG-9", "SIG-10", "EXIT-7", "TREE-6", "TREE-8")

    def forward(self, number: int) -> None:
        if number == signal.SIGTERM:
            super().forward(signal.SIGINT)
        super().forward(number)


class sig_2_only_first(Launcher):
    """Forwards each signal the first time only.

    Node's `process.once('SIGTERM', ...)`.
    """

    breaks = "SIG-2"
    # when the case sends a signal twice
    may_break = ("SIG-10", "SIG-1", "SIG-3", "SIG-4", "SIG-5")

    def prepare(self) -> None:
        super().prepare()
        self.forwarded: set[int] = set()

    def forward(self, number: int) -> None:
        if number not in self.forwarded:
            super().forward(number)
        self.forwarded.add(number)


class sig_2_twice(Launcher):
    """Sends every signal twice, back to back.

    A handler registered twice. The two merge if the command does not run in between.
    """

    breaks = "SIG-2"
    # SIG-4 says once as well
    also_breaks = ("SIG-4",)
    # when the case counts
    may_break = ("SIG-1", "SIG-3", "SIG-5", "TTY-4", "TTY-5", "TREE-6")

    def forward(self, number: int) -> None:
        super().forward(number)
        super().forward(number)


class sig_3_no_terminal_swallowed(Launcher):
    """Does not forward a SIGINT sent by kill while stdin is not a terminal.

    uv run 0.7.12 (uv#13756).
    """

    breaks = "SIG-3"
    # when the case uses SIGINT and has no terminal on stdin
    may_break = ("SIG-1", "SIG-2", "SIG-5", "TREE-6")

    def forward(self, number: int) -> None:
        if number != signal.SIGINT or os.isatty(0):
            super().forward(number)


class sig_3_terminal_swallowed(Launcher):
    """Does not forward a SIGINT sent by kill while stdin is a terminal.

    uv run 0.13.8: "a Ctrl-C reaches the command anyway" (uv#12108, uv#8654).
    """

    breaks = "SIG-3"
    # when the case has a terminal on stdin
    may_break = ("SIG-1", "SIG-2")

    def forward(self, number: int) -> None:
        if number != signal.SIGINT or not os.isatty(0):
            super().forward(number)


class sig_4_only_seven(Launcher):
    """Forwards HUP, INT, QUIT, TERM, USR1, USR2, ALRM and CONT only.

    Launchers that forward a fixed list of signals.
    """

    breaks = "SIG-4"

    forwarded = (
        signal.SIGHUP,
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
        signal.SIGCONT,
    )

    def forward(self, number: int) -> None:
        if number in self.forwarded:
            super().forward(number)


class sig_4_realtime_kills(Launcher):
    """Leaves the real-time signals at their default action, so they kill it; the command gets SIGTERM instead.

    "All signals" taken as 1 to 31.
    """

    breaks = "SIG-4"
    # when the case uses a real-time signal
    may_break = ("EXIT-3", "EXIT-7", "SIG-2", "SIG-5", "TREE-1")

    taken = frozenset(number for number in EVERY if number < signal.SIGRTMIN)


class sig_4_realtime_merged(Launcher):
    """Forwards several pending instances of one real-time signal once, although real-time signals queue."""

    breaks = "SIG-4"

    def forward(self, number: int) -> None:
        if number >= signal.SIGRTMIN:
            while signal.sigtimedwait({number}, 0):
                pass
        super().forward(number)


class sig_4_tstp_stops_launcher(Launcher):
    """Stops itself on a SIGTSTP sent by kill, and leaves the command running.

    The default action: tini 0.19.0 and every launcher that does not catch it.
    """

    breaks = "SIG-4"

    def forward(self, number: int) -> None:
        if number == signal.SIGTSTP:
            self.stop(number)
        else:
            super().forward(number)


class sig_2_death_of_a_thread(Launcher):
    """Starts the command in a worker thread that ends when it is idle, with SIGTERM for it at its parent's death.

    PR_SET_PDEATHSIG means the parent thread, not the process.
    """

    breaks = "SIG-2"
    # when the case lasts long enough for the worker to end
    may_break = (
        "SIG-1",
        "SIG-5",
        "SIG-9",
        "SIG-10",
        "TTY-1",
        "EXIT-2",
        "EXIT-3",
        "EXIT-7",
        "TREE-1",
        "TREE-8",
        "TTY-4",
    )

    at_death = signal.SIGTERM

    def start(self) -> None:
        from threading import Event, Thread

        is_started = Event()

        def work() -> None:
            Launcher.start(self)
            is_started.set()
            time.sleep(1.2)

        Thread(target=work).start()
        is_started.wait()

    def before_exec(self) -> None:
        from ctypes import CDLL

        CDLL(None).prctl(1, self.at_death)  # PR_SET_PDEATHSIG


class sig_2_killed_with_a_thread(sig_2_death_of_a_thread):
    """Has the command killed when the worker thread that started it ends."""

    breaks = "SIG-2"
    may_break = sig_2_death_of_a_thread.may_break

    at_death = signal.SIGKILL


class sig_5_ends_after_forward(Launcher):
    """Forwards SIGTERM and dies of it at once, without waiting for the command.

    Handlers that kill the child and exit.
    """

    breaks = "SIG-5"
    # the launcher does not stay until the command has ended, does not know its status, and a command that handles
    # SIGTERM is an orphan
    also_breaks = ("SIG-1", "EXIT-7", "TREE-1")
    # when the case sends SIGTERM and goes on afterwards
    may_break = ("SIG-2", "SIG-4", "SIG-9", "SIG-10", "TREE-6", "TREE-8", "EXIT-3")

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM:
            self.finish(signal.SIGTERM)


class GraceOf300Ms(Launcher):
    """Sets a timer when it forwards a SIGTERM."""

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM:
            signal.setitimer(signal.ITIMER_REAL, 0.3)

    def on_signal(self, info: "signal.struct_siginfo") -> None:
        if info.si_signo == signal.SIGALRM and info.si_code == FROM_KERNEL:
            self.grace_is_over()
        else:
            super().on_signal(info)

    def grace_is_over(self) -> None:
        """After 300 ms."""


class sig_5_grace_of_300_ms(GraceOf300Ms):
    """Kills the command when it has not ended 300 ms after SIGTERM.

    A grace period that was not asked for; opencode#26259 asks for the signal, not for this.
    """

    breaks = "SIG-5"
    # when the case sends SIGTERM to a command that stays for 300 ms
    may_break = ("SIG-10", "SIG-1", "SIG-2", "EXIT-2", "EXIT-3", "EXIT-7", "TREE-6", "TREE-8")

    def grace_is_over(self) -> None:
        if self.child:
            self.forward(signal.SIGKILL)


class sig_5_kill_after_2_s(Launcher):
    """Kills the command when it has not ended two seconds after SIGTERM.

    The grace period of process managers, which wait in a call with a timeout.
    """

    breaks = "SIG-5"

    deadline = 0.0

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGTERM and not self.deadline:
            self.deadline = time.monotonic() + 2.0

    def next_signal(self) -> "signal.struct_siginfo":
        while self.deadline:
            info = signal.sigtimedwait(self.taken, max(0.0, self.deadline - time.monotonic()))
            if info:
                return info
            self.deadline = 0.0
            super().forward(signal.SIGKILL)
        return super().next_signal()


class sig_5_second_kills(Launcher):
    """Kills the command instead of forwarding the second SIGINT or SIGTERM.

    "Press Ctrl-C again to force".
    """

    breaks = "SIG-5"
    # of several signals sent one after the other the command gets one
    also_breaks = ("SIG-2",)
    # when the case sends two of these signals
    may_break = ("SIG-1", "SIG-3", "SIG-10", "EXIT-7", "EXIT-2", "EXIT-5")

    requests = 0

    def forward(self, number: int) -> None:
        if number in (signal.SIGINT, signal.SIGTERM):
            self.requests += 1
        super().forward(signal.SIGKILL if self.requests == 2 else number)


class sig_8_late_signal(Launcher):
    """Forwards to the old pid what it is sent within 300 ms after it has reaped the command.

    It waits for late output. The handler keeps the pid, which is never cleared.
    """

    breaks = "SIG-8"

    def on_child_end(self, status: int) -> None:
        pid = self.child
        super().on_child_end(status)
        while info := signal.sigtimedwait(EVERY - {signal.SIGCHLD}, 0.3):
            try:
                os.kill(pid, info.si_signo)
            except ProcessLookupError:
                pass


class sig_8_term_after_reap(Launcher):
    """Sends SIGTERM to the command's pid after it has reaped it.

    `finally: process.terminate()` on a bare pid.
    """

    breaks = "SIG-8"

    def on_child_end(self, status: int) -> None:
        pid = self.child
        super().on_child_end(status)
        try:
            os.kill(pid, signal.SIGTERM)
        except ProcessLookupError:
            pass


class sig_8_term_after_reap_if_forwarded(Launcher):
    """Sends SIGTERM to the command's pid after it has reaped it, if it has forwarded a signal before."""

    breaks = "SIG-8"

    def on_child_end(self, status: int) -> None:
        pid = self.child
        super().on_child_end(status)
        if self.seen:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                pass


class sig_9_late(Launcher):
    """Forwards each signal after 200 ms.

    uv run 0.13.8 with SIGINT and no terminal.
    """

    breaks = "SIG-9"
    # when the case looks for less than 200 ms
    may_break = ("SIG-1", "SIG-2", "SIG-3", "SIG-4", "SIG-10", "TTY-4", "TTY-5", "TREE-6")

    def forward(self, number: int) -> None:
        time.sleep(0.2)
        super().forward(number)


class sig_10_flushed(Launcher):
    """When continued, drops the signals that arrived while it was stopped.

    Handlers that are installed anew at SIGCONT, and "stale" signals that are drained.
    """

    breaks = "SIG-10"

    def next_signal(self) -> "signal.struct_siginfo":
        info = super().next_signal()
        continued = signal.sigtimedwait({signal.SIGCONT}, 0)
        if continued is None:
            return info
        if continued.si_code == FROM_KERNEL or info.si_signo == signal.SIGCHLD:  # or a hang-up: HUP and CONT
            self.on_signal(continued)
            return info
        while signal.sigtimedwait(EVERY - {signal.SIGCHLD}, 0):
            pass
        return continued
