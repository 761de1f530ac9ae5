"""Reproducers as text: what is in them for which check, and that every one of them is whole. Nothing is run."""

from __future__ import annotations

import ast
import builtins
from pathlib import Path

import pytest

from proctor.conformance import checks
from proctor.conformance.exploring.campaigns import campaigns_of_any_launcher
from proctor.conformance.judging.check_names import named
from proctor.conformance.scenarios.signals import finish
from proctor.harness import orders
from proctor.harness import scenario as s
from proctor.harness.errors import UsageError
from proctor.harness.scenario import JOB, LEADER, PIPES, Scenario, Stage
from proctor.harness.schedule import parse
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.harness.words import harmless
from proctor.reports.finding import FindingSummary
from proctor.reports.issue import markdown
from proctor.reports.reproducer.asking import OF_ENVIRONMENTS, QUESTIONS, WHY_NOT
from proctor.reports.reproducer.assemble import assemble, library
from proctor.reports.reproducer.generated import CHECK, OF_MOMENTS
from proctor.reports.reproducer.parts.questions import COUNTED
from proctor.reports.reproducer.script import reproducer
from proctor.reports.reproducer.wording import code_of, number, words_of

TARGET = Target("some", ("some", "--"))
EVERYTHING = (
    s.Settle(), s.Settle(limit=2.0), s.Signal(15), s.Signal(2, "group"), s.Hold(), s.Signal(34, "command"), s.Release(),
    s.WaitReceived(15), s.WaitReceived(15), s.Look(), s.Order(orders.Ignore(15)), s.Order(orders.Spawn("other")),
    s.WaitReady("other"),
    s.Order(orders.Exit(0), "other"), s.WaitStopped(), s.WaitContinued(), s.Order(orders.Exit(0)),
    s.WaitEnds("command"),
    s.WaitEnds(),
)  # fmt: skip
AT_A_TERMINAL = (
    s.Press("ctrl-c"), s.Type(b"x\n"), s.TypePattern(10), s.Resize(1, 2), s.Order(orders.ReadLine()),
    s.WaitAnswer("read-line"),
    s.HangUp(),
)  # fmt: skip
SCHEDULE = parse("at launcher clone#1 exit: deliver TERM to launcher\nat child1 birth: hold until launcher blocks")
CHECKS = {check for one in QUESTIONS for check in one.checks if "." in check}
PLAIN = {check for one in QUESTIONS for check in one.checks if one.is_plain}
CAMPAIGNS = {check for one in QUESTIONS for check in one.checks if "." not in check}
REQUIREMENTS = {requirement for one in QUESTIONS for requirement in one.requirements}
STAGES = [
    Stage(),
    Stage(terminal=True),
    Stage(terminal=True, parent="job"),
    Stage(parent="init"),
    Stage(terminal=True, parent="bash"),
]


WRONG = Violation("SIG-1/wrong", {}, "a", "b")


def summary(check: str, stage: Stage = STAGES[2], schedule: str = "", target: Target = TARGET) -> FindingSummary:
    steps: tuple[s.Step, ...] = (*EVERYTHING, *(AT_A_TERMINAL if stage.terminal else ()))
    scenario = Scenario(steps, stage)
    return FindingSummary("SIG-1", "MUST", "It is so.", check, target, scenario, parse(schedule), (WRONG,), {})


def undefined(script: str) -> set[str]:
    """Return names that are used in a script but nowhere given a value."""
    tree = ast.parse(script, feature_version=(3, 8))
    given = set(dir(builtins)) | {"__file__"}
    used: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else given).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            given.add(node.name)
        elif isinstance(node, ast.arg):
            given.add(node.arg)
        elif isinstance(node, ast.alias):
            given.add(node.asname or node.name)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            given.add(node.name)
    return used - given


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: f"{stage.parent}-{stage.terminal}")
@pytest.mark.parametrize("check", sorted(CHECKS))
def test_every_question_makes_a_whole_script(check: str, stage: Stage) -> None:
    if check in PLAIN and stage.parent in s.SHELLS:
        stage = STAGES[0]  # it says why not: see below
    script = reproducer(summary(check, stage))
    assert undefined(script) == set()


@pytest.mark.parametrize("check", sorted(CAMPAIGNS))
def test_every_campaign_makes_a_whole_script(check: str) -> None:
    script = reproducer(summary(check, schedule=str(SCHEDULE)))
    assert undefined(script) == set()
    assert "'clone', 'exit', 1, 1" in script


@pytest.mark.parametrize("schedule", ["", str(SCHEDULE)], ids=["alone", "scheduled"])
@pytest.mark.parametrize("requirement", sorted({*REQUIREMENTS, "EXIT-4"}))
def test_every_generated_script_is_whole(requirement: str, schedule: str) -> None:
    generated = summary(CHECK, schedule=schedule)._replace(requirement=requirement, counts=((15, 1, 2),))
    script = reproducer(generated)
    assert undefined(script) == set()
    assert ("'SIGTERM': (1, 2)" in script) == (requirement in COUNTED)
    assert ("    trace(run)" in script) == bool(schedule)


@pytest.mark.parametrize("requirement", sorted(OF_MOMENTS))
def test_what_speaks_of_moments_needs_a_schedule(requirement: str) -> None:
    generated = summary(CHECK, schedule=str(SCHEDULE))._replace(requirement=requirement)
    assert undefined(reproducer(generated)) == set()
    with pytest.raises(UsageError, match=f"no question for {requirement}"):
        reproducer(generated._replace(schedule=parse("")))


def test_every_check_that_is_named_is_there() -> None:
    for check in CHECKS:
        assert callable(named(check, TARGET))
    assert {campaign.name for campaign in campaigns_of_any_launcher() if not campaign.failing} == CAMPAIGNS


