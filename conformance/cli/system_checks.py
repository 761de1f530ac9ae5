"""What can be observed on this system: read off small scenarios that the bare command plays, and off what the system
says of itself."""

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
from proctor.harness.scenario import SHELLS, Order, Parent, Reuse, Scenario, Settle, Stage, Step, WaitEnds, WaitReady
from proctor.harness.schedule import Schedule
from proctor.harness.target import BARE
from proctor.harness.words import harmless, unseen

State = Literal["yes", "less", "no", "note"]
"""less: some of what the suite asks cannot be told here. no: nothing can. note: changes no verdict."""
MANY_PROCESSES = 500
"""A launcher is stopped at 400; this process and its like come on top."""


class Needed(NamedTuple):
    """Requirements that cannot be judged without something: whole, or some of their cases."""

    whole: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()


NEEDED = {
    "ptrace": Needed(
        ("SIG-6", "SIG-7", "SIG-8", "ENV-3", "ENV-4", "SYNC-1", "CACHE-5"),
        ("EXIT-1", "EXIT-7", "SIG-2", "SIG-3", "ENV-5", "SYNC-2", "SYNC-3", "CACHE-1", "CACHE-4"),
    ),
    "pseudo-terminals": Needed(
        ("TTY-1", "TTY-2", "TTY-3", "TTY-4", "TTY-5", "TTY-6", "TTY-7", "TTY-8", "SYNC-4"),
        (
            "EXIT-1", "EXIT-2", "EXIT-3", "EXIT-6", "EXIT-7", "SIG-1", "SIG-3", "SIG-6", "SIG-7", "TREE-1", "TREE-4",
            "TREE-5", "INHERIT-2", "INHERIT-4", "INHERIT-5", "INHERIT-6", "ENV-1", "ENV-2", "ENV-3", "EXEC-1",
            "EXEC-2", "EXEC-3",
        ),
    ),
    "shells": Needed(("TTY-3",)),
    "PID 1": Needed(("TREE-6",)),
    "pids again": Needed((), ("CACHE-3",)),
    "another Python": Needed((), ("SYNC-3",)),
}  # fmt: skip
"""What cases ask of a system. A test holds it against the cases."""


class Ability(msgspec.Struct, frozen=True):
    """One thing that a system offers or does not. found: what there is; means: what that changes; do: what to do about
    it; not_observable, in_part: requirements."""

    name: str
    state: State
    found: str
    means: str = ""
    do: str = ""
    not_observable: tuple[str, ...] = ()
    in_part: tuple[str, ...] = ()


Try = Callable[[], Ability]


def abilities(tried: Sequence[Try] | None = None) -> Iterator[Ability]:
    """Yield what was found, one after the other as it is tried; where the runner does not start, what can be said
    without it. tried: what needs the runner, all of TRIED unless given."""
    yield from (_kernel(), _python(), _pidfds())
    containment = _containment()
    yield containment
    yield from (ability() for ability in (TRIED if tried is None else tried)) if containment.state != "no" else ()
    yield from (_processes(), _cores(), _compiler(), _groups())


def is_whole(found: list[Ability]) -> bool:
    """Whether nothing is less than it can be."""
    return all(ability.state in ("yes", "note") for ability in found)


def lost(found: list[Ability]) -> Needed:
    """Return the requirements that cannot be judged here, and those that can in part."""
    whole = tuple(dict.fromkeys(name for ability in found for name in ability.not_observable))
    partly = dict.fromkeys(name for ability in found for name in ability.in_part)
    return Needed(whole, tuple(name for name in partly if name not in whole))


# -- what the system says of itself


def _kernel() -> Ability:
    version = system.kernel()
    oldest = ".".join(map(str, system.OLDEST_KERNEL))
    if version is None:
        means = "the explorer is Linux's alone, and nothing of the rest is tested elsewhere"
        return Ability("kernel", "no", platform.system(), means, "run Proctor on Linux, in a virtual machine or in CI")
    release = f"Linux {platform.release()}"
    if version < system.OLDEST_KERNEL:
        means = f"Proctor takes system calls for granted that came with {oldest}"
        return Ability("kernel", "no", release, means, f"use a kernel of {oldest} or newer")
    return Ability("kernel", "yes", release)


