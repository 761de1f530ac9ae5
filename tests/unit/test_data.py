"""Scenario, history, target: data that goes both ways, and errors that say what to do."""

from __future__ import annotations

import re
import typing

import msgspec
import pytest

from proctor.harness import history as facts
from proctor.harness import orders, signals
from proctor.harness import scenario as steps
from proctor.harness.awaited import (
    Awaited,
    LauncherStarted,
    LauncherTraceable,
    OrderDone,
    OrderTaken,
    ScriptDone,
)
from proctor.harness.errors import UsageError, nearest
from proctor.harness.history import Event, Fact, History, from_lines, to_lines
from proctor.harness.scenario import Scenario, Stage, Step, key_of
from proctor.harness.schedule import Deliver, Directive, Point, PressKey, RunTask
from proctor.harness.strict import convert, parse_json
from proctor.harness.target import PROFILES, Target
from tests.unit.histories import (
    CHARACTERS,
    COMMAND,
    INHERITED,
    LAUNCHER,
    MODES,
    TERMINAL,
    looked,
    process,
    started,
)

HOSTILE = "\x1b]0;owned\x07\x9b31m\u202e\u2028\x85\r\n\x7f\0"

ALL_STEPS: tuple[Step, ...] = (
    steps.Signal(15),
    steps.Signal(9, "group"),
    steps.Press("ctrl-\\"),
    steps.Type(b"\xff\0"),
    steps.TypePattern(1 << 20, 3),
    steps.Resize(50, 132),
    steps.HangUp(),
    steps.ClosePipe("stdin"),
    steps.StopReading(),
    steps.ReadOn("stderr", most=100),
    steps.ReadRest(),
    steps.Order(orders.Write(5, 3), waits=False),
    steps.MeasureCpu(),
    steps.Order(orders.Exit(3)),
    steps.Order(orders.ReadLine(), "grandchild"),
    steps.Hold(),
    steps.Release(),
    steps.Trace(),
    steps.Trace(at_reap=15),
    steps.NewPhase(),
    steps.Start("prune", "prune"),
    steps.Enter("tool"),
    steps.Reuse(),
    steps.Compare("later"),
    steps.Settle(),
    steps.Look(),
    steps.WaitReceived(2, "grandchild"),
    steps.WaitEnds(),
    steps.WaitEnds("command"),
    steps.WaitReady(),
    steps.WaitStopped("launcher"),
    steps.WaitContinued(),
    steps.WaitAnswer("read"),
    steps.WaitOutput("<prompt>"),
    steps.WaitMilestone("saved"),
)
POINT = Point("child1.t2", "setsid", 2, "entry", 2)
ALL_AWAITED: tuple[Awaited, ...] = (
    steps.WaitReceived(2, "grandchild"),
    steps.WaitEnds(),
    steps.WaitReady(),
    steps.WaitStopped("launcher"),
    steps.WaitContinued(),
    steps.WaitAnswer("read"),
    steps.WaitOutput("<prompt>"),
    steps.WaitMilestone("saved"),
    OrderTaken("command", orders.Exit(3)),
    OrderDone("command", orders.ReportView()),
    LauncherStarted(),
    LauncherTraceable(),
    ScriptDone(),
)
ALL_FACTS: tuple[Fact, ...] = (
    started(),
    facts.NotStarted("exec", 8),
    facts.WitnessReady("command", COMMAND, INHERITED),
    facts.Sent(15, "group", 10, 3),
    facts.Pressed("ctrl-c"),
    facts.Typed(3, 0xFFFFFFFF),
    facts.Resized(50, 132),
    facts.HungUp(),
    facts.PipeClosed("stdout"),
    facts.ReadingStopped("stderr"),
    facts.ReadingResumed("stdout", 100),
    facts.RestRead(b"\xff\n", 9000),
    facts.CpuUsed(0.2, 0.25, True, "busy"),
    facts.Ordered("command", orders.Exit(3)),
    facts.Answered("command", "read", 1 << 20, 5, 11),
    facts.Milestone("command", "saved"),
    facts.TerminalState("command", 10, 9, TERMINAL),
    facts.Received("command", 15, signals.SI_USER, 10, 0.25, "launcher"),
    facts.Stopped("command", 19),
    facts.Continued("command"),
    facts.Ended("command", COMMAND),
    facts.Ended("launcher", LAUNCHER, code=0),
    facts.Ended("launcher", LAUNCHER, signal=9),
    facts.Output("terminal", bytes(range(256))),
    facts.Outputs("stdout", 1 << 40, 7),
    facts.Held((10, 12), "SIGSTOP"),
    facts.Released((10, 12)),
    facts.TraceStarted((10,)),
    facts.SignalCall("kill", -10, 15, -3),
    facts.Reaped("command", COMMAND),
    facts.PointReached(POINT, Point("launcher", "clone"), 15, 1 << 14, 0, 1 << 63),
    facts.DirectiveApplied(Directive(POINT, Deliver(15, "group")), "done"),
    facts.NotReached(Directive(POINT, PressKey("ctrl-c"))),
    facts.SettleEnded("waited", 1.0, "a task was running at every look"),
    facts.WaitEnded(steps.WaitReady(), 0.25, 0.125),
    *(facts.WaitFailed(awaited, 5.0, True, (process("launcher"),)) for awaited in ALL_AWAITED),
    facts.WaitFailed(ScriptDone(), 5.0, False, hidden=facts.Hidden("traced", "command"), step=3),
    looked("end", process("launcher", "Z", "a) b"), modes=MODES, characters=CHARACTERS, flags=2048),
    facts.TempFilesLeft(("a", "b/c")),
    facts.FlagsChanged(1, 0o1, 0o4001, "launcher"),
    facts.IpcLeft(("/dev/shm/x",)),
    facts.ProcessDetails(7, "sleep", "child1", ("sleep", "9"), 0.5, ("/tmp/a",), ("127.0.0.1:80 (LISTEN)",)),
    facts.Unobserved("ptrace-refused"),
    facts.LimitExceeded("processes", 400),
    facts.HelperReady("backend", 14),
    facts.Executed("launcher", LAUNCHER, (b"bash", b"/shims/python3")),
    facts.FilesChanged("later", (facts.FileChange("HOME/x", "file", "created", own=True),), 1, ("HOME/e",)),
    facts.Printed("prune", b"done\n"),
    facts.CallNotStarted("tool", "exec", 2),
    facts.Notified(COMMAND, "READY=1\n"),
    facts.PeerRefused(0, 65534, "outside"),
    facts.StepTaken(
        "child1",
        (facts.Able("child1", "kill entry +15"), facts.Able("press ctrl-c", "stimulus")),
        2,
        "kill",
        "entry",
        ("process:launcher", "signal:15"),
        -3,
        (1 << 14, 0, 1 << 63),
        None,
        (15,),
        "wait4",
        True,
        True,
        False,
        "launcher",
        True,
    ),
    facts.ChoiceRefused(RunTask("launcher.t2"), 3),
)