def test_every_check_of_these_chapters_has_a_question() -> None:
    """Those that are left out need environments, a service manager, or two commands: WHY_NOT, OF_ENVIRONMENTS."""
    left_out = {*OF_ENVIRONMENTS, *WHY_NOT}
    for chapter in ("exit", "signals", "terminal", "tree", "inherit", "exec"):
        tree = ast.parse((Path(checks.__path__[0]) / f"{chapter}.py").read_text(encoding="utf-8"))
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if [one.arg for one in node.args.args][:2] == ["history", "bare"]:
                assert f"{chapter}.{node.name}" in CHECKS | left_out


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (summary("cache.works_afterwards"), "environments and caches"),
        (summary("inherit.signal_settings", STAGES[4]), "under a shell"),
        (summary("exec.nothing_visible"), "a command that shows its signals"),
        (summary("exec.replaced_and_gone"), "environments and caches"),
        (summary("exec.is_accepted_as_main"), "a service manager"),
        (summary("start", schedule="at launcher clone#1 exit: call prune"), "a second time"),
        (summary("start", schedule="at launcher clone#1 exit: deliver TERM to all"), "'all'"),
        (summary("exit.same_status", Stage(notify=True)), "a service manager"),
        (summary("exit.same_status", Stage(home="warm")), "only Proctor sets up"),
        (summary("exit.same_status", target=Target("none", ())), "no launcher"),
        (summary("exit.same_status", target=Target("w", ("x", "{wheels}"))), "a wheel"),
        (summary("exit.same_status", target=Target("w", ("x", "{tarball}"))), "a tarball"),
    ],
)
def test_what_cannot_be_a_script_says_why_and_what_to_do(changed: FindingSummary, says: str) -> None:
    with pytest.raises(UsageError, match="Send the case file itself instead; `proctor replay CASE`") as error:
        reproducer(changed)
    assert says in str(error.value)


def test_only_what_is_needed_is_in_it() -> None:
    script = assemble(
        "About.", "LAUNCHER = []\n\ndef play(run):\n    settle(run)\n\ndef judge(bare, launched):\n    return []"
    )
    names = {node.name for node in ast.parse(script).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    assert {"ObservedRun", "ReportingCommand", "settle", "main"} <= names
    assert not {"press", "ptrace", "stays", "LauncherTracer", "send"} & names


SIGNALLED = (s.Settle(), s.Signal(15), s.WaitReceived(15), s.Settle(), *finish())
PRESSED = (s.Settle(), s.Press("ctrl-c"), s.WaitReceived(2), s.Settle(), *finish())
HELD = (s.Settle(), s.Hold(), s.Press("ctrl-c"), s.Settle(), s.Release(), s.Settle(), *finish())


@pytest.mark.parametrize(
    ("check", "steps", "stage", "lines"),
    [
        ("signals.reaches_command", SIGNALLED, PIPES, 375),
        ("signals.reaches_command", SIGNALLED, LEADER, 395),
        ("signals.reaches_command", SIGNALLED, JOB, 415),
        ("terminal.key_arrives", PRESSED, LEADER, 395),
        ("terminal.key_arrives", PRESSED, JOB, 415),
        ("terminal.key_arrives_once", HELD, LEADER, 435),
        ("terminal.key_arrives_once", HELD, JOB, 455),
    ],
)
def test_plain_scenarios_are_short(check: str, steps: tuple[s.Step, ...], stage: Stage, lines: int) -> None:
    script = reproducer(summary(check)._replace(scenario=Scenario(steps, stage)))
    assert script.count("\n") < lines
    for absent in ("ptrace", "SCHEDULE", "unshare", "PS1", "order_spawn"):
        assert absent not in script


def test_no_annotation_and_no_declaration_is_left() -> None:
    script = reproducer(summary("start", schedule=str(SCHEDULE)))
    for node in ast.walk(ast.parse(script)):
        assert not isinstance(node, ast.AnnAssign)
        assert not (isinstance(node, ast.arg) and node.annotation)
        assert not (isinstance(node, ast.FunctionDef) and node.returns)
    assert "noqa" not in script
    assert "fmt: skip" not in script


def test_the_parts_have_each_name_once() -> None:
    names = [name for name in library().pieces if name not in ("play", "judge")]
    assert len(names) == len(set(names)) > 100


def test_signals_are_written_as_a_person_would() -> None:
    assert [number(15), number(34), number(36)] == ["signal.SIGTERM", "signal.SIGRTMIN", "signal.SIGRTMIN + 2"]
    assert ast.parse(number(16))


def test_each_step_has_code_and_words() -> None:
    for step in (*EVERYTHING, *AT_A_TERMINAL, s.Trace(15), s.WaitOutput("<prompt>"), s.NewPhase()):
        assert ast.parse(code_of(step))
        assert words_of(step)
    with pytest.raises(UsageError, match="cannot be exported"):
        code_of(s.Compare("later"))


def test_an_issue_has_its_parts_in_order() -> None:
    told = summary("exit.same_status")._replace(timeline=("   1  0.00 ms  launcher started",))
    text = markdown(told, "print('x')\n")
    parts = [
        "# `some`",
        "It is so.",
        "## Versions",
        "## Steps",
        "## Required",
        "## What happened",
        "<details>",
        "print(",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "actual:   b" in text


def test_fences_are_longer_than_what_is_in_them() -> None:
    text = markdown(summary("exit.same_status"), "x = '````'\n")
    assert "\n`````python\nx = '````'\n`````\n" in text


def test_control_characters_are_shown() -> None:
    assert harmless("a\x1b[31m\nb\x07") == "a\\x1b[31m\nb\\x07"
