"""A case as a script: its head, its steps, its question."""

from __future__ import annotations

import textwrap
from collections import Counter

from proctor.harness import scenario as s
from proctor.harness.orders import Spawn
from proctor.harness.programs import PROGRAMS
from proctor.reports.finding import FindingSummary
from proctor.reports.reproducer.asking import question_of
from proctor.reports.reproducer.assemble import assemble, definition, library
from proctor.reports.reproducer.generated import CHECK, counts, question_of_generated
from proctor.reports.reproducer.parts.inherited import environment_is_as_given
from proctor.reports.reproducer.parts.launcher_tracer import needs_points
from proctor.reports.reproducer.parts.marks import Observation, Question
from proctor.reports.reproducer.parts.stages import set_unusual
from proctor.reports.reproducer.parts.steps import note_processes_left, note_terminal
from proctor.reports.reproducer.tables import stage_constant, tables, waits
from proctor.reports.reproducer.wording import code_of, not_exported

WIDTH = 117
USAGE = """\
Run it on Linux, with Python 3.8 or newer: `python3 FILE`. `python3 FILE -- LAUNCHER OPTIONS...` tests another launcher.
Exit code 1: the fault is there; 0: it is not; 2: inconclusive. It leaves nothing behind. Made by Proctor."""
PLACES = ("{home}", "{work}", "{tmp}")
"""Placeholders of directories in a target."""


def reproducer(summary: FindingSummary) -> str:
    """Return the script; raise UsageError, with the reason, for a case that cannot become one."""
    _check(summary)
    is_generated = summary.check == CHECK
    question = question_of_generated(summary) if is_generated else question_of(summary.check, summary.scenario)
    is_traced = bool(summary.schedule.directives) or question.is_scheduled
    parts = [
        _constants(summary, question.judge is environment_is_as_given), _undisturbed(summary, question),
        _play(summary, question, is_traced), _judge(question),
    ]  # fmt: skip
    constants = {"COUNTS": counts(summary), "WAITS": waits(), "STAGE": stage_constant(summary.scenario.stage)}
    if is_traced or any(isinstance(step, s.Trace) for step in summary.scenario.steps):
        constants |= tables(summary.schedule, summary.programs)
    also = [*_orders(summary.scenario, question), *([set_unusual.__name__] if summary.scenario.stage.unusual else [])]
    return assemble(_head(summary), "\n\n".join(parts), also, constants)


def _check(summary: FindingSummary) -> None:
    """Raise UsageError where a script could not set up the case."""
    scenario, stage = summary.scenario, summary.scenario.stage
    if summary.schedule.order is not None:
        raise not_exported("its schedule is an order of all steps, which a script cannot follow; replay it instead")
    if scenario.invoke != "run" or scenario.command == "tool" or scenario.after or stage.home != "kept":
        raise not_exported("it needs an environment, a cache or a project, which only Proctor sets up")
    if scenario.command in PROGRAMS:
        raise not_exported(f"its command is {scenario.command}, and only Proctor observes what that does")
    if stage.watches_flags:
        raise not_exported("it needs a tracer that sees each change of a flag, which only Proctor has")
    if stage.watches_programs:
        raise not_exported("it needs a tracer that sees each program, which only Proctor has")
    if stage.notify:
        raise not_exported("it needs a service manager, whose part only Proctor plays (NOTIFY_SOCKET)")
    if stage.build_waits:
        raise not_exported("it needs a build backend that waits, which only Proctor has")
    if stage.parent == "init" and stage.terminal:
        raise not_exported("it needs a terminal for PID 1")
    if not summary.target.command:
        raise not_exported("it has no launcher: it is about the bare command")
    texts = [*summary.target.command, *summary.target.environment.values()]
    if any(word in text for text in texts for word in ("{wheels}", "{tarball}", "{interpreter}")):
        raise not_exported("its launcher is called with a wheel, a tarball or an interpreter that Proctor makes")


def _constants(summary: FindingSummary, is_about_variables: bool) -> str:
    target, stage = summary.target, summary.scenario.stage
    lines = [f"LAUNCHER = {list(target.command)!r}"]
    if _has_more(summary):
        lines.append(f"ENVIRONMENT = { {**target.environment, **stage.environment}!r}")
        lines.append(f"FILES = {target.files!r}")
    if summary.scenario.args:
        lines.append(f"ARGUMENTS = {list(summary.scenario.args)!r}")
    if is_about_variables:
        lines.append(f"ADDS, CHANGES = {list(target.adds)!r}, {list(target.changes)!r}  # as the launcher documents")
    return "\n".join(lines)


def _has_more(summary: FindingSummary) -> bool:
    """Return whether its launcher needs files or variables."""
    target = summary.target
    has_place = any(place in word for word in target.command for place in PLACES)
    return bool(target.environment or target.files or summary.scenario.stage.environment or has_place)


def _undisturbed(summary: FindingSummary, question: Question) -> str:
    """Return the steps of the runs before the case. What they leave is the measure for a run under a schedule, so they
    are then on the stage of the case."""
    stage = summary.scenario.stage
    if question.is_scheduled:
        lines = [*_before_start(summary, "witness"), _start(stage)]
    else:
        lines = ["make_files(run)"] if _has_more(summary) else []
        lines.append("on_pipes(run, lambda: set_stage({}))")
    lines += ["wait_for(run, 'command', 'runs')", "tell(run, 'exit 0')", "wait_for(run, 'launcher', 'ended')"]
    lines += [f"{one.__name__}(run)" for one in _observations(summary, question)] if question.is_scheduled else []
    return _function("undisturbed(run):  # what is played behind the launcher before that", lines)