def kinds(union: object) -> set[type]:
    """Return the types of a union, those of unions inside it as well."""
    parts = typing.get_args(union)
    return set().union(*map(kinds, parts)) if parts else {typing.cast("type", union)}


def a_history(*made: Fact) -> History:
    script = Scenario(
        ALL_STEPS,
        Stage(terminal=True, parent="bash", environment={"X": b"\xff"}),
        args=(b"", b"\xff"),
        within=2.5,
    )
    return History(
        "a launcher", script, "literal", tuple(Event(n, n / 8, "runner", fact) for n, fact in enumerate(made))
    )


# -- both ways


def test_every_step_and_every_fact_is_here() -> None:
    assert {type(step) for step in ALL_STEPS} == kinds(Step)
    assert {type(fact) for fact in ALL_FACTS} == kinds(Fact)
    assert {type(awaited) for awaited in ALL_AWAITED} == kinds(Awaited)


@pytest.mark.parametrize("step", ALL_STEPS, ids=repr)
def test_step_goes_both_ways(step: Step) -> None:
    script = Scenario((step,))
    assert parse_json(msgspec.json.encode(script), Scenario, "here") == script
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(script), type=Scenario) == script


SCENARIOS = (
    Scenario((), Stage(home="cold")),
    Scenario((), Stage(home="warm", build_waits=True)),
    Scenario((), Stage(home="stale", notify=True)),
    Scenario((), command="tool", invoke="run", interpreter="other"),
    Scenario((steps.WaitEnds(),), invoke="sync", interpreter="killed", after=ALL_STEPS),
    Scenario((steps.WaitEnds(),), invoke="prune", after=(steps.Compare("later"), steps.Start("run", "next"))),
)


