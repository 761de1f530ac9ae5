"""Starts the launcher on its stage, by way of stage.c."""

from __future__ import annotations

import errno
import fcntl
import os
import shlex
from pathlib import Path
from typing import NamedTuple

from proctor.harness import several
from proctor.harness.errors import HarnessError
from proctor.harness.runner.start import programs
from proctor.harness.scenario import Scenario, Stage
from proctor.harness.target import BUNDLE, COMMAND, Invocation, Target

PROMPT = "@proctor@ "
REPORT_FD = 9
"""The descriptor on which stage.c reports."""
GATE_FD = 8
"""The descriptor on which it waits for a tracer."""
BINARIES = Path(__file__).resolve().parents[2] / "bin"
WITNESS = BINARIES / "witness"
WITNESSES = {"static": WITNESS, "dynamic": BINARIES / "witness-dynamic"}
"""The command's two builds: only a program that is linked dynamically loads what is in LD_PRELOAD."""
LIBRARY = BINARIES / "witness.so"
ADD_ON = BINARIES / "witness.node"
"""The command as a library for Python, and for Node."""
STAGE = BINARIES / "stage"
GUARDIAN = BINARIES / "guardian"

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "--noediting", "-i"],
    "dash": ["dash", "-i"],
    "zsh": ["zsh", "-f", "-i", "+o", "zle", "+o", "prompt_cr", "+o", "prompt_sp", "+o", "bg_nice"],
}


class Place(NamedTuple):
    """The directories of one execution. wheels: where the wheel of the tool is; tarball: the tool as an npm package;
    interpreter: the Python asked for; bundle: the program of a launcher that is the tool itself; binaries: a name of
    BINARIES, for command lines."""

    work: Path
    home: Path
    temporary: Path
    wheels: Path = Path("/nonexistent")
    tarball: Path = Path("/nonexistent")
    interpreter: str = "python3"
    bundle: Path = Path("/nonexistent")
    reads_attributes: bool = False
    binaries: Path = BINARIES

    @property
    def socket(self) -> str:
        """Where witnesses report: a short path, for a socket's name has at most 107 bytes. A witness that reports at
        "a" reads its attributes."""
        return f"{self.work.parent}/{'a' if self.reads_attributes else 's'}"

    def socket_of(self, command: str) -> str:
        """Where one of several commands reports."""
        return f"{self.socket}-{command}"

    @property
    def notify_socket(self) -> str:
        """Where a service says that it is ready."""
        return f"{self.work.parent}/n"


TOOL = "proctor-tool"
"""The name of the program that launchers install from a wheel or a tarball: the witness, in Python or in Node."""


def fill_in(word: str, place: Place) -> str:
    """Replace the words that stand for a place of this execution."""
    if "{" not in word:
        return word
    words = {
        "{home}": place.home, "{work}": place.work, "{tmp}": place.temporary, "{wheels}": place.wheels,
        "{tarball}": place.tarball, "{interpreter}": place.interpreter, BUNDLE: place.bundle,
    }  # fmt: skip
    for name, value in words.items():
        word = word.replace(name, str(value))
    return word


def environment(target: Target, stage: Stage, place: Place) -> dict[bytes, bytes]:
    """Return the launcher's whole environment: small, so that results do not depend on the user's."""
    home = str(place.home)
    values = {
        "PATH": os.environ.get("PATH", "/usr/local/bin:/usr/bin:/bin"),
        "HOME": home,
        "TMPDIR": str(place.temporary),
        "LANG": "C.UTF-8",
        "TERM": "dumb",
        "XDG_CACHE_HOME": f"{home}/.cache",
        "XDG_CONFIG_HOME": f"{home}/.config",
        "XDG_DATA_HOME": f"{home}/.local/share",
        "XDG_STATE_HOME": f"{home}/.local/state",
        **{name: fill_in(value, place) for name, value in target.environment.items()},
    }
    if stage.notify:
        values["NOTIFY_SOCKET"] = place.notify_socket
    if stage.parent in SHELLS:
        values["PS1"] = PROMPT
    whole = {os.fsencode(key): os.fsencode(value) for key, value in values.items()}
    return whole | {key.encode(): value for key, value in stage.environment.items()}


def command_line(
    target: Target, scenario: Scenario, place: Place, socket: str = "", invoke: Invocation | None = None
) -> list[bytes]:
    """Return the launcher's argv: its own words, then the command and its arguments, where it starts one. socket:
    where that command reports."""
    invoke = invoke or scenario.invoke
    words = [os.fsencode(fill_in(word, place)) for word in target.words(invoke)]
    if invoke != "run":
        return words
    if target.bundle:
        return [*words, os.fsencode(socket or place.socket), *scenario.args]
    if target.starts_several:
        limit = target.group.limit if scenario.starts == "one-at-a-time" else ()
        return several.command_line(words, lines_of_commands(target, scenario, place, socket), limit)
    command = command_words(target, scenario, place, socket)
    at = words.index(COMMAND.encode()) if COMMAND.encode() in words else len(words)
    return [*words[:at], *command, *words[at + 1 :]]


