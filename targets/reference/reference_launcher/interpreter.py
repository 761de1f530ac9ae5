"""Which Python an environment is for: our own, about which all is known, or another one, which is asked."""

import os
import sys

from reference_launcher.places import Failure
from reference_launcher.programs import Programs, last_lines

ANSWERS_WITHIN = 20.0  # seconds; LAUNCHER_INTERPRETER_TIMEOUT says otherwise
OLDEST = (3, 8)

QUESTION = """\
import json, os, sys
try:
    import pip
    pip = [os.path.dirname(pip.__file__), pip.__version__]
except ImportError:
    pip = None
json.dump({
    "executable": getattr(sys, "_base_executable", None) or sys.executable,
    "version": list(sys.version_info[:3]),
    "name": sys.implementation.name,
    "build": sys.version,
    "pip": pip,
}, sys.stdout)
"""


class Interpreter:
    def __init__(self, executable: str, version: tuple[int, int, int], build: str, name: str = "cpython") -> None:
        self.executable = executable  # of no virtual environment
        self.version = version
        self.build = build
        self.name = name
        self.pip: str | None = None  # the directory of its pip

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def minor(self) -> str:
        return ".".join(map(str, self.version[:2]))

    @property
    def site(self) -> str:
        """Where packages are, relative to an environment."""
        prefix = "pypy" if self.name == "pypy" else "python"
        return f"lib/{prefix}{self.minor}/site-packages"

    @property
    def identity(self) -> list[str]:
        """What an environment depends on: another build at the same path is another interpreter."""
        return [self.executable, self.build]


def own() -> Interpreter:
    """The one that runs us. Nothing has to be asked, which saves 30 ms of each start."""
    executable: str = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(executable, sys.version_info[:3], sys.version, sys.implementation.name)


def find(name: str) -> str:
    """Return the path of `name`: a path, a program in PATH, or a version."""
    if "/" in name:
        path = os.path.abspath(name)
        if os.path.isdir(path):
            path += "/bin/python"  # an environment
        if not os.path.exists(path):
            raise Failure(
                f"there is no interpreter '{name}': no such file. Give the path of a python, or a version", 127
            )
        return path
    program = f"python{name}" if name[:1].isdigit() else name
    for directory in os.environ.get("PATH", os.defpath).split(":"):
        path = os.path.join(directory or ".", program)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return os.path.abspath(path)
    raise Failure(f"there is no interpreter '{program}' in PATH. Give the path of a python, or a version", 127)


def ask(path: str, programs: Programs) -> Interpreter:
    """Run the interpreter and ask what it is."""
    import json

    seconds = float(os.environ.get("LAUNCHER_INTERPRETER_TIMEOUT", ANSWERS_WITHIN))
    code, written = programs.run([path, "-I", "-c", QUESTION], dict(os.environb), "the interpreter", seconds)
    try:
        answer = json.loads(tail(written))
        version = tuple(answer["version"])
    except (ValueError, KeyError, TypeError):
        said = last_lines(written)
        raise Failure(
            f"'{path}' is no Python that can be used: asked for its version it ended with {code}" + said
        ) from None
    if version < OLDEST:
        raise Failure(f"'{path}' is Python {'.'.join(map(str, version))}; 3.8 is the oldest that can be used")
    found = Interpreter(answer["executable"], version, answer["build"], answer["name"])
    if answer["pip"] and os.path.exists(answer["pip"][0] + "/__pip-runner__.py"):
        found.pip = answer["pip"][0]
    return found


def tail(written: bytes) -> str:
    """The last line: what is wrong with an installation is often said on standard error first."""
    return os.fsdecode(written.strip().rpartition(b"\n")[2])


def choose(name: str | None, programs: Programs) -> Interpreter:
    return ask(find(name), programs) if name else own()
