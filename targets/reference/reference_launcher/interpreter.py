"""The Python that an environment is for: the one that runs the launcher, or another one, which is run to find out."""

import os
import sys

from reference_launcher.directories import Failure
from reference_launcher.programs import ProgramRunner, last_lines

PROBE_TIMEOUT = 20.0  # seconds; LAUNCHER_INTERPRETER_TIMEOUT overrides it
MIN_VERSION = (3, 8)

PROBE = """\
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
    """A Python. `executable` is outside any virtual environment; `pip` is the directory of its pip, if it has one."""

    def __init__(self, executable: str, version: tuple[int, int, int], build: str, name: str = "cpython") -> None:
        self.executable = executable
        self.version = version
        self.build = build
        self.name = name
        self.pip: str | None = None

    @property
    def full_version(self) -> str:
        return ".".join(map(str, self.version))

    @property
    def minor_version(self) -> str:
        return ".".join(map(str, self.version[:2]))

    @property
    def site_packages(self) -> str:
        """The directory of packages, relative to an environment."""
        prefix = "pypy" if self.name == "pypy" else "python"
        return f"lib/{prefix}{self.minor_version}/site-packages"

    @property
    def identity(self) -> list[str]:
        """What an environment depends on. Another build at the same path is another interpreter."""
        return [self.executable, self.build]


def running_interpreter() -> Interpreter:
    """Return the interpreter that runs the launcher. It need not be probed, which saves 30 ms of each start."""
    executable: str = getattr(sys, "_base_executable", None) or sys.executable
    return Interpreter(executable, sys.version_info[:3], sys.version, sys.implementation.name)


def find_executable(name: str) -> str:
    """Return the path of the interpreter `name`: a path, a program in PATH, or a version."""
    if "/" in name:
        path = os.path.abspath(name)
        if os.path.isdir(path):
            path += "/bin/python"  # a virtual environment
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


def probe(path: str, programs: ProgramRunner) -> Interpreter:
    """Run the interpreter `path` to find out its version, its build and its pip."""
    import json

    timeout = float(os.environ.get("LAUNCHER_INTERPRETER_TIMEOUT", PROBE_TIMEOUT))
    code, output = programs.run([path, "-I", "-c", PROBE], dict(os.environb), "the interpreter", timeout)
    try:
        answer = json.loads(last_line(output))
        version = tuple(answer["version"])
    except (ValueError, KeyError, TypeError):
        raise Failure(
            f"'{path}' is no Python that can be used: asked for its version, it exited with {code}" + last_lines(output)
        ) from None
    if version < MIN_VERSION:
        raise Failure(f"'{path}' is Python {'.'.join(map(str, version))}; 3.8 is the oldest that can be used")
    interpreter = Interpreter(answer["executable"], version, answer["build"], answer["name"])
    if answer["pip"] and os.path.exists(answer["pip"][0] + "/__pip-runner__.py"):
        interpreter.pip = answer["pip"][0]
    return interpreter


def last_line(output: bytes) -> str:
    """Return the last line of a program's output. A damaged installation often prints warnings before it."""
    return os.fsdecode(output.strip().rpartition(b"\n")[2])


def choose_interpreter(name: str | None, programs: ProgramRunner) -> Interpreter:
    """Return the interpreter that --python names, or the one that runs the launcher."""
    return probe(find_executable(name), programs) if name else running_interpreter()
