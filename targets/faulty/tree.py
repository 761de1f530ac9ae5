"""Planted faults with other processes: those that are left, zombies, process groups, PID 1 and daemons."""

import time

from .parts import OwnGroup, become_subreaper, detach_descriptors, wait_until_taken
from .sound import FROM_KERNEL, TYPE_CHECKING, Launcher, os, signal

if TYPE_CHECKING:
    from typing import NoReturn


class tree_1_daemon_left(Launcher):
    """Leaves a daemon in a session of its own.

    Update checks and telemetry (npm's update-notifier).
    """

    breaks = "TREE-1"
    # when the case looks at what is left after SIGKILL
    may_break = ("TREE-3", "TTY-4")

    def after_fork(self) -> None:
        helper = os.fork()
        if helper == 0:
            os.setsid()
            if os.fork() == 0:
                detach_descriptors()
                signal.pthread_sigmask(signal.SIG_SETMASK, [])
                time.sleep(30)
            os._exit(0)
        os.waitpid(helper, 0)


class tree_1_helper_left(Launcher):
    """Leaves a helper process in its process group.

    Log shippers and watchers that end only with the machine.
    """

    breaks = "TREE-1"
    # when the case looks at what is left after SIGKILL
    may_break = ("TREE-3",)

    def after_fork(self) -> None:
        if os.fork() == 0:
            detach_descriptors()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            time.sleep(30)
            os._exit(0)


class tree_2_adopted_zombies(Launcher):
    """Makes itself a subreaper and reaps only its own child.

    PID-1 helpers that ask for orphans (PR_SET_CHILD_SUBREAPER) and wait by pid.
    """

    breaks = "TREE-2"
    # as PID 1 it does not reap what it adopts either
    also_breaks = ("TREE-6",)
    # the first fork of a daemon stays a zombie
    may_break = ("TREE-7",)

    def prepare(self) -> None:
        super().prepare()
        become_subreaper()

    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        try:
            pid, status = os.waitpid(self.child or -1, flags)
        except ChildProcessError:
            return None
        return (pid, status) if pid and self.status is None else None


class tree_2_helper_zombie(Launcher):
    """Starts a helper that ends at once, and does not reap it.

    A probe (`which`, `--version`) started and forgotten.
    """

    breaks = "TREE-2"
    # as PID 1 it does not reap what it adopts either
    also_breaks = ("TREE-6",)

    def after_fork(self) -> None:
        if os.fork() == 0:
            os._exit(0)

    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        if not self.child:
            return None
        pid, status = os.waitpid(self.child, flags)
        return (pid, status) if pid else None


class tree_2_zombie_after_usr1(Launcher):
    """Starts a helper on SIGUSR1 and never waits for it."""

    breaks = "TREE-2"

    helper = 0

    def forward(self, number: int) -> None:
        super().forward(number)
        if number == signal.SIGUSR1:
            self.helper = os.fork()
            if self.helper == 0:
                os._exit(0)

    def wait_for_child(self, flags: int) -> "tuple[int, int] | None":
        if not self.helper:
            return super().wait_for_child(flags)
        for child in (self.child, self.guard.pid if self.guard else 0):
            try:
                pid, status = os.waitpid(child, flags) if child else (0, 0)
            except ChildProcessError:
                continue
            if pid:
                return pid, status
        return None


class tree_3_unnoticed(Launcher):
    """Leaves the command running, without notifying it, when it is killed by SIGKILL.

    Nearly every launcher that stays as parent.
    """

    breaks = "TREE-3"

    def launcher_gone(self) -> None:
        """Send the command nothing."""


class tree_4_own_group(OwnGroup):
    """Gives the command its own process group, and does not forward a signal that is sent to the launcher's group.

    uv#12830: `stopasgroup` and `killasgroup` of supervisord.
    """

    breaks = "TREE-4"
    # the command gets such a signal not once, where TREE-5 asks for once; a shell's SIGCONT and SIGHUP are such signals
    may_break = ("TREE-5", "TTY-3", "TTY-4", "TREE-1", "TREE-3", "TREE-8")

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        return info.si_signo in self.sent_to_group


class tree_5_twice(Launcher):
    """Forwards a signal that was sent to its whole process group, which the command has received already.

    uv run 0.13.8: it cannot tell, and forwards.
    """

    breaks = "TREE-5"
    # SIGCONT at fg and the SIGHUP of a shell are signals to the group
    may_break = ("TTY-3", "TTY-5")

    def reached_command(self, info: "signal.struct_siginfo") -> bool:
        if info.si_code != FROM_KERNEL and info.si_signo in self.sent_to_group:
            wait_until_taken(self.child, info.si_signo)
            return False
        return super().reached_command(info)


class tree_6_any_child(Launcher):
    """Takes the end of any child for the command's, and exits with that child's status.

    `wait()` without a look at the pid (dumb-init#44 is about the same place).
    """

    breaks = "TREE-6"
    # when the case makes the launcher a subreaper, or runs as PID 1
    may_break = ("EXIT-3", "TREE-2", "TREE-7")
    stage = "init"

    def on_other_child(self, pid: int, status: int) -> None:
        if self.guard and pid != self.guard.pid and not os.WIFSTOPPED(status) and not os.WIFCONTINUED(status):
            self.on_child_end(status)
        else:
            super().on_other_child(pid, status)


