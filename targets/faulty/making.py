"""How an environment is made of an interpreter and wheels, and the project's own one (sync). None is a fault."""

import os
import sys

from .leases import LOCK_SH, Leases

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import NoReturn
else:
    import _signal as signal  # the public module costs 4 ms of start-up, for its enums

__all__ = ["FATAL", "STAMP", "TOOL", "TYPE_CHECKING", "Making", "signal", "write"]

TOOL = "proctor-tool"
SCRIPT = """\
#!{python}
import sys
from proctor_tool import main
sys.exit(main())
"""
ASK = "import sys; print(sys._base_executable, 'python%d.%d' % sys.version_info[:2], sep='\\n')"
BUILD = (
    "import sys, importlib; sys.path[:0] = sys.argv[3:]; importlib.import_module(sys.argv[1]).build_wheel(sys.argv[2])"
)
FATAL = (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)
VENV = ".venv"
STAMP = "stamp"


def write(path: str, text: str | bytes, mode: int = 0o666) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    os.write(file, text if isinstance(text, bytes) else text.encode())
    os.close(file)


class Making(Leases):
    """The parts of a launcher that make environments."""

    name = "sound"

    def __init__(self) -> None:
        self.cache = f"{os.environ['XDG_CACHE_HOME']}/sound"
        self.runs, self.tools, self.syncs = (f"{self.cache}/{name}" for name in ("runs", "tools", "syncs"))
        self.path, self.lease = "", -1
        self.venv = VENV

    def make_cache(self) -> None:
        if not os.path.isdir(self.syncs):
            for path in (self.runs, self.tools, self.syncs):
                os.makedirs(path, exist_ok=True)

    def collect(self) -> None:
        """Remove what killed launchers left: it is not in use. A name without a dot is a whole tool."""
        for parent in (self.runs, self.tools, self.syncs):
            for name in self.names_in(parent):
                if parent != self.tools or name.startswith("."):
                    self.discard(f"{parent}/{name}")

    # ---- an environment

    def interpreter(self) -> tuple[str, str]:
        """Return the interpreter that is asked for, as it calls itself, and the name of its library."""
        asked = os.environ.get("PROCTOR_PYTHON", sys.executable)
        if os.path.realpath(asked) == os.path.realpath(sys.executable):
            return os.path.realpath(asked), f"python{sys.version_info.major}.{sys.version_info.minor}"
        output, end = os.pipe()
        actions = [(os.POSIX_SPAWN_DUP2, end, 1)]
        pid = os.posix_spawn(asked, [asked, "-I", "-S", "-c", ASK], os.environ, setsigmask=[], file_actions=actions)
        os.close(end)
        with open(output, encoding="utf-8") as file:
            said = file.read().split("\n")
        if os.waitpid(pid, 0)[1] or len(said) < 2:
            self.fail(f"the interpreter {asked} does not work")
        return os.path.realpath(said[0]), said[1]

    def wheel(self) -> str:
        directory = os.environ["PROCTOR_WHEELS"]
        return next(f"{directory}/{name}" for name in sorted(os.listdir(directory)) if name.endswith(".whl"))

    def unpack(self, wheel: str, directory: str) -> None:
        """Unpack a wheel, without its metadata. By zipimport: zipfile takes 20 ms to import."""
        from zipimport import zipimporter

        archive = zipimporter(wheel)
        info = "-".join(os.path.basename(wheel).split("-")[:2]) + ".dist-info/"
        record = archive.get_data(f"{info}RECORD").decode()
        made = {""}
        for path in (line.split(",")[0] for line in record.splitlines()):
            if path.startswith(info):
                continue
            above = os.path.dirname(path)
            if above not in made:
                os.makedirs(f"{directory}/{above}")
                made.add(above)
            write(f"{directory}/{path}", archive.get_data(path))

    def make_environment(self, path: str, python: str, home: str) -> None:
        """Make all but its packages. home: where it will be."""
        write(f"{path}/pyvenv.cfg", f"home = {os.path.dirname(python)}\ninclude-system-site-packages = false\n")
        os.mkdir(f"{path}/bin")
        os.symlink(python, f"{path}/bin/python")
        write(f"{path}/bin/{TOOL}", SCRIPT.format(python=f"{home}/bin/python"), 0o777)

    def tool(self, python: str, library: str) -> tuple[str, int]:
        """Return the tool's environment in the cache, made where there is none, with a lease that others may share."""
        wheel = self.wheel()
        path = f"{self.tools}/{library}-{os.path.basename(wheel)}"
        while True:
            lease = self.take(path, LOCK_SH)
            if lease >= 0:
                return path, lease
            if not os.path.lexists(path):
                self.make_tool(path, python, library, wheel)

    def make_tool(self, path: str, python: str, library: str, wheel: str) -> None:
        new, lease = self.make(self.tools, ".new-")
        self.fill_tool(new, path, python, library, wheel)
        try:
            os.rename(new, path)
        except OSError:  # another run was faster
            self.remove(new, lease)
        os.close(lease)

    def fill_tool(self, path: str, home: str, python: str, library: str, wheel: str) -> None:
        packages = f"{path}/lib/{library}/site-packages"
        self.make_environment(path, python, home)
        os.makedirs(packages)
        self.unpack(wheel, packages)

    # ---- the project's environment

    def sync(self) -> "NoReturn":
        self.update()
        os._exit(0)

    def update(self) -> None:
        """Make it elsewhere, and put it into its place when it is whole. The cache and the project have to be on one
        file system."""
        self.prepare_sync()
        python, library = self.interpreter()
        with open("pyproject.toml", "rb") as file:
            project = file.read()
        wanted = f"{python}\n{self.wheel()}\n".encode() + project
        if not self.is_up_to_date(wanted):
            self.make_cache()
            self.collect()
            self.install(python, library, project, wanted)

    def prepare_sync(self) -> None:
        """Block what would end us, for the rest of our life. What the caller ignores stays ignored."""
        self.fatal = [number for number in FATAL if signal.getsignal(number) != signal.SIG_IGN]
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.inherited_mask = signal.pthread_sigmask(signal.SIG_BLOCK, [*self.fatal, signal.SIGCHLD])

    def is_up_to_date(self, wanted: bytes) -> bool:
        try:
            with open(f"{self.venv}/{STAMP}", "rb") as file:
                return file.read() == wanted
        except OSError:
            return False

    def install(self, python: str, library: str, project: bytes, wanted: bytes) -> None:
        self.path, self.lease = self.make(self.workshop())
        new = f"{self.path}/venv"
        os.mkdir(new)
        self.fill_venv(new, python, library, project)
        write(f"{new}/{STAMP}", wanted)
        self.end_if_interrupted()
        self.exchange(new)
        self.remove(self.path, self.lease)

    def workshop(self) -> str:
        return self.syncs

    def fill_venv(self, path: str, python: str, library: str, project: bytes) -> None:
        self.fill_tool(path, f"{os.getcwd()}/{self.venv}", python, library, self.wheel())
        self.unpack(self.build(python, project), f"{path}/lib/{library}/site-packages")

    def exchange(self, new: str) -> None:
        """There is the old one, or none, or the new one."""
        while True:
            try:
                os.rename(self.venv, f"{self.path}/{self.unique()}")
            except FileNotFoundError:
                pass
            try:
                os.rename(new, self.venv)
                return
            except OSError as error:  # another sync was faster
                if not os.path.lexists(self.venv):
                    self.fail(f"cannot put the environment into its place: {error.strerror}")

    def build(self, python: str, project: bytes) -> str:
        """Have the project's backend build its wheel; return where that is. PEP 517."""
        import tomllib

        system = tomllib.loads(project.decode())["build-system"]
        output = f"{self.path}/wheels"
        os.mkdir(output)
        self.end_if_interrupted()
        paths = [os.path.abspath(path) for path in system.get("backend-path", [])]
        self.run_backend([python, "-B", "-c", BUILD, system["build-backend"], output, *paths], "the build has failed")
        return f"{output}/{os.listdir(output)[0]}"

    def run_backend(self, words: list[str], complaint: str) -> None:
        """Run a program of the project in a process group of its own, which ends when we are interrupted."""
        # should we be killed, it is still at work in there
        os.set_inheritable(self.lease, True)
        defaults = [signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ]
        self.backend = os.posix_spawn(
            words[0], words, os.environ, setpgroup=0, setsigmask=self.inherited_mask, setsigdef=defaults
        )
        if self.status_of_backend():
            self.abandon()
            self.fail(complaint)

    def status_of_backend(self) -> int:
        while True:
            number = signal.sigwaitinfo([*self.fatal, signal.SIGCHLD]).si_signo
            if number == signal.SIGCHLD:
                pid, status = os.waitpid(self.backend, os.WNOHANG)
                if pid:
                    return status
            else:
                self.interrupted_build(number)

    def interrupted_build(self, number: int) -> None:
        self.end_backend()
        self.interrupted(number)

    def end_backend(self) -> None:
        """With all that it has started."""
        os.killpg(self.backend, signal.SIGKILL)
        os.waitpid(self.backend, 0)

    def end_if_interrupted(self) -> None:
        info = signal.sigtimedwait(self.fatal, 0)
        if info:
            self.interrupted(info.si_signo)

    def interrupted(self, number: int) -> "NoReturn":
        self.abandon()
        self.die_of(number)

    def abandon(self) -> None:
        self.remove(self.path, self.lease)

    # ---- ends

    def die_of(self, number: int) -> "NoReturn":
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        import resource  # here, as most runs need no limit changed

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        os.kill(os.getpid(), number)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
        os._exit(128 + number)

    def fail(self, why: str) -> "NoReturn":
        os.write(2, f"{self.name}: {why}\n".encode())
        os._exit(1)
