"""Chapter TTY: the terminal."""

from __future__ import annotations

import signal
from typing import Any

from proctor.conformance.checks import screen
from proctor.conformance.checks.common import (
    NOT_RECEIVED,
    NotObservable,
    alive,
    at_end,
    changed_bytes,
    counts_as_bare,
    end_of,
    has,
    launcher_stays,
    may_have_died_with,
    missed,
    needs_no_common_death,
    needs_whole_script,
    settings_of_terminal,
    unexpected_signals,
    when_last_seen,
)
from proctor.conformance.checks.objections import violation
from proctor.harness import signals, words
from proctor.harness.history import (
    Answered,
    Ended,
    Event,
    History,
    HungUp,
    Outputs,
    Pressed,
    Received,
    Released,
    Snapshot,
    Started,
    TerminalView,
    WitnessReady,
)
from proctor.harness.scenario import SIGNALS_OF_KEYS
from proctor.harness.violation import Violation

OF_BYTES = ("raw", "read", "write")
"""The witness' orders whose answers tell how many bytes went through, and which."""


def key_arrives_once(history: History, bare: History) -> list[Violation]:
    """TTY-1, TTY-2, with the launcher held: a key's signal is received as often as by the command alone, and no other
    signal beside it."""
    end = end_of(history, "launcher")
    if not (end and _key_that_ended(history, end[1])):
        needs_the_held(history)
    return _key(history, bare, most=True)


def key_arrives(history: History, bare: History) -> list[Violation]:
    """TTY-1, TTY-2, with the launcher running: it is received no less often, and the launcher does not end first. A
    second delivery may merge with the first here, so it would show at times: that is key_arrives_once's matter."""
    return _key(history, bare, most=False)


def needs_the_held(history: History) -> None:
    """Raise NotObservable where a launcher that was held ended at once when it went on. Being held makes some calls
    return EINTR, as SIGSTOP and SIGCONT do (signal(7)): to die of that is not what the case is about. Nor is to die of
    the signal of a key, which is TTY-1's matter, or TTY-2's."""
    released = next((event.index for event, _ in history.all(Released)), None)
    end = end_of(history, "launcher")
    if released is None or not end or end[0].index < released or _stayed(history, end):
        return
    _needs_life_after_key(history)
    raise NotObservable("the launcher ended when it went on after it was held still")


def _stayed(history: History, end: tuple[Event, Ended]) -> bool:
    """Whether the command had ended by itself when the launcher ended."""
    command = end_of(history, "command")
    if command is None or command[0].index > end[0].index:
        return False
    return not may_have_died_with(history, end[1], command[1])


def _needs_life_after_key(history: History) -> None:
    """Raise NotObservable where a key ended the launcher while its command ran, which may die with it: that is TTY-1's
    matter, or TTY-2's."""
    end = end_of(history, "launcher")
    key = _key_that_ended(history, end[1]) if end and not _stayed(history, end) else ""
    if key:
        requirement = "TTY-2" if key == "ctrl-\\" else "TTY-1"
        raise NotObservable(f"{key} ended the launcher itself while the command ran: see {requirement}")


def _key_that_ended(history: History, end: Ended) -> str:
    """Return the key whose signal the launcher died of; "" for none. Where its status is not known (its parent is a
    shell) it is the last key that was pressed."""
    keys = [fact.key for fact in history.facts(Pressed) if fact.key in SIGNALS_OF_KEYS]
    if end.signal is None and end.code is None:
        return keys[-1] if keys else ""
    return next((key for key in keys if SIGNALS_OF_KEYS[key] == end.signal), "")


def _key(history: History, bare: History, most: bool) -> list[Violation]:
    numbers = dict.fromkeys((signal.SIGINT, signal.SIGQUIT, *(unexpected_signals(history, bare) if most else ())))
    found = counts_as_bare(history, bare, numbers, fewest=True, most=most)
    return launcher_stays(history) or found or missed(history)


def job_control(history: History, bare: History) -> list[Violation]:
    """TTY-3: every step of the dialogue with the shell went as it goes with the command alone."""
    _needs_life_after_key(history)
    return missed(history)