@pytest.mark.parametrize("script", SCENARIOS, ids=repr)
def test_scenario_goes_both_ways(script: Scenario) -> None:
    assert parse_json(msgspec.json.encode(script), Scenario, "here") == script
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(script), type=Scenario) == script
    plain = Scenario(script.steps)
    assert key_of(script) != key_of(plain)


def test_what_a_scenario_does_not_say_is_as_ever() -> None:
    """Cases that were written before there were environments mean the same."""
    script = parse_json('{"steps": []}', Scenario, "here")
    assert (script.invoke, script.after, script.interpreter, script.stage.home) == ("run", (), "usual", "kept")
    assert not (script.stage.build_waits or script.stage.notify)
    assert msgspec.json.encode(script) == b'{"steps":[]}'


@pytest.mark.parametrize(
    ("script", "starts"),
    [
        (Scenario(()), True),
        (Scenario((), command="tool"), True),
        (Scenario((), Stage(build_waits=True), command="tool"), False),
        (Scenario((), command="missing"), False),
        (Scenario((), invoke="sync"), False),
        (Scenario((), command="tool", invoke="prune"), False),
    ],
)
def test_who_starts_a_command(script: Scenario, starts: bool) -> None:
    assert script.starts_command == starts


@pytest.mark.parametrize("fact", ALL_FACTS, ids=lambda fact: type(fact).__name__)
def test_fact_goes_both_ways(fact: Fact) -> None:
    made = a_history(fact)
    assert from_lines(to_lines(made)) == made
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=History) == made


def test_history_goes_both_ways_whole() -> None:
    made = a_history(*ALL_FACTS)
    text = to_lines(made)
    assert text.count("\n") == len(ALL_FACTS) + 1
    assert from_lines(text) == made
    assert from_lines("\n" + text.replace("\n", "\r\n\n")) == made


def test_names_that_hold_line_ends_of_unicode_go_both_ways() -> None:
    """JSON escapes the line ends of ASCII, but not these."""
    made = a_history(facts.TempFilesLeft(("a\x85b", "c\u2028d", "e\u2029f")), looked("end", process("", name=HOSTILE)))
    assert from_lines(to_lines(made)) == made


def test_target_goes_both_ways() -> None:
    target = Target(
        "t",
        ("a", "{command}"),
        profiles=PROFILES,
        environment={"A": "1"},
        sync=("s", "{wheels}"),
        prune=("p",),
        own=("{home}/.cache", "{work}/.venv"),
        keeps=("log*",),
        deviations={"SIG-1": "so"},
        slow=True,
    )
    assert convert(msgspec.to_builtins(target), Target, "here") == target


def test_equal_scenarios_have_equal_keys() -> None:
    one = Scenario((steps.Settle(),), Stage(environment={"A": b"1", "B": b"2"}))
    same = Scenario((steps.Settle(),), Stage(environment={"B": b"2", "A": b"1"}))
    other = Scenario((steps.Settle(),), Stage(environment={"A": b"1"}))
    assert key_of(one) == key_of(same) != key_of(other)


def test_a_history_finds_its_facts_in_order() -> None:
    made = a_history(facts.Stopped("a"), facts.Continued("b"), facts.Stopped("c"))
    assert [fact.process for fact in made.facts(facts.Stopped)] == ["a", "c"]
    assert [event.index for event, _ in made.all(facts.Stopped)] == [0, 2]