def _python() -> Ability:
    return Ability("Python", "yes", f"{platform.python_version()}, {sys.executable}")


def _pidfds() -> Ability:
    if why := system.why_no_pidfds():
        means = "nobody can be waited for who is no child, so nothing can be observed"
        return Ability("pidfds", "no", why, means, "use Linux 5.4 or newer, and a Python that was built for it")
    return Ability("pidfds", "yes", "processes are waited for by descriptors")


def _processes() -> Ability:
    most = system.most_processes()
    if most is None or most >= MANY_PROCESSES:
        return Ability("processes", "yes", "no limit" if most is None else f"at most {most}")
    means = "a launcher that starts many processes meets this limit, and not the one that Proctor sets"
    do = "raise it: ulimit -u, or pids.max of the control group"
    return Ability("processes", "less", f"at most {most}", means, do)


def _cores() -> Ability:
    count = system.cores()
    means = "" if count > 1 else "-n and --workers gain nothing here"
    return Ability("cores", "note", str(count), means)


def _compiler() -> Ability:
    found = system.compiler()
    means = "" if found else "needed to build Proctor only, not to run it"
    return Ability("C compiler", "note", found or "none", means)


def _groups() -> Ability:
    found = "of version 2, with cgroup.kill" if system.has_group_kill() else "none with cgroup.kill"
    return Ability("control groups", "note", found, "a launcher is contained without them")


# -- what has to be tried


COMMAND_ENDS: tuple[Step, ...] = (Order(orders.Exit(0)), WaitEnds("command"), WaitEnds())


def _try(scenario: Scenario, schedule: Schedule | None = None) -> History | str:
    """Return the history of the bare command in this scenario, or why there is none, in one line."""
    try:
        history = door.execute(BARE, scenario, schedule)
    except HarnessError as error:
        return harmless(" ".join(str(error).split()))
    for refused in history.facts(NotStarted):
        return f"{refused.step}: {os.strerror(refused.errno)}"
    for fact in history.facts(Unobserved):
        return harmless(unseen(fact))
    return history if history.facts(WitnessReady) else "the command did not start"


def _tried(name: str, scenario: Scenario, found: str, means: str, do: str, schedule: Schedule | None = None) -> Ability:
    """Return an ability that is there where a scenario can be played. found: what there is then."""
    outcome = _try(scenario, schedule)
    if isinstance(outcome, History):
        return Ability(name, "yes", found)
    return Ability(name, "less", outcome, means, do, *NEEDED.get(name, Needed()))


def _containment() -> Ability:
    try:
        found = door.containment()
    except HarnessError as error:
        told = harmless(str(error))
        means = "nothing can be started, so nothing can be observed"
        return Ability("containment", "no", told, means, "what the message says; it is about Proctor or this system")
    if door.has_namespace():
        return Ability("containment", "yes", f"in a {found}")
    means = (
        "launchers are ended together with what they start, but without a PID namespace they see, and as the same user "
        "may signal, the other processes of this system"
    )
    return Ability("containment", "less", found, means, _how_to_get_namespaces())


def _how_to_get_namespaces() -> str:
    """Return what stands in the way of namespaces, as far as the system says it."""
    if system.setting("kernel.apparmor_restrict_unprivileged_userns") == "1":
        return "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu 23.10 and newer)"
    if system.setting("kernel.unprivileged_userns_clone") == "0":
        return "sudo sysctl kernel.unprivileged_userns_clone=1 (Debian)"
    if system.setting("user.max_user_namespaces") == "0":
        return "sudo sysctl user.max_user_namespaces=10000"
    return (
        "in a container allow clone(2) with namespaces and mount(2), by its seccomp profile and capabilities; "
        "docker run --privileged allows both"
    )


