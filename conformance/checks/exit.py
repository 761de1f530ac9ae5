"""Chapter EXIT: how the launcher ends."""

from __future__ import annotations

import re
import signal

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    Violation,
    end_of,
    has,
    how_ended,
    launcher_is_command,
    launcher_stays,
    missed,
    needs_tracing,
    needs_whole_script,
    status,
)
from proctor.harness.history import History, Output, Outputs, Reaped, WitnessReady
from proctor.harness.signals import name


def same_status(history: History, bare: History) -> list[Violation]:
    """EXIT-1, EXIT-2, EXIT-7: a shell sees the same status, by exit code or by the same signal."""
    if found := missed(history):
        return found
    mine, its = end_of(history, "launcher"), end_of(bare, "launcher")
    if mine and status(mine[1]) is None:
        raise NotObservable("the launcher ended in a way that only its parent knows, and that did not say it")
    if not mine or not its or status(mine[1]) == status(its[1]):
        return []
    required = f"status {status(its[1])}, for the command ended {how_ended(its[1])}"
    return [Violation(required, f"status {status(mine[1])}: the launcher ended {how_ended(mine[1])}", (mine[0].index,))]


def status_despite_signal(history: History, bare: History) -> list[Violation]:
    """EXIT-7: as same_status, where the signal has come through to a command that ends of it."""
    if not end_of(history, "command"):
        raise NotObservable("the signal did not make the command end: see SIG-1")
    return same_status(history, bare)


def status_after_late_signal(history: History, bare: History) -> list[Violation]:
    """EXIT-7: as same_status, with a signal at the very return of the call that reaped the command."""
    needs_tracing(history)
    if launcher_is_command(history):
        raise NotApplicable("the launcher has replaced itself by the command: nobody reaps it for the caller")
    if not has(history, Reaped):
        raise NotObservable(
            "the launcher itself was not seen to reap the command: a process in between does, or nobody"
        )
    return same_status(history, bare)


def not_before_command(history: History, bare: History) -> list[Violation]:
    """EXIT-3: the launcher does not end before the command. That a command does not stop or go on is for others."""
    if found := launcher_stays(history):
        return found
    if has(history, WitnessReady) and not end_of(history, "launcher"):
        needs_whole_script(history)
    return missed(history)


def not_found(history: History, bare: History) -> list[Violation]:
    """EXIT-4, a command that does not exist: 127, and a message that names it."""
    return _refusal(history, 127, "no-such-command")


def not_executable(history: History, bare: History) -> list[Violation]:
    """EXIT-4, a command that may not be executed: 126, and a message that names it."""
    return _refusal(history, 126, "forbidden-command")


def _refusal(history: History, code: int, command: str) -> list[Violation]:
    if found := missed(history):
        return found
    end = end_of(history, "launcher")
    found = []
    if end and status(end[1]) != code:
        found.append(Violation(f"exit code {code}", f"it ended {how_ended(end[1])}", (end[0].index,)))
    if command not in said(history):
        found.append(Violation(f"the message names the command ({command})", f"it said {said(history)[:200]!r}"))
    return found


def said(history: History, after: int = 0) -> str:
    """Return what was printed after an event, line ends made plain."""
    data = b"".join(fact.data for event, fact in history.all(Output) if event.index > after)
    return data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def names_the_death(history: History, bare: History) -> list[Violation]:
    """EXIT-5: the launcher says which program died of which signal, and the status is 128+N."""
    if launcher_is_command(history):
        raise NotApplicable("the launcher has replaced itself by the command: there is nobody left to say it")
    if found := same_status(history, bare):
        return found
    its = end_of(bare, "launcher")
    greeted = next(event.index for event, _ in history.all(WitnessReady))
    number = its[1].signal if its else None
    if number is None:
        raise NotApplicable("the bare command did not die of a signal")
    found = _says_who_died(said(history, greeted), number, "command", "witness")
    if found:
        _needs_all_that_was_said(history)
    return found


def _needs_all_that_was_said(history: History) -> None:
    """Raise NotObservable where there was more output than is kept."""
    kept = sum(len(fact.data) for fact in history.facts(Output))
    if kept < sum(fact.count for fact in history.facts(Outputs)):
        raise NotObservable("there was more output than is kept, and what was said may be in the rest of it")


def _says_who_died(text: str, number: int, what: str, program: str) -> list[Violation]:
    word = name(number).removeprefix("SIG")
    in_words = re.escape(signal.strsignal(number) or word)  # as shells say it: "Segmentation fault"
    told = re.search(rf"\b(SIG)?{word}\b|signal:? ?\(?{number}\b|(\bkilled\b|{in_words})(?!-)", text, re.IGNORECASE)
    found = []
    if not told:
        found.append(Violation(f"a message that says the {what} died of {name(number)}", f"it said {text[:200]!r}"))
    if program not in text:
        found.append(Violation(f"a message that names the program that died, {program}", f"it said {text[:200]!r}"))
    return found


def names_the_interpreter(history: History, bare: History) -> list[Violation]:
    """EXIT-5: an interpreter that is killed when it is queried is named with its signal, and the status is 137."""
    if found := missed(history):
        return found
    end = end_of(history, "launcher")
    if end is None or status(end[1]) == 0:
        raise NotApplicable("the launcher did not use the interpreter that it was given")
    found = []
    if status(end[1]) != 128 + signal.SIGKILL:
        required = "status 137, as the interpreter was killed by SIGKILL"
        found.append(Violation(required, f"it ended {how_ended(end[1])}", (end[0].index,)))
    return found + _says_who_died(said(history), signal.SIGKILL, "interpreter", "killed-python")


def ends_with_command(history: History, bare: History) -> list[Violation]:
    """EXIT-6: the launcher ends when the command has, whoever else holds its stdout."""
    return missed(history) or same_status(history, bare)
