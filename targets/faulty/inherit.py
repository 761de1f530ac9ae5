"""Planted faults in what a command inherits: signals, descriptors, arguments, environment, session."""

from .sound import EVERY, Launcher, os, signal


class inherit_1_nohup_undone(Launcher):
    """Resets every ignored signal to its default, so that nohup has no effect.

    Launchers that reset all handlers before exec.
    """

    breaks = "INHERIT-1"
    also_breaks = ("INHERIT-7",)

    def restore_mask(self) -> None:
        for number in EVERY:
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        super().restore_mask()


class inherit_1_realtime_unblocked(Launcher):
    """Unblocks the real-time signals in the command: its mask has 32 bits."""

    breaks = "INHERIT-1"

    def restore_mask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, {number for number in self.inherited_mask if number < 32})


class inherit_1_sigchld_blocked(Launcher):
    """Leaves SIGCHLD blocked in the command.

    Blocked for a sigwait loop and forgotten; asyncio and shells in the command then hang.
    """

    breaks = "INHERIT-1"

    def restore_mask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self.inherited_mask | {signal.SIGCHLD})


class inherit_1_sigchld_ignored(Launcher):
    """Starts the command with SIGCHLD ignored.

    `trap '' CHLD` and signal(SIGCHLD, SIG_IGN) against zombies.
    """

    breaks = "INHERIT-1"

    def restore_mask(self) -> None:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        super().restore_mask()


class inherit_1_sigpipe_ignored(Launcher):
    """Leaves SIGPIPE and SIGXFSZ ignored in the command.

    Every Python or Rust launcher that does not undo what its runtime did.
    """

    breaks = "INHERIT-1"
    # when the command dies of SIGPIPE by writing, or of SIGXFSZ by its limit, or raises either at its inherited
    # disposition
    may_break = ("EXIT-2",)

    def set_to_default(self) -> list[int]:
        return [number for number in super().set_to_default() if number == signal.SIGINT]


class inherit_1_waits_for_sigchld(Launcher):
    """Waits for ever when started with SIGCHLD ignored: no SIGCHLD comes, and the kernel reaps the command.

    tini 0.19.0, catatonit; sudo-project/sudo#98.
    """

    breaks = "INHERIT-1"

    def prepare(self) -> None:
        self.inherited_mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)
        self.inherited_sigchld = signal.getsignal(signal.SIGCHLD)


class inherit_2_leak(Launcher):
    """Leaks a descriptor of its own to the command.

    A log or lock file opened without O_CLOEXEC.
    """

    breaks = "INHERIT-2"

    def before_exec(self) -> None:
        os.set_inheritable(os.open("/dev/null", os.O_RDONLY), True)


class inherit_2_stderr_merged(Launcher):
    """Gives the command its stdout as stderr.

    `2>&1` for the sake of one log.
    """

    breaks = "INHERIT-2"
    # the child prints to stdout that there is no such command
    may_break = ("EXIT-4",)

    def before_exec(self) -> None:
        os.dup2(1, 2)


class inherit_2_stdin_closed(Launcher):
    """Gives the command /dev/null as stdin when stdin is not a terminal.

    Launchers made for terminals; `cmd | launcher x` loses its input.
    """

    breaks = "INHERIT-2"

    def before_exec(self) -> None:
        if not os.isatty(0):
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)


class inherit_3_double_dash(Launcher):
    """Drops the first `--` of the command's own arguments.

    npm run, pnpm: `--` ends the launcher's options, wherever it stands.
    """

    breaks = "INHERIT-3"

    def arguments(self) -> list[bytes]:
        arguments = list(self.command)
        if b"--" in arguments:
            arguments.remove(b"--")
        return arguments


class inherit_3_drops_empty(Launcher):
    """Drops empty arguments.

    `filter(Boolean)` over the arguments.
    """

    breaks = "INHERIT-3"

    def arguments(self) -> list[bytes]:
        return [argument for argument in self.command if argument]


class inherit_3_long(Launcher):
    """Cuts arguments at 65,535 bytes.

    A buffer of 64 KiB.
    """

    breaks = "INHERIT-3"

    def arguments(self) -> list[bytes]:
        return [argument[:65535] for argument in self.command]


class inherit_3_not_bytes(Launcher):
    """Replaces invalid UTF-8 in arguments.

    Rust's to_string_lossy, Node's arguments.
    """

    breaks = "INHERIT-3"

    def arguments(self) -> list[bytes]:
        return [argument.decode("utf-8", "replace").encode() for argument in self.command]


class inherit_3_sh_join(Launcher):
    """Joins the arguments with blanks and passes them to sh -c.

    `spawn(..., {shell: true})`.
    """

    breaks = "INHERIT-3"
    # what a case passes in arguments with blanks or special characters does not arrive; dash exports PWD, and takes
    # back an ignored SIGCHLD
    may_break = ("*",)

    def arguments(self) -> list[bytes]:
        return [b"/bin/sh", b"-c", b"exec " + b" ".join(self.command)]