# -- strict


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"steps": [], "withing": 3}', "unknown key 'withing' (did you mean 'within'?)"),
        ('{"steps": [{"do": "signal", "signl": 15}]}', "unknown key 'signl' (did you mean 'signal'?)"),
        ('{"steps": [], "stage": {"termnal": true}}', "unknown key 'termnal' (did you mean 'terminal'?)"),
        ('{"steps": [], "zzz": 1}', "unknown key 'zzz'; known keys: "),
        ('{"steps": [{"do": "sginal", "signal": 15}]}', "(did you mean 'signal'?)"),
        (
            '{"steps": [{"do": "signal", "signal": "TERM"}]}',
            "'steps[0].signal' must be an integer, but is \"TERM\"",
        ),
        ('{"steps": [{"do": "signal", "signal": 1.5}]}', "'steps[0].signal' must be an integer, but is 1.5"),
        ('{"steps": [{"do": "press", "key": "ctrl-x"}]}', 'is "ctrl-x", which is not one of: ctrl-c, '),
        ('{"steps": [{"signal": 15}]}', "'steps[0].do' is missing"),
        ('{"steps": [], "invoke": "build"}', "'invoke' is \"build\", which is not one of: run, sync, prune"),
        ('{"steps": [], "interpreter": "old"}', 'is "old", which is not one of: '),
        ('{"steps": [], "command": "tol"}', 'is "tol", which is not one of: '),
        ('{"steps": [], "stage": {"home": "hot"}}', 'is "hot", which is not one of: '),
        ('{"steps": [], "stage": {"buildwaits": true}}', "(did you mean 'build_waits'?)"),
        ('{"steps": [], "after": [{"do": "compare"}]}', "'after[0].when' is missing"),
        ('{"steps": [{"do": "start", "invoke": "run"}]}', "'steps[0].name' is missing"),
        ('{"steps": 1}', "'steps' must be a list, but is 1"),
        ("{}", "'steps' is missing"),
        ("[]", "the document must be a table, but is []"),
        ('{"steps": []', "this is not JSON"),
        ("", "case.json: the file is empty"),
        ("\x00\xff", "this is not JSON"),
    ],
)
def test_scenario_that_is_none(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)) as caught:
        parse_json(text, Scenario, "case.json")
    assert str(caught.value).startswith("case.json: ")


HEAD = '{"schema":2,"target":"t","scenario":{"steps":[]},"containment":"c"}\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "h.jsonl: empty; a history starts with a head line"),
        (" \n\t\n", "h.jsonl: empty"),
        ("garbage", "h.jsonl, line 1: this is not JSON"),
        ('{"index":0,"time":0,"source":"s","fact":{"is":"hung-up"}}', "h.jsonl, line 1: "),
        (HEAD.replace('"schema":2', '"schema":1'), "has schema 1; this Proctor reads schema 2. Record it again"),
        (HEAD.replace('"schema":2', '"schema":3'), "has schema 3; this Proctor reads schema 2. Update Proctor"),
        (HEAD.replace('"target"', '"taget"'), "unknown key 'taget' (did you mean 'target'?)"),
        (HEAD + HEAD, "h.jsonl, line 2: unknown key"),
        (HEAD + '{"index":0,"time":0,"source":"s","fact":{"is":"hung-', "h.jsonl, line 2: this is not JSON"),
        (HEAD + '{"index":0,"time":0,"source":"s","fact":{"is":"hung"}}', "h.jsonl, line 2: "),
        (HEAD + '{"index":"0","time":0,"source":"s","fact":{"is":"hung-up"}}', "'index' must be an integer"),
        (
            HEAD + '{"index":0,"tim":0,"source":"s","fact":{"is":"hung-up"}}',
            "unknown key 'tim' (did you mean 'time'?)",
        ),
        (HEAD + '{"index":0,"time":0,"source":"s"}', "'fact' is missing"),
    ],
    ids=[
        "empty",
        "blank",
        "garbage",
        "no-head",
        "older",
        "newer",
        "head-key",
        "two-heads",
        "truncated",
        "kind",
        "type",
        "key",
        "fact",
    ],
)
def test_lines_that_are_no_history(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        from_lines(text, "h.jsonl")


def test_history_cut_at_any_byte_is_whole_lines_or_an_error() -> None:
    made = a_history(*ALL_FACTS)
    text = to_lines(made)
    for end in range(0, len(text), 37):
        try:
            read = from_lines(text[:end])
        except UsageError:
            continue
        assert read.events == made.events[: len(read.events)]


def test_nearest_says_nothing_where_nothing_is_near() -> None:
    assert nearest("commnad", ["command", "version"]) == " (did you mean 'command'?)"
    assert nearest("zzz", ["command", "version"]) == ""
