"""docs/world.md: each claim of it is shown by a case, played on a launcher that shows it."""

from __future__ import annotations

import re
import shutil
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from proctor.conformance.checks import stdio
from proctor.conformance.checks import world as checks
from proctor.conformance.scenarios.parents import ask, below, looked
from proctor.conformance.scenarios.sequences import known_sequences
from proctor.conformance.suite import (
    test_stdio,
    test_tree,
    test_tree_supervised,
    test_world_notify,
    test_world_parents,
    test_world_sequences,
)
from proctor.conformance.suite.marks import requirement
from proctor.harness import execute as door
from proctor.harness.history import Received, WitnessReady
from proctor.harness.programs import EXTRA, missing
from proctor.harness.scenario import PIPES, Scenario, Settle, Stage
from proctor.harness.target import BARE, Profile, Target
from tests.conftest import ROOT
from tests.planted import launchers

PAGE = (ROOT / "docs" / "world.md").read_text(encoding="utf-8").partition("\n## ")[2]
"""Its text from the first heading on."""
MARK = re.compile(r"\(([A-Z]+-\d+(?:, [A-Z]+-\d+)*)\)[.:;]?")
INT, HUP, TERM = (int(number) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM))
SEQUENCES = known_sequences()

SHELL = ("sh", "-c", '"$@"; exit', "sh")
"""A script whose last but one line starts the command: dash and bash replace themselves by the last one only."""
WORDS: dict[str, tuple[str, ...]] = {
    "exec": ("/usr/bin/env",),
    "shell": SHELL,
    "shell with exec": ("sh", "-c", 'exec "$@"', "sh"),
    "tini": ("tini", "-s", "--"),
    "tini, shell": ("tini", "-s", "--", *SHELL),
    "setsid": ("setsid", "--wait"),
}
"""Launchers that are no planted faults, by the names that the table uses."""


