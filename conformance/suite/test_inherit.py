"""Chapter INHERIT: what the command starts with."""

from __future__ import annotations

import resource
import signal
from functools import partial

import msgspec
import pytest

from proctor.conformance.checks import inherit as checks
from proctor.conformance.scenarios.signals import finish
from proctor.conformance.suite.case import Case
from proctor.conformance.suite.marks import requirement
from proctor.harness import signals
from proctor.harness.scenario import JOB, PIPES, Scenario, Stage

SETTINGS = {
    "as-usual": Stage(),
    "nohup": Stage(ignored=(signal.SIGHUP,)),
    "background": Stage(ignored=(signal.SIGINT, signal.SIGQUIT)),
    "pipe-ignored": Stage(ignored=(signal.SIGPIPE, signal.SIGXFSZ)),
    "term-ignored": Stage(ignored=(signal.SIGTERM, signal.SIGUSR1)),
    "realtime-ignored": Stage(ignored=signals.realtime()[3:4]),
    "realtime-blocked": Stage(blocked=signals.realtime()[3:4]),
    "chld-ignored": Stage(ignored=(signal.SIGCHLD,)),
    "usr1-blocked": Stage(blocked=(signal.SIGUSR1,)),
    "some-blocked": Stage(blocked=(signal.SIGINT, signal.SIGTERM, signal.SIGWINCH)),
}
ARGUMENTS = {
    "none": (),
    "empty": (b"", b"a", b""),
    "blanks": (b" ", b"a b", b"\ttab", b"trailing "),
    "newlines": (b"one\ntwo", b"\n"),
    "quotes": (b"'", b'"', b"\\", b"$HOME", b"`id`", b"*", b"a;b", b"(x)", b"!x"),
    "not-utf-8": (b"\xff\xfe", b"caf\xe9", "caf\u00e9".encode()),
    "dashes": (b"-", b"--", b"-h", b"--help", b"--version", b"-x=1"),
    "options-of-launchers": (b"-c", b"-p", b"-s", b"-v", b"--with", b"--exec", b"run"),
    "long": (b"x" * 131_071,),
    "many": tuple(b"%d" % n for n in range(1000)),
}
LIMIT = (resource.RLIMIT_NOFILE, 200, 300)


@requirement("INHERIT-1")
@pytest.mark.parametrize("stage", SETTINGS.values(), ids=SETTINGS.keys())
def test_signal_settings(case: Case, stage: Stage) -> None:
    case(Scenario(finish(), stage), checks.signal_settings)


@requirement("INHERIT-1")
@pytest.mark.parametrize(
    "stage",
    [SETTINGS["chld-ignored"], Stage(blocked=(signal.SIGCHLD,)), SETTINGS["some-blocked"]],
    ids=["chld-ignored", "chld-blocked", "some-blocked"],
)
def test_settings_do_not_change_how_it_ends(case: Case, stage: Stage) -> None:
    case(Scenario(finish(7), stage), checks.settings_change_nothing)


@requirement("INHERIT-7")
def test_ignored_sigchld(case: Case) -> None:
    case(Scenario(finish(), SETTINGS["chld-ignored"]), checks.ignored_sigchld)


@requirement("INHERIT-2")
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_descriptors(case: Case, stage: Stage) -> None:
    case(Scenario(finish(), stage), checks.descriptors)


@requirement("INHERIT-3")
@pytest.mark.parametrize("args", ARGUMENTS.values(), ids=ARGUMENTS.keys())
def test_arguments(case: Case, args: tuple[bytes, ...]) -> None:
    case(Scenario(finish(), args=args), checks.arguments)


@requirement("INHERIT-4")
@pytest.mark.parametrize(
    "stage",
    [
        Stage(),
        Stage(umask=0o077),
        Stage(umask=0),
        Stage(nice=5),
        Stage(limits=(LIMIT,)),
        Stage(groups=(3, 7)),
        Stage(unusual=True),
        Stage(terminal=True, parent="job", nice=5, umask=0o077, limits=(LIMIT,)),
    ],
    ids=["as-usual", "umask-077", "umask-0", "nice-5", "nofile-200", "groups", "unusual", "job"],
)
def test_surroundings(case: Case, stage: Stage) -> None:
    case(Scenario(finish(), msgspec.structs.replace(stage, reads_attributes=True)), checks.surroundings)


@requirement("INHERIT-5")
def test_environment(case: Case) -> None:
    odd = {
        "EMPTY": b"",
        "WITH_BLANKS": b" a b ",
        "LINES": b"a\nb",
        "LC_ALL": b"C",
        "NOT_UTF_8": b"\xff\xfe",
        "a.b": b"x",
    }
    check = partial(checks.environment, adds=case.target.adds, changes=case.target.changes)
    case(Scenario(finish(), Stage(environment=odd)), check)


@requirement("INHERIT-5")
def test_environment_on_a_terminal(case: Case) -> None:
    check = partial(checks.environment, adds=case.target.adds, changes=case.target.changes)
    case(Scenario(finish(), JOB), check)


@requirement("INHERIT-6")
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_session_and_group(case: Case, stage: Stage) -> None:
    case(Scenario(finish(), stage), checks.session_and_group)