def key_after_fg(history: History, bare: History) -> list[Violation]:
    """TTY-3: a Ctrl-C after fg is one SIGINT, as before; one that was two before is TTY-1's matter."""
    needs_the_held(history)
    found = missed(history)
    if found or _before_stop(history) > _before_stop(bare):
        return found
    return counts_as_bare(history, bare, (signal.SIGINT,), fewest=True, most=True)


def _before_stop(history: History) -> int:
    """Return how often SIGINT was received before the first Ctrl-Z."""
    stop = next((event.index for event, fact in history.all(Pressed) if fact.key == "ctrl-z"), -1)
    return sum(event.index < stop for event, fact in history.all(Received) if fact.signal == signal.SIGINT)


def hang_up_arrives(history: History, bare: History) -> list[Violation]:
    """TTY-4: the command receives SIGHUP at least once."""
    needs_no_common_death(history)
    hung_up = next((event.index for event, _ in history.all(HungUp)), -1)
    for event, fact in history.all(Received):
        if fact.process == "command" and fact.signal == signal.SIGHUP and event.index > hung_up:
            return []
    name, count = signals.name(signal.SIGHUP), NOT_RECEIVED
    lost = violation("not-delivered", hung_up, signal=name, required="at least once", count=count)
    return missed(history) or [lost]


def hang_up_ends_all(history: History, bare: History) -> list[Violation]:
    """TTY-4: with default handling nothing survives the hang-up."""
    if not has(history, HungUp):
        needs_whole_script(history)
    left = alive(at_end(history))
    if not left:
        return []
    when = when_last_seen(history)
    return [violation("survives-hang-up", paths=", ".join(map(words.process, left)), when=when)]


def as_often_as_bare(history: History, bare: History) -> list[Violation]:
    """TTY-5: the hang-up and a resize reach the command as often as without the launcher. A launcher that dies of the
    hang-up, as the leader of its session, brings the command another one."""
    needs_no_common_death(history)
    end = end_of(history, "launcher")
    if not (end and end[1].signal == signal.SIGHUP and has(history, HungUp)):
        needs_the_held(history)
    numbers = (signal.SIGHUP, signal.SIGWINCH)
    return counts_as_bare(history, bare, numbers, fewest=True, most=True) or missed(history)


def resize_arrives(history: History, bare: History) -> list[Violation]:
    """TTY-5, with the launcher running: a resize reaches the command, and does not end the launcher. A second delivery
    may merge with the first here."""
    found = counts_as_bare(history, bare, (signal.SIGWINCH,), fewest=True, most=False)
    return launcher_stays(history) or found or missed(history)


def terminal_is_the_same(history: History, bare: History) -> list[Violation]:
    """TTY-6: isatty, /dev/tty, window size, modes, the foreground; and a line can be read."""
    found = missed(history)
    mine, its = _first_view(history), _first_view(bare)
    if not mine or not its:
        return found
    for what in ("isatty", "dev_tty", "rows", "columns", "modes", "characters"):
        here, there = getattr(mine[1], what), getattr(its[1], what)
        if here != there:
            required, actual = words.terminal_setting(what, there, here), words.terminal_setting(what, here, there)
            found.append(violation("terminal-differs", mine[0], what=what, required=required, actual=actual))
    if its[2] and not mine[2]:
        found.append(violation("in-background", mine[0]))
    return found


def _first_view(history: History) -> tuple[int, TerminalView, bool] | None:
    for event, fact in history.all(WitnessReady):
        if fact.process == "command":
            view = fact.inherited.terminal
            return event.index, view, view.foreground == fact.inherited.pgid
    return None