class Taken:
    """What a case hands on: its scenario and its check."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def __call__(self, scenario: Scenario, check: Callable[..., Any], *_: object) -> None:
        self.scenario, self.check = scenario, check


class Shown(NamedTuple):
    """A claim, named by words of it; the case that shows it, with its arguments; the launcher that it is played on; and
    whether that passes."""

    claim: str
    case: Callable[..., None]
    arguments: tuple[Any, ...]
    launcher: str
    passes: bool = False

    @property
    def requirement(self) -> str:
        (mark,) = [mark for mark in self.case.pytestmark if mark.name == "requirement"]  # type: ignore[attr-defined]
        return str(mark.args[0])


@requirement("WORLD-2")
def no_terminal(case: Any) -> None:
    """The connection of a command without a terminal is closed."""
    steps = (Settle(), ask("disconnect"), *looked())
    case(below(Stage(parent="sshd", options={"pty": "false"}), *steps), checks.hung_up_as_without)


@requirement("TREE-3")
def stays(case: Any, sequence: Any) -> None:
    """The rungs of a sequence whose last one is for the launcher alone."""
    case(sequence.to_the_end(), stdio.nothing_outlives_the_host)


service, service_end = (
    test_world_sequences.test_a_service_can_finish,
    test_world_sequences.test_nothing_of_a_service_is_left,
)
job = test_world_sequences.test_a_job_can_finish
reloads = test_tree_supervised.test_a_supervisor_reloads_and_stops_a_service
supervised = test_world_parents.test_one_copy_after_stop_and_restart
reloader = test_world_parents.test_a_reloader_starts_the_command_anew
cleaning_up = test_world_parents.test_a_reloader_waits_for_a_command_that_still_cleans_up
lost = test_world_parents.test_a_lost_connection_hangs_up
PID, GROUP = "false", "true"


def of(name: str) -> tuple[Any]:
    return (SEQUENCES[name],)


SHOWN = (
    Shown("hands on every signal", service, of("systemd-mixed"), "exec", True),
    Shown("as its last line stays in between", job, of("github-actions"), "shell"),
    Shown("Write `exec my-launcher ...` there", job, of("github-actions"), "shell with exec", True),
    Shown("One that kills it leaves the service", supervised, (INT, PID), "world_6_int_kills"),
    Shown("Choose a signal that the launcher forwards", supervised, (TERM, PID), "world_6_int_kills", True),
    Shown("A service below a launcher that forwards nothing", supervised, (INT, GROUP), "world_1_int_ends_it", True),
    Shown("the service gets it twice", test_tree.test_group_signal_comes_once, (TERM, PIPES), "tree_5_twice"),
    Shown("Without `killasgroup` the service stays", supervised, (INT, PID), "world_1_int_ends_it"),
    Shown("If it dies of it", reloads, (), "tree_8_hup_kills"),
    Shown("If it dies of it", test_world_parents.test_one_copy_after_two_reloads, (), "tree_8_hup_kills"),
    Shown("for which it has no handler does nothing", service, of("docker-stop"), "shell"),
    Shown("takes the command with it", service, of("docker-stop"), "world_8_term_is_the_end"),
    Shown("Let the launcher replace itself", service, of("docker-stop"), "exec", True),
    Shown("does not help", service, of("docker-stop"), "tini, shell"),
    Shown("a second time from a launcher", test_tree.test_group_signal_comes_once, (TERM, PIPES), "tree_5_twice"),
    Shown("| `mixed` | the main process, the launcher | It has to forward it", service, of("systemd-mixed"), "shell"),
    Shown("What is left after TimeoutStopSec is killed", service_end, of("systemd-mixed"), "tree_3_unnoticed", True),
    Shown("| `process` | the main process alone | It has to forward it", service, of("systemd-process"), "shell"),
    Shown("What is left stays", stays, of("systemd-process"), "tree_3_unnoticed"),
    *(
        Shown("All three let a command finish", service, of(f"systemd-{mode}"), "sound", True)
        for mode in ("control-group", "mixed", "process")
    ),
    Shown("only if the launcher has", test_world_notify.test_the_command_is_the_main_process, (), "exec", True),
    Shown("only if the launcher has", test_world_notify.test_the_command_is_the_main_process, (), "sound"),
    Shown(
        "Otherwise set", test_world_notify.test_the_command_is_heard_through_a_launcher_that_stays, (), "sound", True
    ),
    *(
        Shown("begin the last line with `exec`", job, of(runner), launcher, passes)
        for runner in ("github-actions", "gitlab-runner")
        for launcher, passes in (("shell", False), ("shell with exec", True))
    ),
    Shown("Then it depends on the launcher", job, of("github-actions"), "world_9_int_is_the_end"),
    Shown("Then it depends on the launcher", job, of("github-actions"), "sound", True),
    Shown("as tini does", test_stdio.test_the_shutdown_of_a_host, (test_stdio.LADDERS["deaf-group"],), "tini"),
    Shown("leaves the server", test_stdio.test_the_shutdown_of_a_host, (test_stdio.LADDERS["heeds-term"],), "shell"),
    Shown(
        "End your server at the end of its stdin", test_stdio.test_end_of_file_reaches_the_command,
        (test_stdio.HEEDS_EOF,), "sound", True,
    ),
    Shown("in its clean-up", test_world_parents.test_the_stop_button_of_a_notebook, (), "world_3_interrupts_twice"),
    Shown("leaves the old kernel", test_world_parents.test_a_kernel_is_restarted, ("restart-now",), "tini"),
    Shown("can be told apart", test_world_parents.test_the_stop_button_of_a_notebook, (), "sound", True),
    Shown("Ask for a terminal", lost, ("becomes",), "sound", True),
    Shown("has left it in its session", lost, ("stays",), "setsid"),
    Shown("Without a terminal there is no hang-up", no_terminal, (), "sound", True),
    Shown("which keeps the port", reloader, ("watchfiles",), "world_6_int_kills"),
    Shown("Use `nodemon --signal SIGINT`", reloader, ("nodemon",), "sound", True),
    Shown("while the old one is still saving", cleaning_up, (), "world_6_ends_first"),
    Shown("Over ssh without a terminal", no_terminal, (), "world_1_int_ends_it", True),
    Shown("whether the launcher passes the signal on", reloader, ("nodemon",), "world_1_int_ends_it", True),
)  # fmt: skip


def claims() -> list[tuple[str, set[str]]]:
    """Return what the page claims, up to each mark of requirements, and these: rows of tables, and sentences."""
    found = []
    for block in re.split(r"\n\n+|\n(?=[-|] ?)", PAGE):
        text = " ".join(line for line in block.splitlines() if not re.match(r"## |\|---", line))
        if text.startswith("|") and text.rstrip(" |").rpartition("| ")[2].startswith(("WORLD", "TREE")):
            found.append((text, set(re.findall(r"[A-Z]+-\d+", text.rstrip(" |").rpartition("| ")[2]))))
            continue
        at = 0
        for mark in MARK.finditer(text):
            found.append((text[at : mark.end()], set(mark[1].split(", "))))
            at = mark.end()
        if rest := text[at:].strip(" |"):
            found.append((rest, set()))
    return found


HEADINGS = re.compile(r"exec$|KillMode \||setting \|")


def test_each_claim_of_the_page_names_its_cases() -> None:
    for text, names in claims():
        shown = {one.requirement for one in SHOWN if one.claim in text}
        assert (names and shown == names) or HEADINGS.match(text.strip("| ")), text


def test_each_row_of_the_table_is_on_the_page() -> None:
    page = " ".join(PAGE.split())
    assert not [one.claim for one in SHOWN if page.count(one.claim) != 1]


def test_the_page_says_what_sequences_do() -> None:
    """Its seconds and signals are those of the files."""
    told = {
        name: [(rung.signal or rung.closes, rung.to, rung.grace) for rung in one.rungs]
        for name, one in SEQUENCES.items()
    }
    assert told["docker-stop"][0][-1] == 10
    assert told["kubernetes"][-2][-1] == 30
    assert [(what, grace) for what, _, grace in told["github-actions"][:2]] == [("INT", 7.5), ("TERM", 2.5)]
    assert told["gitlab-runner"][0][:2] == ("TERM", "group")
    for sdk, to in (("python", "group"), ("typescript", "launcher")):
        rungs = told[f"mcp-{sdk}-sdk"]
        assert [what for what, *_ in rungs] == ["stdin", "TERM", "KILL"]
        assert [grace for *_, grace in rungs[:2]] == [2, 2]
        assert {where for _, where, _ in rungs[1:]} == {to}


def target_of(name: str) -> Target:
    program, *words = WORDS.get(name) or launchers()[name].command()
    profiles: tuple[Profile, ...] = ("transparent", "exec") if name == "exec" else ("transparent",)
    command = (shutil.which(program) or program, *words)
    return Target(name=name.replace(" ", "-").replace(",", ""), command=command, profiles=profiles)


def title(one: Shown) -> str:
    return re.sub(r"\W+", "-", f"{one.claim}-{one.launcher}").strip("-")


@pytest.mark.timeout(180)
@pytest.mark.parametrize("one", SHOWN, ids=title)
def test_the_case_shows_the_claim(one: Shown) -> None:
    target = target_of(one.launcher)
    if not shutil.which(target.command[0]):
        pytest.skip(f"{target.command[0]} is not installed here")
    taken = Taken(target)
    one.case(taken, *one.arguments)
    script = taken.scenario
    if lacks := missing(script.stage.parent) or missing(script.command):
        pytest.skip(f"needs {lacks}: {EXTRA}")
    if script.stage.parent == "init" and not door.has_namespace():
        pytest.skip("needs a PID namespace")
    bare, history = door.execute(BARE, script), door.execute(target, script)
    assert history.facts(WitnessReady), "the command did not start"
    found = taken.check(history, bare)
    assert bool(found) is not one.passes, found
    if one.case is no_terminal:
        assert not [fact for fact in bare.facts(Received) if fact.signal == HUP]
