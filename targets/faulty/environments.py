"""Planted faults in temporary environments."""

import os
import time

from .environment_parts import LeaseWithCommand, Unprotected
from .leases import LOCK_EX, LOCK_NB, LOCK_SH
from .making import TOOL
from .sound_with_environments import EVERY, Launcher, signal, write


class env_1_after_4_s(LeaseWithCommand):
    """Has a helper remove the environment 4 s after the end."""

    breaks = "ENV-1"
    may_break = ("ENV-3", "CACHE-3")

    def clean_up(self) -> None:
        if os.fork() == 0:
            os.setsid()
            self.let_go_of_all(-1)
            time.sleep(4)
            super().clean_up()
            os._exit(0)


class env_1_died_of_a_signal(LeaseWithCommand):
    """Leaves the environment when the command dies of a signal.

    The exit by signal comes before the clean-up.
    """

    breaks = "ENV-1"

    def command_has_ended(self, status: int) -> None:
        if not os.WIFSIGNALED(status):
            super().command_has_ended(status)


class env_1_hup(LeaseWithCommand):
    """Does not block SIGHUP, which kills it before it can clean up.

    One signal was forgotten.
    """

    breaks = "ENV-1"
    may_break = ("ENV-3",)

    taken = EVERY - {signal.SIGHUP}


class env_1_int(LeaseWithCommand):
    """Does not block SIGINT, which kills it before it can clean up.

    One signal was forgotten.
    """

    breaks = "ENV-1"
    may_break = ("ENV-3",)

    taken = EVERY - {signal.SIGINT}


class env_1_next_run(LeaseWithCommand):
    """Leaves the environment at its end; the next run removes it.

    Clean-up by garbage collection only.
    """

    breaks = "ENV-1"
    may_break = ("ENV-3",)

    def clean_up(self) -> None:
        pass


class env_1_quit(LeaseWithCommand):
    """Does not block SIGQUIT, which kills it before it can clean up.

    One signal was forgotten.
    """

    breaks = "ENV-1"
    may_break = ("ENV-3",)

    taken = EVERY - {signal.SIGQUIT}


class env_1_term(LeaseWithCommand):
    """Leaves the environment if it has forwarded SIGTERM.

    The path through the program after a signal is not that of a normal end.
    """

    breaks = "ENV-1"
    may_break = ("ENV-3",)

    terminated = False

    def forward(self, number: int) -> None:
        self.terminated |= number == signal.SIGTERM
        super().forward(number)

    def command_has_ended(self, status: int) -> None:
        if not self.terminated:
            super().command_has_ended(status)


class env_2_at_second_ctrl_c(Launcher):
    """Removes the environment at the second Ctrl-C, while the command is still shutting down."""

    breaks = "ENV-2"

    interrupts = 0

    def on_signal(self, number: int, code: int) -> None:
        self.interrupts += number == signal.SIGINT
        if self.interrupts == 2:
            self.clean_up()
        super().on_signal(number, code)


class env_2_at_term(Launcher):
    """Removes the environment on SIGTERM, while the command is still shutting down.

    Clean-up in the signal handler.
    """

    breaks = "ENV-2"

    def forward(self, number: int) -> None:
        if number == signal.SIGTERM:
            self.clean_up()
        super().forward(number)


class env_2_blanks(Launcher):
    """Overwrites the program of the environment with zeros on SIGTERM; its size stays."""

    breaks = "ENV-2"

    def forward(self, number: int) -> None:
        if number == signal.SIGTERM:
            program = f"{self.path}/bin/{TOOL}"
            size = os.stat(program).st_size
            os.truncate(program, 0)
            os.truncate(program, size)
        super().forward(number)


class env_2_lease_of_the_launcher(Launcher):
    """Holds the lease itself: if it is killed, the next run removes what the command still uses."""

    breaks = "ENV-2"

    def start_janitor(self, watched: list[int], unneeded: int = -1, adopted: bool = False) -> int:
        return 0


class env_3_helper(Launcher):
    """Leaves the directory when Ctrl-C kills the helper that fills it.

    Ctrl-C reaches every process of the foreground group.
    """

    breaks = "ENV-3"
    may_break = ("ENV-4",)
    campaign = "creation, terminal"

    def fill(self, tool: str, python: str) -> None:
        helper = os.fork()
        if helper == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            super().fill(tool, python)
            os._exit(0)
        if os.waitpid(helper, 0)[1]:
            self.fail("cannot make the environment")


class env_3_lock_file(Unprotected):
    """Leaves a lock file when a signal kills it, and the next run refuses to start."""

    breaks = "ENV-3"
    may_break = ("ENV-4", "ENV-5")
    campaign = "creation"

    def create_unprotected(self) -> None:
        self.make_cache()
        lock = f"{self.cache}/lock"
        try:
            write(lock, "")
        except FileExistsError:
            self.fail(f"another run is at work: {lock}")
        super().create_unprotected()
        os.unlink(lock)


