"""Checks what can be observed on this system: plays small scenarios with the bare command, and reads settings of the
system."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from proctor.harness import execute as door
from proctor.harness import orders, system
from proctor.harness.errors import HarnessError
from proctor.harness.history import History, NotStarted, SettleEnded, Unobserved, WitnessReady
from proctor.harness.process_details import MOST, describe_with_children
from proctor.harness.programs import EXTRA, NEEDS, missing
from proctor.harness.scenario import SHELLS, Order, Parent, Reuse, Scenario, Settle, Stage, Step, WaitEnds, WaitReady
from proctor.harness.schedule import Schedule
from proctor.harness.target import BARE
from proctor.harness.words import harmless, unseen

State = Literal["yes", "less", "no", "note"]
"""less: some requirements cannot be observed here. no: none can. note: changes no verdict."""
MANY_PROCESSES = 500
"""A launcher is ended at 400 processes; those of Proctor come on top."""


class Affected(NamedTuple):
    """Requirements that cannot be judged without an ability: completely (whole), or in some of their cases (partly)."""

    whole: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()


AFFECTED = {
    "ptrace": Affected(
        (
            "SIG-6", "SIG-7", "SIG-8", "STDIO-6", "ENV-3", "ENV-4", "SYNC-1", "CACHE-5",
            "FAULT-1", "FAULT-2", "FAULT-3", "FAULT-4", "FAULT-6",
        ),
        (
            "EXIT-1", "EXIT-7", "SIG-2", "SIG-3", "ENV-5", "SYNC-2", "SYNC-3", "CACHE-1", "CACHE-4", "GROUP-4",
            "WORLD-11",
        ),
    ),
    "pseudo-terminals": Affected(
        (
            "TTY-1", "TTY-2", "TTY-3", "TTY-4", "TTY-5", "TTY-6", "TTY-7", "TTY-8", "TTY-9", "TTY-10", "SYNC-4",
            "WORLD-7",
        ),
        (
            "EXIT-1", "EXIT-2", "EXIT-3", "EXIT-6", "EXIT-7", "SIG-1", "SIG-3", "SIG-6", "SIG-7", "TREE-1", "TREE-4",
            "TREE-5", "INHERIT-2", "INHERIT-4", "INHERIT-5", "INHERIT-6", "STDIO-6", "STDIO-9", "ENV-1", "ENV-2",
            "ENV-3", "ENV-6", "EXEC-1", "EXEC-2", "EXEC-3", "FAULT-1", "FAULT-2", "FAULT-4", "FAULT-6",
            "GROUP-1", "GROUP-5", "WORLD-5", "WORLD-11",
        ),
    ),
    "shells": Affected(("TTY-3", "WORLD-7")),
    "PID 1": Affected(("TREE-6",), ("WORLD-8",)),
    "PID reuse": Affected((), ("CACHE-3",)),
    "second Python": Affected((), ("SYNC-3",)),
    "real programs": Affected(
        ("TREE-8", "WORLD-1", "WORLD-2", "WORLD-3", "WORLD-5", "WORLD-6"), ("WORLD-10",)
    ),
}  # fmt: skip
"""The abilities that cases need. A test compares this table with the cases."""


class Ability(msgspec.Struct, frozen=True):
    """One ability of a system. found: the state of it; means: how a restriction changes verdicts; do: how to remove it;
    not_observable, in_part: requirements."""

    name: str
    state: State
    found: str
    means: str = ""
    do: str = ""
    not_observable: tuple[str, ...] = ()
    in_part: tuple[str, ...] = ()


AbilityCheck = Callable[[], Ability]


def abilities(played: Sequence[AbilityCheck] | None = None) -> Iterator[Ability]:
    """Yield abilities, each as soon as it was checked. If the runner does not start, only those that can be checked
    without it. played: the checks that play a scenario; by default PLAYED_CHECKS."""
    yield from (_kernel(), _python(), _pidfds(), _programs())
    containment = _containment()
    yield containment
    yield from (
        (ability() for ability in (PLAYED_CHECKS if played is None else played)) if containment.state != "no" else ()
    )
    yield from (_processes(), _descriptors(), _cores(), _load(), _other_runs(), _compiler(), _groups())


def is_complete(found: list[Ability]) -> bool:
    """Whether there is no restriction."""
    return all(ability.state in ("yes", "note") for ability in found)


def unobservable(found: list[Ability]) -> Affected:
    """Return the requirements that cannot be judged here, and those that can only in some cases."""
    whole = tuple(dict.fromkeys(name for ability in found for name in ability.not_observable))
    partly = dict.fromkeys(name for ability in found for name in ability.in_part)
    return Affected(whole, tuple(name for name in partly if name not in whole))


# -- settings of the system


def _kernel() -> Ability:
    version = system.kernel()
    oldest = ".".join(map(str, system.OLDEST_KERNEL))
    if version is None:
        means = "the explorer needs Linux, and the rest is not tested on other systems"
        return Ability("kernel", "no", platform.system(), means, "run Proctor on Linux, in a virtual machine or in CI")
    release = f"Linux {platform.release()}"
    if version < system.OLDEST_KERNEL:
        means = f"Proctor needs system calls that Linux has since {oldest}"
        return Ability("kernel", "no", release, means, f"use a kernel of {oldest} or newer")
    return Ability("kernel", "yes", release)


def _python() -> Ability:
    return Ability("Python", "yes", f"{platform.python_version()}, {sys.executable}")


def _programs() -> Ability:
    """Check the real programs that cases start as the command, or as the launcher's parent. Most of them are in the
    Python that runs Proctor."""
    lacking = [name for name in NEEDS if missing(name)]
    if not lacking:
        return Ability("real programs", "yes", ", ".join(NEEDS))
    needed = AFFECTED["real programs"]
    unobservable = needed if len(lacking) == len(NEEDS) else Affected((), (*needed.whole, *needed.partly))
    means = "cases with these programs cannot be played"
    lines = {line for name in lacking for line in (EXTRA if NEEDS[name].modules else "", NEEDS[name].line) if line}
    do = "; ".join(sorted(lines, reverse=True))
    return Ability("real programs", "less", f"not installed: {', '.join(lacking)}", means, do, *unobservable)


def _pidfds() -> Ability:
    if why := system.why_no_pidfds():
        means = "Proctor cannot wait for processes that are not its children, so nothing can be observed"
        return Ability("pidfds", "no", why, means, system.HOW_TO_GET_PIDFDS)
    return Ability("pidfds", "yes", "pidfd_open(2) works")


def _processes() -> Ability:
    most = system.most_processes()
    if most is None or most >= MANY_PROCESSES:
        return Ability("processes", "yes", "no limit" if most is None else f"at most {most}")
    means = "a launcher that starts many processes reaches this limit before that of Proctor"
    do = "raise it: ulimit -u, or pids.max of the control group"
    return Ability("processes", "less", f"at most {most}", means, do)


def _descriptors() -> Ability:
    most = system.most_descriptors()
    if most is None or most >= MANY_PROCESSES:
        return Ability("descriptors", "yes", "no limit" if most is None else f"at most {most}")
    do = "raise it: ulimit -n 1024"
    if most < system.FEWEST_DESCRIPTORS:
        return Ability("descriptors", "no", f"at most {most}", "no runner can be started", do)
    means = "the runner needs one for each process of a launcher, so a launcher that starts many cannot be judged"
    return Ability("descriptors", "less", f"at most {most}", means, do)


def _cores() -> Ability:
    count = system.cores()
    means = "" if count > 1 else "-n and --workers do not make it faster here"
    return Ability("cores", "note", str(count), means)


def _load() -> Ability:
    memory = system.free_memory()
    found = f"{system.load():.1f}" + (f"; {memory / 1e9:.1f} GB of memory free" if memory is not None else "")
    means = "more tasks than cores: all takes longer, but verdicts do not depend on it"
    return Ability("load", "note", found, means if system.load() > system.cores() else "")


def _other_runs() -> Ability:
    """Name what runs beside this, with command line and CPU time, so that a run that hangs can be found."""
    pids = system.other_runs()
    if not pids:
        return Ability("other runs", "note", "none")
    told = "; ".join(line for pid in pids[:MOST] for line in describe_with_children(pid))
    means = "a guardian ends with the pytest or proctor that started it, and all that it started with it"
    return Ability("other runs", "note", f"{len(pids)}: {told}", means)


def _compiler() -> Ability:
    found = system.compiler()
    means = "" if found else "needed only to build Proctor"
    return Ability("C compiler", "note", found or "none", means)


def _groups() -> Ability:
    found = "version 2, with cgroup.kill" if system.has_group_kill() else "no cgroup.kill"
    return Ability("control groups", "note", found, "not needed: Proctor ends processes without them")


# -- checks that play a scenario


COMMAND_ENDS: tuple[Step, ...] = (Order(orders.Exit(0)), WaitEnds("command"), WaitEnds())


def _play(scenario: Scenario, schedule: Schedule | None = None) -> History | str:
    """Return the history of the bare command in this scenario, or in one line why it could not be played."""
    try:
        history = door.execute(BARE, scenario, schedule)
    except HarnessError as error:
        return harmless(" ".join(str(error).split()))
    for refused in history.facts(NotStarted):
        return f"{refused.step}: {os.strerror(refused.errno)}"
    for fact in history.facts(Unobserved):
        return harmless(unseen(fact))
    return history if history.facts(WitnessReady) else "the command did not start"


def _ability_of(
    name: str, scenario: Scenario, found: str, means: str, do: str, schedule: Schedule | None = None
) -> Ability:
    """Return an ability that exists if a scenario can be played. found: its text in that case."""
    outcome = _play(scenario, schedule)
    if isinstance(outcome, History):
        return Ability(name, "yes", found)
    return Ability(name, "less", outcome, means, do, *AFFECTED.get(name, Affected()))


def _containment() -> Ability:
    try:
        found = door.containment()
    except HarnessError as error:
        means = "no process can be started, so nothing can be observed"
        do = "do what the message says; it is about Proctor or this system"
        return Ability("containment", "no", harmless(str(error)), means, do)
    if door.has_namespace():
        return Ability("containment", "yes", f"in a {found}")
    means = (
        "a launcher and all its processes are ended, but without a PID namespace it sees the other processes of this "
        "system, and can signal those of the same user"
    )
    return Ability("containment", "less", found, means, _how_to_get_namespaces())


def _how_to_get_namespaces() -> str:
    """Return how to allow namespaces, as far as settings of the system show what refuses them."""
    if system.setting("kernel.apparmor_restrict_unprivileged_userns") == "1":
        return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and newer)"
    if system.setting("kernel.unprivileged_userns_clone") == "0":
        return "sudo sysctl kernel.unprivileged_userns_clone=1 (Debian)"
    if system.setting("user.max_user_namespaces") == "0":
        return "sudo sysctl user.max_user_namespaces=10000"
    return (
        "in a container, allow mount(2) and clone(2) with namespaces in its seccomp profile and capabilities; "
        "docker run --privileged allows both"
    )


def _quiescence() -> Ability:
    outcome = _play(Scenario((Settle(), *COMMAND_ENDS)))
    waited = (
        [fact for fact in outcome.facts(SettleEnded) if fact.how == "waited"] if isinstance(outcome, History) else []
    )
    if isinstance(outcome, History) and not waited:
        return Ability(
            "idle detection", "yes", "/proc/PID/syscall shows when every task is blocked and no short timer is armed"
        )
    means = (
        "Proctor cannot see when all processes are idle, so it waits a second each time, and the history says so: this "
        "is slower, and misses a launcher that acts later"
    )
    do = "make /proc/PID/syscall readable: a container's seccomp profile may forbid it, or the kernel lacks it"
    return Ability("idle detection", "less", waited[0].reason if waited else str(outcome), means, do)


def _terminals() -> Ability:
    stage = Stage(terminal=True, parent="job")
    means = "cases with a terminal cannot be played, and end in an error"
    do = "mount devpts: mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts; kernel.pty.max may be too low"
    return _ability_of("pseudo-terminals", Scenario(COMMAND_ENDS, stage), "can be opened", means, do)


def _tracing() -> Ability:
    scope = system.setting("kernel.yama.ptrace_scope")
    found = "allowed" + (f" (kernel.yama.ptrace_scope is {scope})" if scope else "")
    do = (
        "sudo sysctl kernel.yama.ptrace_scope=1"
        if scope in ("2", "3")
        else "allow ptrace: docker run --cap-add SYS_PTRACE, or a seccomp profile that allows it"
    )
    means = "launchers cannot be traced, so nothing can be explored"
    return _ability_of("ptrace", Scenario(COMMAND_ENDS), found, means, do, Schedule())


def _first_process() -> Ability:
    means = "launchers that claim the profile init cannot be run as PID 1"
    found = "launchers can be PID 1 of a PID namespace"
    return _ability_of("PID 1", Scenario(COMMAND_ENDS, Stage(parent="init")), found, means, _how_to_get_namespaces())


def _shells() -> Ability:
    """Check each shell: one is enough to judge job control, but with more of them more is tested."""
    under: tuple[Parent, ...] = ("bash", "dash", "zsh")
    assert set(under) == set(SHELLS)
    scenarios = {name: Scenario((WaitReady(),), Stage(terminal=True, parent=name)) for name in under}
    troubles = {name: why for name, one in scenarios.items() if isinstance(why := _play(one), str)}
    there = [name for name in under if name not in troubles]
    if not troubles:
        return Ability("shells", "yes", ", ".join(there))
    found = "; ".join(f"{name}: {why}" for name, why in troubles.items())
    means = f"job control is tested only under {', '.join(there)}" if there else "job control cannot be tested"
    needed = AFFECTED["shells"]
    unobservable = Affected((), needed.whole) if there else needed
    return Ability("shells", "less", found, means, f"apt-get install {' '.join(troubles)}", *unobservable)


def _pid_reuse() -> Ability:
    means = "for the profile cache, Proctor cannot test whether a launcher trusts a PID that was reused"
    scenario = Scenario((Settle(), *COMMAND_ENDS, Reuse()))
    return _ability_of("PID reuse", scenario, "can be reused", means, "run Proctor as root")


def _another_python() -> Ability:
    """Takes a second or two: each Python on PATH is asked whether it can make environments."""
    means = "for the profile sync, Proctor cannot test a sync to another Python version"
    do = "put a Python of another version with venv on PATH: apt-get install python3-venv, or uv python install"
    scenario = Scenario(COMMAND_ENDS, interpreter="other")
    return _ability_of("second Python", scenario, "found one that can make environments", means, do)


PLAYED_CHECKS: tuple[AbilityCheck, ...] = (
    _quiescence,
    _terminals,
    _tracing,
    _first_process,
    _shells,
    _pid_reuse,
    _another_python,
)
"""The checks that play a scenario, so they need a runner."""
