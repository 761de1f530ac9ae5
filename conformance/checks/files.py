"""What the checks of environments, syncs and caches share: how files differ, and whether what uses them works."""

from __future__ import annotations

import fnmatch
import os
import signal

from proctor.conformance.checks.common import (
    NotApplicable,
    NotObservable,
    end_key,
    end_of,
    launcher_is_command,
    missed,
    needs_seen,
    parameters_of,
    status,
)
from proctor.conformance.checks.objections import violation
from proctor.harness.awaited import OrderDone, OrderTaken, process_of
from proctor.harness.history import (
    Answered,
    CallNotStarted,
    FileChange,
    FilesChanged,
    History,
    Sent,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.violation import Value, Violation
from proctor.harness.words import awaited, how_ended, timed_out

RUNNING, LATER = "running", "later"
NEXT, PRUNED = "after the next call", "after prune"
"""When directories are compared."""
MOST_SHOWN = 5
CODE = 7
"""What the command of a campaign ends with: not 0, not 1, which a launcher may end with for reasons of its own."""


def compared(history: History, when: str) -> tuple[int, FilesChanged] | None:
    """Return the comparison that was made then, with its event number."""
    return next(((event.index, fact) for event, fact in history.all(FilesChanged) if fact.when == when), None)


def need_compared(history: History, when: str) -> tuple[int, FilesChanged]:
    """Return it; NotObservable where the script did not get that far."""
    found = compared(history, when)
    if not found:
        raise NotObservable(f"the directories were not compared ({when}): the case did not get that far")
    return found


def made(changed: FilesChanged) -> list[FileChange]:
    """Return what has been made in the launcher's own directories and in TMPDIR, and is not declared to stay."""
    return [
        change for change in changed.changes
        if _is_new(change) and not change.kept and (change.own or change.path.startswith("TMPDIR/"))
    ]  # fmt: skip


def more_than(mine: FilesChanged, its: FilesChanged) -> list[str]:
    """Return what has been made in a directory in which more entries of its kind were made than in that of `its`.

    Names may be random, so entries of other names are counted. What is in a directory that has another name itself is
    not looked at. NotObservable where not all changes are told."""
    for changed in (mine, its):
        if changed.count > len(changed.changes):
            raise NotObservable(f"of {changed.count} differences only {len(changed.changes)} are told")
    here, there = ({change.path: change.kind for change in made(changed)} for changed in (mine, its))
    extra, usual = _by_directory(here, there), _by_directory(there, here)
    more = [paths for place, paths in extra.items() if len(paths) > len(usual.get(place, ()))]
    return sorted(path for paths in more for path in paths)


def _by_directory(ours: dict[str, str], others: dict[str, str]) -> dict[tuple[str, str], list[str]]:
    """Return the paths that only we have, by directory and kind, where the directory is one that others have, too."""
    found: dict[tuple[str, str], list[str]] = {}
    for path, kind in ours.items():
        directory = path.rpartition("/")[0]
        if path not in others and (directory in others or directory not in ours):
            found.setdefault((directory, kind), []).append(path)
    return found


def in_project_environment(path: str, changed: FilesChanged) -> bool:
    """Whether a path is that of the project's environment, or of something in it."""
    parts, patterns = path.split("/"), changed.project.split("/")
    return len(parts) >= len(patterns) and all(map(fnmatch.fnmatchcase, parts, patterns))


def is_project_environment(path: str, changed: FilesChanged) -> bool:
    """Whether a path is that of the project's environment itself."""
    return in_project_environment(path, changed) and path.count("/") == changed.project.count("/")


def is_told(changed: FilesChanged, path: str) -> bool:
    """Whether a change there would be among those that are told: of very many only the first are, by their paths."""
    return changed.count <= len(changed.changes) or path <= changed.changes[-1].path


def _is_new(change: FileChange) -> bool:
    """Whether it was made, or is the mark of an environment that was made anew in the place of another."""
    return change.how == "created" or (change.how == "changed" and change.path.endswith("/pyvenv.cfg"))


def needs_temporary_environment(history: History) -> None:
    """Raise NotApplicable where the run made nothing: its environment is one of the cache's."""
    running = compared(history, RUNNING)
    if running and not made(running[1]):
        raise NotApplicable("the run makes no temporary environment: it runs from what was there before")


def shown(paths: list[str]) -> str:
    """Name the topmost of these paths."""
    tops = [path for path in paths if not any(path.startswith(f"{other}/") for other in paths)]
    return ", ".join(tops[:MOST_SHOWN]) + (f" and {len(tops) - MOST_SHOWN} more" if len(tops) > MOST_SHOWN else "")


def nothing_made(history: History, when: str, code: str) -> list[Violation]:
    """Nothing is there then that was not there before. NotObservable where the command still ran: it needs it."""
    event, changed = need_compared(history, when)
    end = end_of(history, "command")
    if has_run(history) and not (end and end[0].index < event):
        raise NotObservable("the command had not ended when the directories were compared: it may need what is there")
    left = [change.path for change in made(changed)]
    return [violation(code, event, paths=shown(left))] if left else []


def damage(history: History, process: str = "command") -> list[Violation]:
    """What the command found missing in its environment while it ran."""
    found = []
    for event, answer in history.all(Answered):
        if answer.process != process:
            continue
        if answer.order == "whole" and answer.count:
            found.append(violation("files-missing", event.index, count=answer.count, path=answer.text, process=process))
        elif answer.order == "import" and answer.error:
            found.append(violation("import-failed", event.index, error=answer.text, process=process))
    return found


def call_works(history: History, name: str, code: int = 0) -> list[Violation]:
    """A further call of the launcher started its command, if it has one, and ended with its status."""
    call = "the launcher" if name == "launcher" else f"the {name} call of the launcher"
    missing = [(event, fact) for event, fact in history.all(WaitFailed) if _is_about(fact, name)]
    for event, fact in missing:
        needs_seen(fact)
        how = _instead(history, name) + timed_out(fact)
        told = awaited(fact.awaited)
        about = parameters_of(fact.awaited)
        return [violation("call-failed", event.index, what=call, call=name, awaited=told, how=how, **about)]
    end = end_of(history, name)
    if not end:
        raise NotObservable(f"the case did not get as far as the end of {call}")
    if status(end[1]) is None:
        raise NotObservable(f"how {call} ended is not known")
    if status(end[1]) != code:
        how = how_ended(end[1])
        return [violation("call-status", end[0].index, what=call, call=name, status=code, how=how, end=end_key(end[1]))]
    return damage(history, f"{name}-command")


def _instead(history: History, name: str) -> str:
    """Say what became of a call that something did not come of, as a beginning of a sentence."""
    for unstarted in history.facts(CallNotStarted):
        if unstarted.process == name:
            return f"it could not be started ({os.strerror(unstarted.errno)}); "
    end = end_of(history, name)
    return f"it {how_ended(end[1])}; " if end else ""


def _is_about(fact: WaitFailed, name: str) -> bool:
    """Whether what did not come is of this call of the launcher, or of its command."""
    return process_of(fact.awaited) in (name, f"{name}-command")


def has_run(history: History, process: str = "command") -> bool:
    """Whether a command has reported."""
    return any(fact.process == process for fact in history.facts(WitnessReady))


def needs_run(history: History) -> None:
    """Raise NotObservable where the launcher did not start its command."""
    if not has_run(history):
        raise NotObservable("the launcher did not start its command: " + "; ".join(v.actual for v in missed(history)))


def needs_end(history: History, process: str = "launcher") -> None:
    """Raise NotObservable where a process has not ended: it may still be at what it does, or hold up who comes next."""
    if not end_of(history, process):
        raise NotObservable(f"the {process} did not end")


def needs_looks(history: History, process: str = "command") -> None:
    """Raise NotObservable where the command did not look at its environment as often as the case wanted; NotApplicable
    where it could not, for it is the launcher that was killed."""
    killed = (fact for fact in history.facts(Sent) if fact.signal == signal.SIGKILL and fact.to == "launcher")
    if process == "command" and launcher_is_command(history) and any(killed):
        raise NotApplicable("the launcher has replaced itself by the command, which does not outlive it")
    for fact in history.facts(WaitFailed):
        if isinstance(fact.awaited, OrderTaken | OrderDone) and fact.awaited.process == process:
            raise NotObservable(f"the case did not get that far; timed out: {awaited(fact.awaited)}")
    if not any(answer.process == process and answer.order == "whole" for answer in history.facts(Answered)):
        raise NotObservable(f"the {process} did not look at its environment: the case did not get that far")


def comes_to_its_end(history: History) -> list[Violation]:
    """The run that a campaign is about starts its command and ends with its status, whatever goes on beside it."""
    end = end_of(history, "launcher")
    if end and status(end[1]) is None:
        raise NotObservable("how the launcher ended is not known")
    if has_run(history) and end and status(end[1]) == CODE:
        return []
    told = [f"it {how_ended(end[1])}"] if end else [one.actual for one in missed(history)]
    if not told:
        raise NotObservable("the launcher did not end")
    events = (end[0].index,) if end else ()
    about: dict[str, Value] = {"end": end_key(end[1])} if end else {}
    return [violation("run-disturbed", *events, status=CODE, how="; ".join(told), **about)]
