"""Chapter EXIT: how the launcher ends."""

from __future__ import annotations

import re
import signal

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    end_key,
    end_of,
    has,
    launcher_is_command,
    launcher_stays,
    missed,
    needs_all_output,
    needs_tracing,
    needs_whole_script,
    received,
    status,
    status_key,
)
from proctor.conformance.checks.objections import violation
from proctor.harness.awaited import OrderTaken
from proctor.harness.history import Ended, Event, History, Output, Reaped, WaitFailed, WitnessReady
from proctor.harness.signals import name
from proctor.harness.violation import Violation
from proctor.harness.words import how_ended, shortened

MOST_SHOWN = 200
"""Characters of what was printed."""


def same_status(history: History, bare: History) -> list[Violation]:
    """EXIT-1, EXIT-2, EXIT-7: a shell sees the same status, by exit code or by the same signal."""
    if found := missed(history):
        return found
    mine, its = end_of(history, "launcher"), end_of(bare, "launcher")
    if mine and status(mine[1]) is None:
        raise NotObservable("the launcher's exit status could not be observed: its parent did not report it")
    if not mine or not its or status(mine[1]) == status(its[1]):
        return []
    return [wrong_status(mine, its[1])]


def wrong_status(mine: tuple[Event, Ended], its: Ended) -> Violation:
    """Return the violation that the launcher's status is not the command's."""
    because = f": the command {how_ended(its)}"
    how = f"status {status(mine[1])}: the launcher {how_ended(mine[1])}"
    return violation(
        "wrong-status", mine[0].index, status=status_key(its), because=because, how=how, end=end_key(mine[1])
    )


def status_despite_signal(history: History, bare: History) -> list[Violation]:
    """EXIT-7: as same_status, where the signal has come through to a command that ends of it."""
    if not end_of(history, "command"):
        raise NotObservable("the signal did not make the command end: see SIG-1")
    return same_status(history, bare)


def status_after_slow_end(history: History, bare: History) -> list[Violation]:
    """EXIT-7: as same_status, where the command has handled a signal and ends after a while, by itself."""
    if not received(bare).keys() <= received(history).keys():
        raise NotObservable("the signal did not come through: see SIG-1")
    if any(isinstance(miss.awaited, OrderTaken) for miss in history.facts(WaitFailed)):
        raise NotObservable("the command did not end by itself: see SIG-5")
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
        how = f"the launcher {how_ended(end[1])}"
        found.append(violation("wrong-status", end[0].index, status=code, because="", how=how, end=end_key(end[1])))
    if command not in said(history):
        found.append(violation("command-not-named", command=command, output=shortened(said(history), MOST_SHOWN)))
    return found


def said(history: History, after: int = 0) -> str:
    """Return what was printed after an event, line ends made plain."""
    data = b"".join(fact.data for event, fact in history.all(Output) if event.index > after)
    return data.decode("utf-8", "backslashreplace").replace("\r\n", "\n")


def names_the_death(history: History, bare: History) -> list[Violation]:
    """EXIT-5: the launcher says which program died of which signal, and the status is 128+N."""
    if launcher_is_command(history):
        raise NotApplicable("the launcher has replaced itself by the command, so it cannot report the signal")
    if found := same_status(history, bare):
        return found
    its = end_of(bare, "launcher")
    greeted = next(event.index for event, _ in history.all(WitnessReady))
    number = its[1].signal if its else None
    if number is None:
        raise NotApplicable("the bare command did not die of a signal")
    found = _says_who_died(said(history, greeted), number, "command", "witness")
    if found:
        needs_all_output(history)
    return found


def _says_who_died(text: str, number: int, what: str, program: str) -> list[Violation]:
    word = name(number).removeprefix("SIG")
    in_words = re.escape(signal.strsignal(number) or word)  # as shells say it: "Segmentation fault"
    told = re.search(rf"\b(SIG)?{word}\b|signal:? ?\(?{number}\b|(\bkilled\b|{in_words})(?!-)", text, re.IGNORECASE)
    found = []
    if not told:
        output = shortened(text, MOST_SHOWN)
        found.append(violation("death-not-named", what=what, signal=name(number), output=output))
    if program not in text:
        found.append(violation("program-not-named", program=program, output=shortened(text, MOST_SHOWN)))
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
        because, how = ": the interpreter was ended by SIGKILL", f"the launcher {how_ended(end[1])}"
        code = 128 + signal.SIGKILL
        found.append(
            violation("wrong-status", end[0].index, status=code, because=because, how=how, end=end_key(end[1]))
        )
    return found + _says_who_died(said(history), signal.SIGKILL, "interpreter", "killed-python")


def ends_with_command(history: History, bare: History) -> list[Violation]:
    """EXIT-6: the launcher ends when the command has, whoever else holds its stdout. The status is EXIT-1's matter."""
    return missed(history)
