"""What is asked of two runs, `alone` without the launcher and `seen` with it. Each returns what is wrong, in words."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterable

from proctor.reports.reproducer.parts.run import Run, name_of


def wrong(required: str, actual: str) -> list[str]:
    """Return one objection."""
    return ["required: %s\nactual:   %s" % (required, actual)]


def missing(seen: Run) -> list[str]:
    """Everything that comes with the command alone comes."""
    return wrong(seen.missing + ", as with the command alone", "that did not come") if seen.missing else []


def needs_all(seen: Run) -> None:
    """Nothing can be said where the script came to no end."""
    if seen.missing:
        raise RuntimeError("it did not come that %s" % seen.missing)


def stays(seen: Run) -> list[str]:
    """The launcher does not end before the command."""
    ends = [event for event in seen.all("ended") if event[1] in ("launcher", "command")]
    _, who, status = [*ends, ("", "", "")][0]
    return wrong("the command ends first", "the launcher did, with status %s" % status) if who == "launcher" else []


def same_status(alone: Run, seen: Run) -> list[str]:
    """A shell sees the same $?."""
    its, mine = (run.all("ended", "launcher")[0][2] for run in (alone, seen))
    return [] if its == mine else wrong("status %s, as of the command alone" % its, "status %s" % mine)


def needs_end_of_command(seen: Run) -> None:
    """Nothing can be said where the signal never made the command end."""
    if not seen.all("ended", "command"):
        raise RuntimeError("the signal did not make the command end")


def too_few(alone: Run, seen: Run, names: list[str]) -> list[str]:
    """The command receives these signals no less often than without the launcher."""
    its, mine = ([event[2] for event in run.all("received", "command")] for run in (alone, seen))
    return same(alone, seen, [one for one in names if mine.count(one) < its.count(one)])


def same(alone: Run, seen: Run, names: Iterable[str]) -> list[str]:
    """The command receives these signals as often as without the launcher."""
    found = []
    for one in names:
        its, mine = (run.all("received", "command", one) for run in (alone, seen))
        said = "%d times%s" % (len(mine), "".join(", " + " ".join(event[3:]) for event in mine))
        required = "the command receives %s %d times" % (one, len(its))
        found += wrong(required, said) if len(mine) != len(its) else []
    return found


def too_many(alone: Run, seen: Run, names: Iterable[str]) -> list[str]:
    """The command receives these signals no more often than without the launcher."""
    its, mine = ([event[2] for event in run.all("received", "command")] for run in (alone, seen))
    return same(alone, seen, [one for one in names if mine.count(one) > its.count(one)])


def within(alone: Run, seen: Run, counts: dict[str, tuple[int, int]]) -> list[str]:
    """The command receives these signals as often as they may arrive, for two that are on their way at once may be one;
    and others no more often than without the launcher."""
    found = []
    for name in dict.fromkeys([*counts, *received(alone, seen)]):
        mine = seen.all("received", "command", name)
        least, most = counts.get(name, (0, len(alone.all("received", "command", name))))
        said = "%d times%s" % (len(mine), "".join(", " + " ".join(event[3:]) for event in mine))
        required = "the command receives %s %s times" % (name, least if least == most else "%d to %d" % (least, most))
        found += wrong(required, said) if not (seen.missing or least <= len(mine)) or len(mine) > most else []
    return found


def received(alone: Run, seen: Run) -> list[str]:
    """Return what the command received in either run, but for job control and window sizes."""
    spared = {"SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGWINCH"}
    return sorted({event[2] for run in (alone, seen) for event in run.all("received", "command")} - spared)


def in_order(seen: Run, names: list[str]) -> list[str]:
    """They come in the order in which they were sent."""
    came = [event[2] for event in seen.all("received", "command") if event[2] in names]
    return [] if came == names else wrong("in the order " + ", ".join(names), ", ".join(came))


def needs_each(seen: Run, names: list[str]) -> None:
    """Nothing can be said where one never comes, or the launcher ends of it: these are other faults."""
    if stays(seen) or not all(seen.all("received", "command", name) for name in names):
        raise RuntimeError("a signal ended the launcher or did not reach the command at all, which is another fault")


def needs_the_held(seen: Run) -> None:
    """Nothing can be said where being held made the launcher end: its calls are interrupted."""
    before = seen.events[: seen.events.index(seen.all("ended")[0])] if stays(seen) else []
    if ("released",) in before:
        raise RuntimeError("the launcher ended when it went on after it was held still")


def hang_up_arrives(seen: Run) -> list[str]:
    """The command receives SIGHUP when the terminal hangs up."""
    events = seen.events[[event[:1] for event in seen.events].index(("hung up",)) :] if seen.all("hung up") else []
    if any(event[:3] == ("received", "command", "SIGHUP") for event in events):
        return []
    return missing(seen) or wrong("the command receives SIGHUP", "it received none")


def nothing_left(alone: Run, seen: Run) -> list[str]:
    """When the launcher has ended nobody is left but those that the command alone leaves as well."""
    if not seen.all("ended", "launcher"):
        raise RuntimeError("the launcher has not ended")
    usual = [event[1] for event in alone.all("left")]
    left = [event[1] for event in seen.all("left") if event[1] not in usual]
    return wrong("no process is left when the launcher has ended", "still there: " + ", ".join(left)) if left else []


def nothing_survives(alone: Run, seen: Run) -> list[str]:
    """Nobody survives the hang-up."""
    if alone.all("left"):
        raise RuntimeError("even alone the command survives the hang-up")
    left = [event[1] for event in seen.all("left")]
    return wrong("nothing survives the hang-up", "still there: " + ", ".join(left)) if left else []


def no_zombie(alone: Run, seen: Run) -> list[str]:
    """Every child of the launcher is reaped."""
    for mine, its in zip(seen.all("zombies"), alone.all("zombies")):  # noqa: B905  (Python 3.8)
        if mine[1] > its[1]:
            return wrong("every child of the launcher is reaped", "%d zombies" % mine[1])
    return []


def notices(seen: Run) -> list[str]:
    """When the launcher is killed the command receives a signal or ends."""
    if seen.pids["launcher"] == seen.pids["command"]:
        raise RuntimeError("the launcher has replaced itself by the command")
    after = seen.events[seen.events.index(("sent", signal.SIGKILL, "launcher")) :]
    if any(event[:2] in (("received", "command"), ("ended", "command")) for event in after):
        return []
    return wrong("the command receives a signal or ends", "neither; it runs on")


def daemon_lives(alone: Run, seen: Run) -> list[str]:
    """What the command has left to itself is left alone."""
    for _, name in alone.all("left"):
        got = [event[2] for event in seen.all("received", name)]
        if ("left", name) not in seen.events:
            return wrong("%s lives on, as without the launcher" % name, "it has ended")
        if got and not alone.all("received", name):
            return wrong("%s is sent no signal" % name, "it received " + ", ".join(got))
    return []


def refuses(seen: Run, code: int, name: str) -> list[str]:
    """A command that cannot be started: this exit code, and a message that names it."""
    status = seen.all("ended", "launcher")[0][2]
    found = [] if status == code else wrong("exit code %d" % code, "status %s" % status)
    return found + (
        [] if name in seen.said else wrong("a message that names %s" % name, "it said %a" % seen.said[:200])
    )


def names_the_death(alone: Run, seen: Run) -> list[str]:
    """The launcher says which program died of which signal."""
    if seen.pids["launcher"] == seen.pids["command"]:
        raise RuntimeError("the launcher has replaced itself by the command: there is nobody left to say it")
    number = alone.all("ended", "launcher")[0][2] - 128
    words = [r"\b(SIG)?%s\b" % name_of(number)[3:], r"signal:? ?\(?%d\b" % number, r"\bkilled\b(?!-)"]
    words.append(re.escape(signal.strsignal(number) or name_of(number)))
    said, found = seen.said, []
    if not re.search("|".join(words), said, re.IGNORECASE):
        found += wrong("a message that says the command died of " + name_of(number), "it said %a" % said[:200])
    if not any(os.path.basename(path) in said for path in (sys.executable, os.path.realpath(sys.executable), __file__)):
        found += wrong("a message that names the program, " + sys.executable, "it said %a" % said[:200])
    return found


def same_view(alone: Run, seen: Run) -> list[str]:
    """The terminal looks the same to the command."""
    mine, its = seen.all("did", "command", "view")[:1], alone.all("did", "command", "view")[:1]
    if not mine or mine == its:
        return []
    shown = [" ".join(map(str, one[0][3:])) for one in (its, mine)]
    return wrong("isatty of 0, 1, 2, /dev/tty, size, modes, in the foreground, keys: " + shown[0], shown[1])


def restored(alone: Run, seen: Run) -> list[str]:
    """The terminal is left as the command alone leaves it."""
    found = []
    if seen.all("modes") != alone.all("modes"):
        found += wrong("the terminal's modes and size are left as they were", "they have changed")
    if alone.all("foreground", True) and not seen.all("foreground", True):
        found += wrong("the launcher's process group is in the foreground again", "another process group is")
    return found


def bytes_arrive(alone: Run, seen: Run) -> list[str]:
    """What is typed reaches the command, and what it writes reaches the terminal, byte for byte."""
    mine, its = seen.all("did", "command"), alone.all("did", "command")
    for here, there in zip(mine, its):  # noqa: B905  (Python 3.8)
        if here != there:
            told = ["%s bytes with checksum %s" % one[3:5] for one in (there, here)]
            return wrong("%s: %s" % (there[2], told[0]), told[1])
    return []


def same_output(alone: Run, seen: Run) -> list[str]:
    """What the command writes is on the terminal, byte for byte."""
    here, there = (b"".join(event[1] for event in run.all("printed")) for run in (seen, alone))
    return [] if here == there else wrong("%d bytes on the terminal" % len(there), "%d, or others" % len(here))


def in_time(seen: Run) -> list[str]:
    """A signal is passed on within 50 ms, those in which somebody ran not counted."""
    late = [event for event in seen.all("late") if event[1] > 0.05]
    if not late and any(gap > 0.05 for _, _, gap in seen.all("late")):
        raise RuntimeError("this machine is so busy that we could not look often enough")
    if not late:
        return []
    return wrong("a signal is forwarded within 50 ms", "no process ran for %.0f ms" % (1e3 * late[0][1]))