def _quiescence() -> Ability:
    outcome = _try(Scenario((Settle(), *COMMAND_ENDS)))
    waited = (
        [fact for fact in outcome.facts(SettleEnded) if fact.how == "waited"] if isinstance(outcome, History) else []
    )
    if isinstance(outcome, History) and not waited:
        return Ability("quiescence", "yes", "read off /proc/PID/syscall: every task is blocked, no short timer armed")
    means = (
        "that nothing more comes cannot be seen, so Proctor waits a second each time and the history says so: slower, "
        "and a launcher that acts later is missed"
    )
    do = "let /proc/PID/syscall be read: a container's seccomp profile or a kernel without it stands in the way"
    return Ability("quiescence", "less", waited[0].reason if waited else str(outcome), means, do)


def _terminals() -> Ability:
    stage = Stage(terminal=True, under="job")
    means = "nothing that is about a terminal can be played: such cases end in an error"
    do = "mount devpts: mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts; kernel.pty.max may be too low"
    return _tried("pseudo-terminals", Scenario(COMMAND_ENDS, stage), "can be opened", means, do)


def _tracing() -> Ability:
    scope = system.setting("kernel.yama.ptrace_scope")
    found = "allowed" + (f" (kernel.yama.ptrace_scope is {scope})" if scope else "")
    do = (
        "sudo sysctl kernel.yama.ptrace_scope=1"
        if scope in ("2", "3")
        else "allow ptrace: docker run --cap-add SYS_PTRACE, or a seccomp profile that allows it"
    )
    means = "launchers cannot be followed through their system calls: nothing is explored"
    return _tried("ptrace", Scenario(COMMAND_ENDS), found, means, do, Schedule())


def _first_process() -> Ability:
    means = "launchers that claim the profile init cannot be run as PID 1"
    found = "launchers can be PID 1 of a PID namespace"
    return _tried("PID 1", Scenario(COMMAND_ENDS, Stage(under="init")), found, means, _how_to_get_namespaces())


def _shells() -> Ability:
    """Job control is tried under each shell that is there: one is enough to judge, the others see more."""
    under: tuple[Parent, ...] = ("bash", "dash", "zsh")
    assert set(under) == set(SHELLS)
    scenarios = {name: Scenario((WaitReady(),), Stage(terminal=True, under=name)) for name in under}
    troubles = {name: why for name, one in scenarios.items() if isinstance(why := _try(one), str)}
    there = [name for name in under if name not in troubles]
    if not troubles:
        return Ability("shells", "yes", ", ".join(there))
    told = "; ".join(f"{name}: {why}" for name, why in troubles.items())
    means = f"job control is tried under {', '.join(there)} only" if there else "job control cannot be tried"
    needed = NEEDED["shells"]
    lost = Needed((), needed.whole) if there else needed
    return Ability("shells", "less", told, means, f"apt-get install {' '.join(troubles)}", *lost)


def _pids_again() -> Ability:
    means = "of a cache (profile cache) it is not tried whether somebody trusts a pid that another process has by now"
    scenario = Scenario((Settle(), *COMMAND_ENDS, Reuse()))
    return _tried("pids again", scenario, "can be given once more", means, "run Proctor as root where that matters")


def _another_python() -> Ability:
    """Tried once; it takes a second or two, for each Python on PATH is asked whether it makes environments."""
    means = "of a sync (profile sync) it is not tried whether it can go over to another Python"
    do = "put a Python of another version with venv on PATH: apt-get install python3-venv, or uv python install"
    scenario = Scenario(COMMAND_ENDS, interpreter="other")
    return _tried("another Python", scenario, "there is one that makes environments", means, do)


TRIED: tuple[Try, ...] = (_quiescence, _terminals, _tracing, _first_process, _shells, _pids_again, _another_python)
"""What needs a runner."""
