"""A launcher with environments, without a fault: `launch.py sound_with_environments run [--exec] COMMAND ARGS...`,
`sync`, `prune`. The faults of environments.py, sync.py, cache.py and exec.py each override some of the small methods of
`Launcher`.

A run makes a temporary environment of its own, which has the tool `proctor-tool`: by a link to the packages of an
environment in the cache. $PROCTOR_WHEELS is where the tool's wheel is, $PROCTOR_PYTHON the interpreter.
All is kept in $XDG_CACHE_HOME/sound; see leases.py for how it is known what is in use, making.py for sync.

How it cleans up. Signals are blocked from the first line on and are taken one by one, so a run comes to its end: it
removes the environment when the command has ended. Beside it a janitor holds the leases, a process in a session of its
own: when the launcher was killed, or has become the command, it waits for the end of the command and cleans up. What
SIGKILL left before there was a janitor is unlocked, and the next run or prune removes it.
"""

import os
import sys

from .making import TYPE_CHECKING, Making, signal, write

if TYPE_CHECKING:
    from typing import NoReturn

__all__ = ["EVERY", "TYPE_CHECKING", "Launcher", "signal", "write"]

EVERY = frozenset(signal.valid_signals()) - {signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}
FROM_KERNEL = 0x80  # SI_KERNEL, which the standard library does not name


