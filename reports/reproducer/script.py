"""A case as a script: its head, its steps, its question."""

from __future__ import annotations

import re
import textwrap
from collections import Counter

from proctor.harness import scenario as s
from proctor.harness.target import COMMAND, Target
from proctor.reports.finding import FindingSummary
from proctor.reports.reproducer.asking import Question, filled, question_of
from proctor.reports.reproducer.assemble import assemble
from proctor.reports.reproducer.generated import CHECK, question_of_generated
from proctor.reports.reproducer.tables import tables
from proctor.reports.reproducer.wording import code_of, not_exported

WIDTH = 117
USAGE = """\
Run it on Linux, with Python 3.8 or newer: `python3 FILE`, or `python3 FILE -- LAUNCHER OPTIONS...` for another one.
Exit code 1: the fault is there; 0: it is not; 2: it could not be told. It leaves nothing behind. Made by Proctor."""
PLACES = ("{home}", "{work}", "{tmp}")
"""Words in a target that stand for directories: a reproducer has one for all."""


def reproducer(account: FindingSummary) -> str:
    """Return the script; raise WrongCall for a case that cannot become one, with the reason."""
    _check(account)
    question = _question(account)
    own = "\n\n".join([_constants(account), _play(account, question), _judge(question)])
    constants = {}
    if account.schedule.directives or any(isinstance(step, s.Trace) for step in account.scenario.steps):
        constants = tables(account.schedule)
    return assemble(_head(account), own, _orders(account.scenario, question), constants)


def _question(account: FindingSummary) -> Question:
    if account.check == CHECK:
        return filled(question_of_generated(account), account.scenario, account.schedule)
    return question_of(account.check, account.scenario, account.schedule)


def _check(account: FindingSummary) -> None:
    """Raise WrongCall where a script could not set the case up."""
    scenario, stage = account.scenario, account.scenario.stage
    if scenario.invoke != "run" or scenario.command == "tool" or scenario.after or stage.home != "kept":
        raise not_exported("it needs an environment, a cache or a project, which only Proctor sets up")
    plain = s.Stage(terminal=stage.terminal, under=stage.under, type_ahead=stage.type_ahead)
    odd = [name for name in s.Stage.__struct_fields__ if getattr(stage, name) != getattr(plain, name)]
    if odd or scenario.args:
        raise not_exported(f"it is about what the launcher is started with ({', '.join(odd or ['arguments'])})")
    if stage.under == "init" and stage.terminal:
        raise not_exported("it needs a terminal for PID 1")
    if not account.target.command:
        raise not_exported("it has no launcher: it is about the bare command")
    texts = [*account.target.command, *account.target.environment.values()]
    if any("{wheels}" in text or "{interpreter}" in text for text in texts):
        raise not_exported("its launcher is called with a wheel or an interpreter that Proctor makes")


def _constants(account: FindingSummary) -> str:
    target = account.target
    launcher = [_here(word) for word in target.command]
    lines = [f"LAUNCHER = {launcher!r}"]
    if _has_more(target):
        environment = {key: _here(value) for key, value in target.environment.items()}
        lines.append(f"ENVIRONMENT = {environment!r}")
        lines.append(f"FILES = {target.files!r}")
    return "\n".join(lines)


def _has_more(target: Target) -> bool:
    """Whether its launcher is called with files or variables of its own."""
    return bool(target.environment or target.files or any(place in word for word in target.command for place in PLACES))


def _here(word: str) -> str:
    for place in PLACES:
        word = word.replace(place, "{here}")
    return word


def _play(account: FindingSummary, question: Question) -> str:
    target, scenario, is_traced = account.target, account.scenario, question.is_scheduled
    lines = [*(["direct(run)"] if is_traced else []), _start(scenario.stage)]
    if scenario.command != "witness":
        lines.insert(0, f"use_a_command_that_is_{scenario.command}(run)")
    elif scenario.stage.under not in s.SHELLS:
        lines.append("comes(run, 'command', 'runs')")
    if scenario.stage.type_ahead:
        lines.insert(0, f"type_in(run, {scenario.stage.type_ahead!r})")
    if scenario.stage.terminal:
        lines.insert(0, "open_terminal(run)")
    if COMMAND in target.command and scenario.command == "witness":
        lines.insert(0, "put_in_place(run)")
    if _has_more(target):
        lines.insert(0, "lay_out(run)")
    lines += question.begin
    lines += _steps(scenario, question)
    if question.end:
        lines = ["try:", *(f"    {line}" for line in lines), "finally:", *(f"    {line}" for line in question.end)]
    return _function("play(run)", "What is done, in order", lines)


def _steps(scenario: s.Scenario, question: Question) -> list[str]:
    waited: Counter[s.Step] = Counter()
    lines = []
    unseen = _is_held_unseen(scenario)
    for step in scenario.steps:
        waited[step] += isinstance(step, s.WaitReceived | s.WaitAnswer)
        lines.append(code_of(step, waited[step], unseen))
        if isinstance(step, s.Order) and step.text.startswith("spawn "):
            lines.append(code_of(s.WaitReady(step.text.split()[1])))
    if "in_time" in question.judge:
        return [re.sub(r"comes\((.*), 'received', ", r"receives_in_time(\1, ", line) for line in lines]
    return lines


def _is_held_unseen(scenario: s.Scenario) -> bool:
    """Whether SIGSTOP and SIGCONT would change what the case shows: a shell sees that its job is stopped, the kernel
    sends a SIGCONT with a hang-up, or the launcher itself is signalled while it is held still."""
    held = scenario.stage.under in s.SHELLS
    if held:
        return any(isinstance(step, s.Hold) for step in scenario.steps)
    for step in scenario.steps:
        held = isinstance(step, s.Hold) or (held and not isinstance(step, s.Release))
        if held and (isinstance(step, s.HangUp) or (isinstance(step, s.Signal) and step.to == "launcher")):
            return True
    return False


def _start(stage: s.Stage) -> str:
    if stage.under in s.SHELLS:
        return f"under_shell(run, {stage.under!r})"
    if stage.under == "init":
        return "as_init(run)"
    if not stage.terminal:
        return "on_pipes(run)"
    return "as_job(run)" if stage.under == "job" else "as_leader(run)"


def _judge(question: Question) -> str:
    doc = "What is wrong, in words: `alone` is the run without the launcher, `seen` the one with it"
    lines = [*question.first, f"return {question.judge}"]
    return _function("judge(alone, seen)", doc, lines)


def _function(signature: str, doc: str, lines: list[str]) -> str:
    return "\n".join([f"def {signature}:  # {doc}", *(f"    {line}" for line in lines)])


def _orders(scenario: s.Scenario, question: Question) -> set[str]:
    """Return the names of the functions that carry out the case's orders."""
    texts = [step.text for step in scenario.steps if isinstance(step, s.Order)]
    texts += [line.split("'")[1] for line in question.begin if "order(" in line]
    return {f"order_{text.split()[0].replace('-', '_')}" for text in texts}


def _head(account: FindingSummary) -> str:
    """Return the text at the head of the script: for a person who has never heard of us."""
    seen_on = ", ".join([account.target.name, *(account.versions.get(one, "") for one in ("launcher", "system"))])
    return "\n".join(
        [
            *_wrapped(f"{account.requirement} ({account.level}): {account.sentence}"),
            *_wrapped(f"Seen on {seen_on}: {'; '.join(account.objections[:2])}"),
            *_wrapped(USAGE),
        ]
    )


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, break_on_hyphens=False)