class env_3_temporary_file(Unprotected):
    """Leaves a temporary file in TMPDIR when a signal kills it."""

    breaks = "ENV-3"
    may_break = ("ENV-4",)
    campaign = "creation"

    def fill(self, tool: str, python: str) -> None:
        path = f"{os.environ['TMPDIR']}/sound-{self.unique()}"
        write(path, tool)
        super().fill(tool, python)
        os.unlink(path)


class env_3_window(Launcher):
    """Leaves the directory when a signal comes before it blocks signals again after mkdir, a window of one call."""

    breaks = "ENV-3"
    campaign = "creation"

    def make_directory(self, path: str) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        super().make_directory(path)
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)


class env_4_in_the_way(Launcher):
    """Fails when an earlier run was killed: what that left is in the way.

    Directories are numbered; one that is not in use is taken over, and expected to be empty.
    """

    breaks = "ENV-4"
    campaign = "creation, killed, pruned"

    def collect(self) -> None:
        pass

    def make(self, parent: str, prefix: str = "") -> tuple[str, int]:
        if parent != self.runs:
            return super().make(parent, prefix)
        number = 0
        while True:
            path = f"{parent}/{number}"
            os.makedirs(path, exist_ok=True)
            lease = self.take(path, LOCK_EX | LOCK_NB)
            if lease >= 0:
                return path, lease
            number += 1


class env_4_never_collects(Launcher):
    """Never removes what a killed run left."""

    breaks = "ENV-4"
    campaign = "creation, killed, pruned"

    def discard(self, path: str) -> None:
        pass


class env_4_unrecognised(LeaseWithCommand):
    """Removes only what looks like an environment, not what is half made or half removed."""

    breaks = "ENV-4"
    may_break = ("ENV-1", "ENV-3")
    campaign = "end, killed, pruned"

    def discard(self, path: str) -> None:
        if os.path.exists(f"{path}/pyvenv.cfg"):
            super().discard(path)


class env_5_collects_all(Launcher):
    """Removes the temporary environments of all other runs when it starts."""

    breaks = "ENV-5"
    also_breaks = ("ENV-2",)

    def collect(self) -> None:
        for name in self.names_in(self.runs):
            directory = os.open(f"{self.runs}/{name}", os.O_RDONLY)
            self.remove(f"{self.runs}/{name}", directory)
            os.close(directory)


class env_5_shared(Launcher):
    """Shares one environment among all runs; the first that ends removes it."""

    breaks = "ENV-5"
    also_breaks = ("ENV-2",)
    may_break = ("ENV-3", "ENV-4")

    def make(self, parent: str, prefix: str = "") -> tuple[str, int]:
        if parent != self.runs:
            return super().make(parent, prefix)
        path = f"{parent}/environment"
        while True:
            os.makedirs(path, exist_ok=True)
            lease = self.take(path, LOCK_SH)
            if lease >= 0:
                return path, lease

    def fill(self, tool: str, python: str) -> None:
        try:
            super().fill(tool, python)
        except FileExistsError:
            pass


class env_6_chmod(Launcher):
    """Changes the permissions of directories that links in the environment lead to.

    It makes everything writable before it removes it.
    """

    breaks = "ENV-6"

    def empty(self, directory: int) -> None:
        for name in os.listdir(directory):
            path = f"/proc/self/fd/{directory}/{name}"
            if os.path.isdir(path):
                os.chmod(path, 0o700)
        super().empty(directory)


class env_6_first_run(Launcher):
    """Writes its settings into HOME at its first run, and finds them there at later ones."""

    breaks = "ENV-6"

    def create(self) -> None:
        settings = f"{os.environ['HOME']}/.sound/settings"
        if not os.path.exists(settings):
            os.makedirs(os.path.dirname(settings), exist_ok=True)
            with open(settings, "w", encoding="ascii"):
                pass
        super().create()


class env_6_follows_links(Launcher):
    """Empties the directories that links in the environment lead to."""

    breaks = "ENV-6"

    def empty(self, directory: int) -> None:
        for name in os.listdir(directory):
            if name != "lib" and os.path.islink(f"/proc/self/fd/{directory}/{name}"):
                there = os.open(name, os.O_RDONLY, dir_fd=directory)
                if os.path.isdir(f"/proc/self/fd/{there}"):
                    super().empty(there)
                os.close(there)
        super().empty(directory)


class env_6_log(Launcher):
    """Writes a log into HOME."""

    breaks = "ENV-6"

    def create(self) -> None:
        with open(f"{os.environ['HOME']}/.sound.log", "a", encoding="utf-8") as log:
            log.write(f"{os.getpid()}\n")
        super().create()


class env_6_touches_the_project(Launcher):
    """Touches a file in the working directory at each run."""

    breaks = "ENV-6"

    def create(self) -> None:
        if os.path.exists("pyproject.toml"):
            os.utime("pyproject.toml")
        super().create()