class tree_6_dies_of_nothing(Launcher):
    """As PID 1 it tries to die of the command's signal, which has no effect there, and exits 0.

    `kill(getpid(), n)` and then the end of main.
    """

    breaks = "TREE-6"
    # when the case runs as PID 1, and for signals 32 and 33, of which Python cannot die
    may_break = ("EXIT-2", "EXIT-5", "EXIT-7")
    stage = "init"

    def exit(self, code: int) -> "NoReturn":
        super().exit(0 if self.status and os.WIFSIGNALED(self.status) else code)


class tree_6_orphans_stay(Launcher):
    """As PID 1 it waits only for its own child, so adopted processes stay zombies.

    uv run in a container (uv#8761).
    """

    breaks = "TREE-6"
    # when the case makes the launcher a subreaper
    may_break = ("TREE-2",)
    stage = "init"

    def wait_for_child(self, flags: int) -> tuple[int, int] | None:
        if not self.child:
            return None
        pid, status = os.waitpid(self.child, flags)
        return (pid, status) if pid else None


class tree_6_term_ignored(Launcher):
    """As PID 1 it leaves TERM and INT to their default action, which PID 1 does not have.

    uv#8761; every container whose first process is a shell script.
    """

    breaks = "TREE-6"
    stage = "init"

    def forward(self, number: int) -> None:
        if os.getpid() != 1 or number not in (signal.SIGTERM, signal.SIGINT):
            super().forward(number)


class tree_7_daemon_signalled(Launcher):
    """Sends SIGTERM to all processes that it has adopted when the command has ended, the command's daemon too.

    Subreapers that clean up after their command.
    """

    breaks = "TREE-7"

    def prepare(self) -> None:
        become_subreaper()
        super().prepare()

    def finish(self, status: int) -> "NoReturn":
        if self.guard:
            self.guard.end()
            self.guard = None
        with open("/proc/thread-self/children", encoding="ascii") as file:
            adopted = [int(pid) for pid in file.read().split()]
        for pid in adopted:
            os.kill(pid, signal.SIGTERM)
        super().finish(status)


class tree_7_waits_for_all(Launcher):
    """Makes itself a subreaper and waits until it has no children, which is never with a daemon.

    "Wait for the tree" (Bun, several inits).
    """

    breaks = "TREE-7"
    # a grandchild that holds stdout is waited for as well
    also_breaks = ("EXIT-6",)
    # when an adopted process outlives the command
    may_break = ("TREE-6",)

    def prepare(self) -> None:
        super().prepare()
        become_subreaper()

    def finish(self, status: int) -> "NoReturn":
        if self.guard:
            self.guard.end()
            self.guard = None
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            super().finish(status)


class tree_7_waits_for_pipe(Launcher):
    """Gives the command one pipe more and waits for its end of file, which never comes with a daemon that keeps it
    open.

    The way to wait for a tree that needs no subreaper (execa, ansible-runner).
    """

    breaks = "TREE-7"
    # the pipe is one descriptor more; a grandchild that holds stdout holds it too
    also_breaks = ("INHERIT-2", "EXIT-6")

    def start(self) -> None:
        self.tree, self.member = os.pipe()
        super().start()

    def before_exec(self) -> None:
        os.set_inheritable(self.member, True)

    def finish(self, status: int) -> "NoReturn":
        if self.guard:  # it holds a copy
            self.guard.end()
            self.guard = None
        os.close(self.member)
        os.read(self.tree, 1)
        super().finish(status)


class tree_9_temporary_directory(Launcher):
    """Makes a directory in TMPDIR and never removes it.

    `d=$(mktemp -d) && exec "$@"`.
    """

    breaks = "TREE-9"

    def prepare(self) -> None:
        import tempfile

        super().prepare()
        tempfile.mkdtemp()


class tree_9_temporary_file_after_a_signal(Launcher):
    """Removes its temporary file only when no signal came.

    The clean-up stands after the wait, and a handler jumps over it.
    """

    breaks = "TREE-9"
    may_break = ("SIG-6", "SIG-7")

    def prepare(self) -> None:
        import tempfile

        super().prepare()
        self.path = tempfile.mkstemp()[1]

    def finish(self, status: int) -> "NoReturn":
        if not self.seen:
            os.unlink(self.path)
        super().finish(status)


class tree_9_lock_in_tmp(Launcher):
    """Leaves a lock in /tmp, whatever TMPDIR says.

    xvfb-run, when its server is killed: /tmp/.X99-lock and a socket in /tmp/.X11-unix.
    """

    breaks = "TREE-9"
    may_break = ("SIG-6", "SIG-7")
    needs = "root"

    def prepare(self) -> None:
        super().prepare()
        os.close(os.open(f"/tmp/.faulty-lock-{os.getpid()}", os.O_CREAT | os.O_WRONLY, 0o600))


class tree_9_shared_memory(Launcher):
    """Leaves shared memory behind.

    libfaketime: two objects in /dev/shm for each run.
    """

    breaks = "TREE-9"
    needs = "a PID namespace"

    def prepare(self) -> None:
        super().prepare()
        try:
            os.close(os.open(f"/dev/shm/faulty_{os.getpid()}", os.O_CREAT | os.O_RDWR, 0o600))
        except OSError:
            pass


class tree_9_message_queue(Launcher):
    """Leaves a System V message queue behind.

    fakeroot: its daemon has one, and does not remove it when it is killed.
    """

    breaks = "TREE-9"
    needs = "a PID namespace"

    def prepare(self) -> None:
        import ctypes

        super().prepare()
        ctypes.CDLL(None).msgget(0x50726F63, 0o1600)  # IPC_CREAT