class inherit_4_directory(Launcher):
    """Starts the command in /.

    Launchers that go to the project's root.
    """

    breaks = "INHERIT-4"
    # when the case names files relative to its directory
    may_break = ("INHERIT-3", "INHERIT-5")

    def before_exec(self) -> None:
        os.chdir("/")


class inherit_4_files(Launcher):
    """Sets the soft limit of open files to 512.

    Go and uv raise it for themselves; the command inherits the change.
    """

    breaks = "INHERIT-4"

    def before_exec(self) -> None:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))


class inherit_4_groups(Launcher):
    """Drops the supplementary groups.

    setgroups for a change of user that is then not made.
    """

    breaks = "INHERIT-4"
    needs = "root"

    def before_exec(self) -> None:
        try:
            os.setgroups([])
        except PermissionError:
            pass


class inherit_4_nice(Launcher):
    """Raises the command's nice value by one.

    Background priority for installs, kept for the run.
    """

    breaks = "INHERIT-4"

    def before_exec(self) -> None:
        os.nice(1)


class inherit_4_nice_on_a_terminal(Launcher):
    """Resets the command's nice value to 0 on a terminal."""

    breaks = "INHERIT-4"

    def before_exec(self) -> None:
        if os.isatty(0):
            os.setpriority(os.PRIO_PROCESS, 0, 0)


class inherit_4_scheduling_reset(Launcher):
    """Gives the command the usual scheduling policy, whatever the caller had chosen.

    sched_setscheduler in place of what it was, after a start-up of its own with another one.
    """

    breaks = "INHERIT-4"

    def before_exec(self) -> None:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


class inherit_4_umask(Launcher):
    """Sets the umask to 077.

    Set for a private temporary directory, and not restored.
    """

    breaks = "INHERIT-4"

    def before_exec(self) -> None:
        os.umask(0o077)


class inherit_5_adds(Launcher):
    """Adds a variable that it does not declare.

    npm_lifecycle_event, UV, POETRY_ACTIVE.
    """

    breaks = "INHERIT-5"

    def environment(self) -> dict[bytes, bytes]:
        return super().environment() | {b"SOUND_ACTIVE": b"1"}


class inherit_5_drops_empty(Launcher):
    """Drops variables whose value is empty.

    `if (value)` while copying the environment.
    """

    breaks = "INHERIT-5"

    def environment(self) -> dict[bytes, bytes]:
        return {key: value for key, value in super().environment().items() if value}


class inherit_5_locale(Launcher):
    """Sets LC_CTYPE to C.UTF-8.

    Every CPython launcher, in the C locale, by PEP 538; here in every locale.
    """

    breaks = "INHERIT-5"

    def environment(self) -> dict[bytes, bytes]:
        return super().environment() | {b"LC_CTYPE": b"C.UTF-8"}


class inherit_5_not_bytes(Launcher):
    """Replaces invalid UTF-8 in variables.

    Rust's to_string_lossy, Node's process.env.
    """

    breaks = "INHERIT-5"

    def environment(self) -> dict[bytes, bytes]:
        entries = super().environment().items()
        return {key: value.decode("utf-8", "replace").encode() for key, value in entries}


class inherit_5_path(Launcher):
    """Puts a directory of its own first in PATH.

    npx, uv run and poetry run do so, and declare it.
    """

    breaks = "INHERIT-5"

    def environment(self) -> dict[bytes, bytes]:
        environment = super().environment()
        environment[b"PATH"] = b"/opt/sound/bin:" + environment.get(b"PATH", b"/usr/bin:/bin")
        return environment


class inherit_5_reset(Launcher):
    """Keeps PATH, HOME, TERM, LANG, USER, LOGNAME and SHELL only.

    env_reset of sudo, `su -`.
    """

    breaks = "INHERIT-5"

    kept = (b"PATH", b"HOME", b"TERM", b"LANG", b"USER", b"LOGNAME", b"SHELL")

    def environment(self) -> dict[bytes, bytes]:
        return {key: value for key, value in super().environment().items() if key in self.kept}


class inherit_6_new_session(Launcher):
    """Starts the command in a session of its own when stdin is not a terminal.

    `start_new_session` "unless interactive".
    """

    breaks = "INHERIT-6"

    def before_exec(self) -> None:
        if not os.isatty(0):
            os.setsid()


class inherit_7_sigchld_default(Launcher):
    """Gives the command the default for SIGCHLD, though the caller ignored it.

    Every launcher that needs SIGCHLD itself and does not note what it was: timeout, dash, bash.
    """

    breaks = "INHERIT-7"

    def prepare(self) -> None:
        super().prepare()
        self.inherited_sigchld = signal.SIG_DFL