def terminal_is_restored(history: History, bare: History) -> list[Violation]:
    """TTY-7: after the end, however it came, the terminal is as the launcher found it, or as the command leaves it: its
    modes, size and foreground process group, and the status flags of the open file description."""
    if not end_of(history, "launcher"):
        needs_whole_script(history)
    outlived = any(process.role == "command" for process in alive(at_end(history)))
    if outlived and any(fact.order == "raw" for fact in history.facts(Answered)):
        raise NotObservable("the command has changed the terminal and outlives the launcher: see TREE-1")
    found = []
    mine, its, before = at_end(history), at_end(bare), _settings_at_start(bare)
    left = settings_of_terminal(its)
    for what, here in settings_of_terminal(mine).items():
        there = left[what]
        if here not in (there, before.get(what, there)):
            required, actual = words.terminal_setting(what, there, here), words.terminal_setting(what, here, there)
            found.append(violation("terminal-not-restored", what=what, required=required, actual=actual))
    if (mine.rows, mine.columns) != (its.rows, its.columns):
        size, actual = f"{its.rows}x{its.columns}", f"{mine.rows}x{mine.columns}"
        found.append(violation("terminal-not-restored", what="window size", required=size, actual=actual))
    if not outlived and _foreground_moved(history) and not _foreground_moved(bare):
        found.append(violation("foreground-not-restored", group=mine.foreground))
    return found


def _settings_at_start(history: History) -> dict[str, Any]:
    """Return the settings that the launcher found, where they are known."""
    found: dict[str, Any] = {}
    if view := _first_view(history):
        found.update(modes=view[1].modes, characters=view[1].characters)
    for fact in history.facts(Started):
        if fact.process == "launcher" and fact.stdio:
            found["status flags"] = fact.stdio[0].flags & words.ANY_STATUS_FLAG
    return found


def _foreground_moved(history: History) -> bool:
    launcher = next((fact.pid for fact in history.facts(Started) if fact.process == "launcher"), 0)
    before = next((p.pgid for look in history.facts(Snapshot) for p in look.processes if p.pid == launcher), 0)
    return at_end(history).foreground != (before or launcher)


def screen_is_left_alone(history: History, bare: History) -> list[Violation]:
    """TTY-10: the command finds the screen as it is without the launcher."""
    mine, its = screen.changed_at_start(history), screen.changed_at_start(bare)
    return [
        violation("screen-changed-for-command", event, what=what, actual=screen.in_words(what, is_changed=True))
        for what, event in mine.items() if what not in its
    ]  # fmt: skip


def screen_is_restored(history: History, bare: History) -> list[Violation]:
    """TTY-10: after the end, however it came, the user finds on the terminal what the command leaves there: the cursor,
    no alternate screen, and no mode that changes what keys send or how text appears."""
    mine, its = screen.left_changed(history), screen.left_changed(bare)
    return [
        violation(
            "screen-not-restored", event, what=what, required=screen.in_words(what, is_changed=False),
            actual=screen.in_words(what, is_changed=True),
        )
        for what, event in mine.items() if what not in its
    ]  # fmt: skip


def terminal_is_restored_after_kill(history: History, bare: History) -> list[Violation]:
    """TTY-9: what TTY-7 and TTY-10 require, of a launcher that was killed."""
    found = terminal_is_restored(history, bare)
    try:
        return found + screen_is_restored(history, bare)
    except NotObservable:
        if found:
            return found
        raise


def bytes_arrive(history: History, bare: History) -> list[Violation]:
    """TTY-8: what is typed reaches the command, and what it writes reaches the terminal, byte for byte."""
    found = missed(history)
    if found:
        return found
    return changed_bytes(history, bare, OF_BYTES) + _same_output(history)


def _same_output(history: History) -> list[Violation]:
    """What the terminal carried from the order to write until all was quiescent is what the command wrote."""
    found = []
    for event, written in history.all(Answered):
        if written.order != "write":
            continue
        carried = next((f for e, f in history.all(Outputs) if e.index > event.index), Outputs("terminal", 0, 0))
        if (carried.count, carried.crc) != (written.count, written.crc):
            found.append(
                violation(
                    "output-changed",
                    event.index,
                    required_count=written.count,
                    required_crc=f"{written.crc:08x}",
                    count=carried.count,
                    crc=f"{carried.crc:08x}",
                )
            )
    return found