def _function(head: str, lines: list[str]) -> str:
    return "\n".join([f"def {head}", *(f"    {line}" for line in lines)])


def _play(summary: FindingSummary, question: Question, is_traced: bool) -> str:
    scenario = summary.scenario
    if question.is_plain:
        return _play_plain(summary, question)
    stage = scenario.stage
    lines = _before_start(summary)
    if stage.type_ahead:
        lines.append(f"type_in(run, {stage.type_ahead!r})")
    lines += [*(["trace(run)"] if is_traced else []), _start(stage)]
    if scenario.command == "witness" and stage.parent not in s.SHELLS:
        lines.append("wait_for(run, 'command', 'runs')")
    lines += [f"order(run, {order!r})" for order in question.orders]  # of the command in the script itself
    lines += [f"{one.__name__}(run)" for one in question.at_start]
    lines += _steps(scenario, question)
    observed = [*([needs_points] if is_traced else []), *_observations(summary, question)]
    end = [f"{one.__name__}(run)" for one in observed]
    if end:
        lines = ["try:", *(f"    {line}" for line in lines), "finally:", *(f"    {line}" for line in end)]
    return _function("play(run):  # the steps, in order", lines)


def _before_start(summary: FindingSummary, command: str = "") -> list[str]:
    """Return what is done before the launcher is started. command: which command it is to start, as in scenarios; the
    case's own if none is named."""
    scenario = summary.scenario
    command = command or scenario.command
    stage = scenario.stage
    lines = ["needs_stage()"] if stage.groups or stage.limits or stage.nice else []
    lines += [f"use_{command}_command(run)"] if command != "witness" else []
    lines += ["run.words += ARGUMENTS"] if scenario.args else []
    lines += ["make_files(run)"] if _has_more(summary) else []
    return [*lines, *(["open_terminal(run)"] if stage.terminal else [])]


def _play_plain(summary: FindingSummary, question: Question) -> str:
    """Return the steps where the command only shows its signals, and ends: what comes after its start is no matter."""
    if summary.scenario.stage.parent in s.SHELLS:
        raise not_exported("under a shell only the script's own command is found, and that is in Python")
    start = [_start(summary.scenario.stage), "wait_for(run, 'launcher', 'ended')"]
    end = [f"{one.__name__}(run)" for one in question.at_end]
    return _function("play(run):  # the steps, in order", [*_before_start(summary, "plain"), *start, *end])


def _observations(summary: FindingSummary, question: Question) -> list[Observation]:
    """Return what the script observes at the end, in any case."""
    found = list(question.at_end)
    if summary.schedule.directives and not question.is_scheduled and note_processes_left not in found:
        found.append(note_processes_left)  # it waits for the end of the launcher
    is_of_terminal = question.is_scheduled and summary.scenario.stage.terminal
    return [*found, *([note_terminal] if is_of_terminal and note_terminal not in found else [])]


def _steps(scenario: s.Scenario, question: Question) -> list[str]:
    waited: Counter[s.Step] = Counter()
    lines = []
    unseen = _is_held_unseen(scenario)
    for step in scenario.steps:
        waited[step] += isinstance(step, s.WaitReceived | s.WaitAnswer)
        lines.append(code_of(step, waited[step], unseen, question.is_timed))
        if isinstance(step, s.Order) and isinstance(step.order, Spawn):
            lines.append(code_of(s.WaitReady(step.order.name)))
    return lines


def _is_held_unseen(scenario: s.Scenario) -> bool:
    """Return whether SIGSTOP and SIGCONT would change what the case shows: a shell sees that its job is stopped, the
    kernel sends a SIGCONT with a hang-up, or the launcher itself is sent a signal while it is stopped."""
    held = scenario.stage.parent in s.SHELLS
    if held:
        return any(isinstance(step, s.Hold) for step in scenario.steps)
    for step in scenario.steps:
        held = isinstance(step, s.Hold) or (held and not isinstance(step, s.Release))
        if held and (isinstance(step, s.HangUp) or (isinstance(step, s.Signal) and step.to == "launcher")):
            return True
    return False


def _start(stage: s.Stage) -> str:
    if stage.parent in s.SHELLS:
        return f"under_shell(run, {stage.parent!r})"
    if stage.parent == "init":
        return "as_init(run)"
    if not stage.terminal:
        return "on_pipes(run)"
    return "as_job(run)" if stage.parent == "job" else "as_leader(run)"


def _judge(question: Question) -> str:
    """Return the question as the function `judge`."""
    return definition(question.judge.__name__).replace(question.judge.__name__, "judge", 1)


def _orders(scenario: s.Scenario, question: Question) -> set[str]:
    """Return the names of the functions that carry out the case's orders."""
    texts = ["exit 0", *(step.text for step in scenario.steps if isinstance(step, s.Order)), *question.orders]
    names = {text.split()[0]: f"order_{text.split()[0].replace('-', '_')}" for text in texts}
    for word, name in names.items():
        if name not in library().pieces:
            raise not_exported(f"only Proctor's own command can carry out the order {word!r}")
    return set(names.values())


def _head(summary: FindingSummary) -> str:
    """Return the text at the head of the script, for a reader who does not know Proctor."""
    seen_on = ", ".join([summary.target.name, *(summary.versions.get(one, "") for one in ("launcher", "system"))])
    return "\n".join(
        [
            *_wrapped(f"{summary.requirement} ({summary.level}): {summary.sentence}"),
            *_wrapped(f"Seen on {seen_on}: {'; '.join(map(str, summary.objections[:2]))}"),
            *_wrapped(USAGE),
        ]
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)