class Launcher(Making):
    """One call of the launcher."""

    taken = EVERY  # the signals that wait until we fetch them

    # ---- a run

    def run(self, command: list[str], replaces: bool) -> "NoReturn":
        self.prepare()
        self.create()
        if replaces:
            self.replace(command)
        self.supervise(command)

    def prepare(self) -> None:
        """Block everything, for the rest of our life."""
        self.inherited_mask = signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)
        self.inherited_sigchld = signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def create(self) -> None:
        """Make the environment, and get hold of what it needs."""
        self.make_cache()
        self.collect()
        python, library = self.interpreter()
        tool, self.tool_lease = self.tool(python, library)
        self.path, self.lease = self.make(self.runs)
        self.fill(tool, python)

    def fill(self, tool: str, python: str) -> None:
        os.symlink(f"{tool}/lib", f"{self.path}/lib")
        self.make_environment(self.path, python, self.path)

    # ---- with the launcher as parent

    def supervise(self, command: list[str]) -> "NoReturn":
        gate, opener = os.pipe()
        launcher = os.pidfd_open(os.getpid())
        self.child = os.fork()
        if self.child == 0:
            os.close(opener)
            if os.read(gate, 1):  # nothing: the launcher was killed before there was a janitor
                self.become(command)
            os._exit(126)
        os.close(gate)
        self.janitor = self.start_janitor([launcher, os.pidfd_open(self.child)], opener)
        # a Ctrl-C before the fork has reached only us; what the child has already is not added a second time
        while info := signal.sigtimedwait(self.taken - {signal.SIGCHLD}, 0):
            self.forward(info.si_signo)
        os.write(opener, b"!")
        os.close(opener)
        status = self.status_of_command()
        self.command_has_ended(status)
        self.end_as(status)

    def status_of_command(self) -> int:
        while True:
            info = signal.sigwaitinfo(self.taken)
            if info.si_signo == signal.SIGCHLD:
                pid, status = os.waitpid(self.child, os.WNOHANG)
                if pid:
                    return status
            else:
                self.on_signal(info.si_signo, info.si_code)

    def on_signal(self, number: int, code: int) -> None:
        """Of a Ctrl-C the command has its own; of a hang-up only the session's leader is told."""
        if code != FROM_KERNEL or number == signal.SIGHUP:
            self.forward(number)

    def forward(self, number: int) -> None:
        try:
            os.kill(self.child, number)
        except PermissionError:  # the command has become another user
            pass

    def command_has_ended(self, status: int) -> None:
        self.clean_up()
        if self.janitor:
            os.kill(self.janitor, signal.SIGKILL)
            os.waitpid(self.janitor, 0)

    def clean_up(self) -> None:
        self.remove(self.path, self.lease)

    def end_as(self, status: int) -> "NoReturn":
        if os.WIFSIGNALED(status):
            self.die_of(os.WTERMSIG(status))
        os._exit(os.WEXITSTATUS(status))

    # ---- as the command

    def replace(self, command: list[str]) -> "NoReturn":
        """Whatever ends us from here on, the janitor sees it."""
        self.start_janitor([os.pidfd_open(os.getpid())], adopted=True)
        self.become(command)

    def become(self, command: list[str]) -> "NoReturn":
        self.restore_signals()
        environment = {
            **os.environ, "VIRTUAL_ENV": self.path, "PATH": f"{self.path}/bin:{os.environ.get('PATH', os.defpath)}"
        }  # fmt: skip
        try:
            self.execute(command, environment)
        except OSError as error:
            os.write(2, f"{self.name}: cannot run {command[0]!r}: {error.strerror}\n".encode())
            os._exit(127 if isinstance(error, FileNotFoundError) else 126)

    def execute(self, command: list[str], environment: dict[str, str]) -> "NoReturn":
        """Do what os.execvpe does, without the module `warnings`, which that imports and which takes 1 ms."""
        directories = [] if "/" in command[0] else environment["PATH"].split(":")
        failed: OSError = FileNotFoundError()
        refused: OSError | None = None
        for path in [f"{directory}/{command[0]}" for directory in directories] or [command[0]]:
            try:
                os.execve(path, command, environment)
            except (FileNotFoundError, NotADirectoryError) as error:
                failed = error
            except OSError as error:
                refused = refused or error
        raise refused or failed

    def restore_signals(self) -> None:
        """CPython has changed some when it started. An ignored SIGINT it leaves alone."""
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
        if self.inherited_sigchld is not None:
            signal.signal(signal.SIGCHLD, self.inherited_sigchld)
        self.restore_mask()

    def restore_mask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self.inherited_mask)

    def keep(self, command: list[str]) -> "NoReturn":
        """Bring the project's environment up to date, and become a command in it."""
        self.inherited_sigchld = signal.getsignal(signal.SIGCHLD)
        self.update()
        self.path = os.path.abspath(self.venv)
        self.become(command)

    # ---- the janitor

    def start_janitor(self, watched: list[int], unneeded: int = -1, adopted: bool = False) -> int:
        """Start it, as our child or, adopted, as that of init. watched: the processes after whose end it cleans up."""
        pid = os.fork()
        if pid == 0:
            try:
                self.leave()
                if adopted and os.fork():
                    os._exit(0)
                self.let_go_of_all(unneeded)
                self.watch(watched)
                self.clean_up()
            finally:
                os._exit(0)
        if adopted:
            self.forget_maker(pid)
        return pid

    def leave(self) -> None:
        """In the janitor: no key and no signal to the command's group is for it."""
        os.setsid()

    def forget_maker(self, pid: int) -> None:
        """The child that has started it has ended: nothing of that is to be seen later."""
        os.waitpid(pid, 0)
        signal.sigtimedwait([signal.SIGCHLD], 0)

    def let_go_of_all(self, unneeded: int) -> None:
        """In the janitor: keep no pipe of the caller open, whose end it may wait for."""
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(null, descriptor)
        if unneeded >= 0:
            os.close(unneeded)
        os.chdir("/")

    def watch(self, watched: list[int]) -> None:
        from select import select

        for handle in watched:
            select([handle], [], [])

    # ---- prune

    def prune(self) -> "NoReturn":
        """Nothing is blocked: it may be ended at any moment."""
        for parent in (self.runs, self.syncs, self.tools):
            for name in self.names_in(parent):
                path = f"{parent}/{name}"
                self.retire(path) if parent == self.tools and name[0] != "." else self.discard(path)
        os._exit(0)

    @classmethod
    def main(cls) -> "NoReturn":
        launcher = cls()
        match sys.argv[1:]:
            case ["run", "--exec", *command] if command:
                launcher.run(command, replaces=True)
            case ["run", *command] if command:
                launcher.run(command, replaces=False)
            case ["kept", *command] if command:
                launcher.keep(command)
            case ["sync"]:
                launcher.sync()
            case ["prune"]:
                launcher.prune()
        launcher.fail("usage: run [--exec] COMMAND ARGS... | kept COMMAND ARGS... | sync | prune")


class sound_with_environments(Launcher):
    """Has no fault."""


class sound_prune_collects(Launcher):
    """Has no fault: prune, not the next run, removes what SIGKILL left, which ENV-4 permits."""

    def collect(self) -> None:
        pass