def lines_of_commands(target: Target, scenario: Scenario, place: Place, socket: str = "") -> several.Lines:
    """Return the commands of a launcher of several. socket: where the command reports, if there is only one and that is
    not the usual place."""
    sockets = {name: place.socket_of(scenario.reports_as(name)) for name in scenario.commands}
    if not scenario.group:
        sockets = {"a": socket}
    words = {name: command_words(target, scenario, place, at) for name, at in sockets.items()}
    return {name.removeprefix("command-"): shlex.join(map(os.fsdecode, words[name])) for name in words}


def command_words(target: Target, scenario: Scenario, place: Place, socket: str = "") -> list[bytes]:
    """Return the argv of a command. socket: where it reports, if not at the usual place."""
    command = {
        "witness": [str(place.binaries / WITNESSES[target.witness].name)],
        "tool": [str(place.binaries / WITNESS.name) if target.is_bare else TOOL],
        "missing": [str(place.work / "no-such-command")],
        "forbidden": [str(place.work / "forbidden-command")],
    }.get(scenario.command, programs.words_for(scenario.command))
    reports = scenario.command not in ("missing", "forbidden")
    tail = [*([os.fsencode(socket or place.socket)] if reports else []), *scenario.args]
    return [*map(os.fsencode, command), *tail]


def shell_command(argv: list[bytes]) -> bytes:
    """Return the line that makes a shell run argv."""
    return b" ".join(os.fsencode(shlex.quote(os.fsdecode(word))) for word in argv) + b"\n"


def find_shell(name: str) -> list[str]:
    """Return the argv of an interactive shell; raise HarnessError where it is not installed."""
    for directory in os.environ.get("PATH", "/usr/bin:/bin").split(":"):
        path = os.path.join(directory, name)
        if os.access(path, os.X_OK):
            return [path, *SHELLS[name][1:]]
    raise HarnessError(f"the scenario runs under {name}, which is not installed here; install it, or leave it out")


def _mask(numbers: tuple[int, ...]) -> str:
    return f"{sum(1 << (number - 1) for number in set(numbers)):x}"


def stage_words(stage: Stage, place: Place) -> list[str]:
    """Return stage.c's own arguments."""
    words = [
        f"report={REPORT_FD}",
        "session=1",
        f"umask={stage.umask}",
        f"mask={_mask(stage.blocked)}",
        f"ignore={_mask(stage.ignored)}",
        f"cwd={place.work}",
    ]
    if stage.terminal:
        words.append("tty=1")
    if stage.parent in ("job", "init"):
        words.append(f"{stage.parent}=1")
    if stage.parent == "jupyter":
        # As a notebook has it below `systemd --user`. A kernel that is orphaned to PID 1 ends by itself, which would
        # hide that the launcher has left it (ipykernel/parentpoller.py).
        words.append("subreaper=1")
    words += [f"group={group}" for group in stage.groups]
    if stage.nice:
        words.append(f"nice={stage.nice}")
    if stage.unusual:
        words.append("unusual=1")
    return [*words, *(f"limit={resource}:{soft}:{hard}" for resource, soft, hard in stage.limits)]


def spawn(argv: list[bytes], words: list[str], env: dict[bytes, bytes], descriptors: dict[int, int]) -> int:
    """Start stage.c with these descriptors of ours, each under its number there; return its pid."""
    # above the numbers that are given out, or one dup2 would overwrite what the next one copies
    sources = {number: fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for number, fd in descriptors.items()}
    actions = [(os.POSIX_SPAWN_DUP2, source, number) for number, source in sources.items()]
    try:
        whole = [b"stage", *map(os.fsencode, words), b"--", argv[0], *argv]
        return os.posix_spawn(STAGE, whole, env, file_actions=actions)
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise HarnessError(
                "the launcher was not started: its command line and its environment are longer than the system allows "
                "(E2BIG; execve(2)). Shorten them, or raise the limit for stacks: ulimit -s"
            ) from None
        if error.errno in (errno.EAGAIN, errno.ENOMEM):
            raise HarnessError(
                f"the launcher was not started: {error.strerror}; fork(2). This says nothing about the launcher. "
                "Check `ulimit -u`, pids.max of the control group, and the memory that is free"
            ) from None
        raise HarnessError(f"cannot start {STAGE}: {error}. Reinstall Proctor: pip install -e .") from error
    finally:
        for source in sources.values():
            os.close(source)
