"""What questions are made of: comparisons of two runs, `bare` without the launcher and `launched` with it.

Each returns violations as text. Those that are called needs_... raise RuntimeError where the runs are inconclusive.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterable

from proctor.reports.reproducer.parts.observed_run import ObservedRun, harmless, name_of

OF_TERMINALS = {"SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGWINCH"}  # a shell or a terminal may send more of these


def violation(required: str, actual: str) -> list[str]:
    """Return one violation."""
    return ["required: %s\nactual:   %s" % (harmless(required), harmless(actual))]


def timed_out(launched: ObservedRun) -> list[str]:
    """Whatever happens without the launcher happens with it too."""
    return violation(launched.timed_out + ", as without the launcher", "it timed out") if launched.timed_out else []


def needs_all_steps(launched: ObservedRun) -> None:
    """Inconclusive where the steps were not played to the end."""
    if launched.timed_out:
        raise RuntimeError("not all steps were played; timed out: " + launched.timed_out)


def stays(launched: ObservedRun) -> list[str]:
    """The launcher, unless it has become the command, does not end before the command."""
    ends = [event for event in launched.all("ended") if event[1] in ("launcher", "command")]
    if launched.pids.get("command") in (None, launched.pids.get("launcher")) or not ends or ends[0][1] == "command":
        return []
    return violation("the launcher ends after the command", "it ended before, with status %s" % ends[0][2])


def same_status(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A shell sees the same $?."""
    required, actual = (run.all("ended", "launcher")[0][2] for run in (bare, launched))
    return (
        [] if required == actual else violation("status %s, as without the launcher" % required, "status %s" % actual)
    )


def needs_end_of_command(launched: ObservedRun) -> None:
    """Inconclusive where the signal did not end the command."""
    if not launched.all("ended", "command"):
        raise RuntimeError("the signal did not end the command")


def needs_end_by_itself(bare: ObservedRun, launched: ObservedRun) -> None:
    """Inconclusive where a signal did not come through, or has ended the command."""
    if {*received(bare)} - {*received(launched)}:
        raise RuntimeError("the signal did not come through")
    if launched.timed_out.startswith("command is there"):
        raise RuntimeError("the command did not end by itself")


def received(run: ObservedRun, process: str = "command") -> list[str]:
    """Return the names of the signals that a process received, in order."""
    return [event[2] for event in run.all("received", process)]


def sent(launched: ObservedRun, to: str = "launcher") -> list[str]:
    """Return the names of the signals that were sent, in order, without SIGSTOP, which no process can forward."""
    return [name_of(event[1]) for event in launched.all("sent") if event[2] == to and event[1] != signal.SIGSTOP]


def times(count: int) -> str:
    """Return how often, in words."""
    return {1: "once", 2: "twice"}.get(count, "%d times" % count)


def same_counts(bare: ObservedRun, launched: ObservedRun, names: Iterable[str]) -> list[str]:
    """The command receives these signals as often as without the launcher."""
    found = []
    for one in dict.fromkeys(names):
        required, actual = (run.all("received", "command", one) for run in (bare, launched))
        text = times(len(actual)) + "".join(", " + " ".join(event[3:]) for event in actual)
        wrong = violation("the command receives %s %s" % (one, times(len(required))), text)
        found += wrong if len(actual) != len(required) else []
    return found


def too_few(bare: ObservedRun, launched: ObservedRun, names: Iterable[str]) -> list[str]:
    """The command receives these signals no less often than without the launcher."""
    required, actual = received(bare), received(launched)
    return same_counts(bare, launched, [one for one in names if actual.count(one) < required.count(one)])


def too_many(bare: ObservedRun, launched: ObservedRun, names: Iterable[str]) -> list[str]:
    """The command receives these signals no more often than without the launcher."""
    required, actual = received(bare), received(launched)
    return same_counts(bare, launched, [one for one in names if actual.count(one) > required.count(one)])


def unexpected(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Return the signals that the command receives more often than without the launcher."""
    required, actual = received(bare), received(launched)
    return sorted(one for one in {*actual} - OF_TERMINALS if actual.count(one) > required.count(one))


def within(bare: ObservedRun, launched: ObservedRun, counts: dict[str, tuple[int, int]]) -> list[str]:
    """The command receives each signal as often as these limits allow, because two that are pending at once may become
    one; and other signals no more often than without the launcher."""
    found = []
    for name in sorted({*counts, *received(launched)} - (OF_TERMINALS - {*counts})):
        actual = launched.all("received", "command", name)
        least, most = counts.get(name, (0, received(bare).count(name)))
        text = times(len(actual)) + "".join(", " + " ".join(event[3:]) for event in actual)
        often = times(most) if least == most else "%d to %d times" % (least, most)
        if len(actual) > most or (len(actual) < least and not launched.timed_out):
            found += violation("the command receives %s %s" % (name, often), text)
    return found


def in_order(launched: ObservedRun) -> list[str]:
    """The signals arrive in the order in which they were sent."""
    required = sent(launched)
    actual = [name for name in received(launched) if name in required]
    return [] if actual == required else violation("in the order " + ", ".join(required), ", ".join(actual))


def once_each(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The signals arrive as often as without the launcher, and in the order in which they were sent."""
    return same_counts(bare, launched, sent(launched)) or timed_out(launched) or in_order(launched)


def needs_each_signal(launched: ObservedRun) -> None:
    """Inconclusive where a signal does not arrive at all, or ends the launcher: these are other faults."""
    if stays(launched) or not {*sent(launched)} <= {*received(launched)}:
        raise RuntimeError("a signal ended the launcher or did not reach the command at all, which is another fault")


def needs_survivor_of_signal(launched: ObservedRun) -> None:
    """Inconclusive where a signal or a key ended the launcher, and the command with it."""
    ends = launched.all("ended", "launcher")
    if launched.timed_out and launched.all("ended", "command") and ends and (ends[0][2] is None or ends[0][2] > 128):
        raise RuntimeError("a signal ended the launcher and the command with it, which is another fault")


def needs_survivor_of_hold(launched: ObservedRun) -> None:
    """Inconclusive where stopping the launcher, which interrupts its calls, ended it."""
    if stays(launched) and ("released",) in launched.events[: launched.events.index(launched.all("ended")[0])]:
        raise RuntimeError("the launcher ended when it continued after we had stopped it")


def died_of_key(launched: ObservedRun) -> bool:
    """Whether the launcher died of the signal of a key that was pressed."""
    signals = {"ctrl-c": signal.SIGINT, "ctrl-\\": signal.SIGQUIT}
    pressed = [signals.get(event[1]) for event in launched.all("pressed")]
    return any(event[2] - 128 in pressed for event in launched.all("ended", "launcher") if event[2])


def left_behind(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Return the processes that are left at the end, except for those that the bare command leaves."""
    left = [event[1] for event in launched.all("left")]
    for _, name in bare.all("left"):
        if name in left:
            left.remove(name)
    return left


def before_stop(run: ObservedRun) -> int:
    """Return how often the command received SIGINT before the first Ctrl-Z."""
    events = run.events[: run.events.index(("pressed", "ctrl-z"))] if run.all("pressed", "ctrl-z") else []
    return sum(event[:3] == ("received", "command", "SIGINT") for event in events)


def nothing_left(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """When the launcher has ended no process is left, except for those that the bare command leaves."""
    if not launched.all("ended", "launcher"):
        needs_all_steps(launched)
        return []
    left = left_behind(bare, launched)
    return violation("no process is left after the launcher", "still there: " + ", ".join(left)) if left else []


def no_zombie(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Every child of the launcher is reaped."""
    for actual, usual in zip(launched.all("zombies"), bare.all("zombies")):  # noqa: B905  (Python 3.8)
        if len(actual[1]) > len(usual[1]):
            return violation("every child of the launcher is reaped", "%d zombies" % len(actual[1]))
    return []


def daemon_lives(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A process that the command leaves behind on purpose lives on, and is sent no signal."""
    for _, name in bare.all("left"):
        if ("left", name) not in launched.events:
            return violation("%s lives on, as without the launcher" % name, "it has ended")
        usual, more = received(bare, name), received(launched, name)
        if any(more.count(one) > usual.count(one) for one in more):
            return violation("%s is sent no signal" % name, "it received " + ", ".join(more))
    return []


def refuses(launched: ObservedRun, code: int, name: str) -> list[str]:
    """A command that cannot be started: this exit code, and a message that names it."""
    status, text = launched.all("ended", "launcher")[0][2], launched.output
    found = [] if status == code else violation("exit code %d" % code, "status %s" % status)
    return found + (
        [] if name in text else violation("a message that names %s" % name, "the output is %a" % text[:200])
    )


def needs_launcher(launched: ObservedRun) -> None:
    """Inconclusive where the launcher has replaced itself by the command."""
    if launched.pids["launcher"] == launched.pids["command"]:
        raise RuntimeError("the launcher has replaced itself by the command")


def needs_reaping(launched: ObservedRun) -> None:
    """Inconclusive where it was not the launcher that waited for the command."""
    if not launched.all("reaped"):
        raise RuntimeError("the launcher was not observed to reap the command")


def no_signal_after_reaping(launched: ObservedRun) -> list[str]:
    """The launcher sends the command's pid no signal after it has reaped the command: the pid may be used again."""
    after = launched.events[launched.events.index(launched.all("reaped")[0]) :]
    pid = launched.all("reaped")[0][1]
    found = [name_of(event[2]) for event in after if event[:2] == ("called", pid) and event[2]]
    return violation("no signal to pid %d after it was reaped" % pid, "sent: " + ", ".join(found)) if found else []


def names_the_death(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher prints which program died, and of which signal."""
    number, text = bare.all("ended", "launcher")[0][2] - 128, launched.output
    if number <= 0:
        raise RuntimeError("the command did not die of a signal")
    in_words = re.escape(signal.strsignal(number) or name_of(number))
    words = r"\b(SIG)?%s\b|signal:? ?\(?%d\b|(\bkilled\b|%s)(?!-)" % (name_of(number)[3:], number, in_words)
    found = []
    if not re.search(words, text, re.IGNORECASE):
        found += violation(
            "a message that says the command died of " + name_of(number), "the output is %a" % text[:200]
        )
    if not any(os.path.basename(path) in text for path in (sys.executable, os.path.realpath(sys.executable), __file__)):
        found += violation("a message that names the program, " + sys.executable, "the output is %a" % text[:200])
    return found


def same_view(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The terminal looks the same to the command."""
    required, actual = (run.all("did", "command", "view")[:1] for run in (bare, launched))
    if not actual or not required or actual == required:
        return []
    shown = [" ".join(map(str, one[0][3:])) for one in (required, actual)]
    return violation("isatty of 0, 1, 2, /dev/tty, size, modes, in the foreground, keys: " + shown[0], shown[1])


def restored(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The terminal is left as it was, or as the bare command leaves it."""
    found = []
    before = [event[1:3] for event in bare.all("modes before")]
    for mine, usual in zip(launched.all("modes"), bare.all("modes")):  # noqa: B905  (Python 3.8)
        if mine[3] != usual[3] or (mine[1:3] != usual[1:3] and mine[1:3] not in before):
            found += violation("the terminal's modes and size as found, or as without it", "they have changed")
        if mine[4] not in (usual[4], []):
            texts = [" ".join(one) or "none" for one in (usual[4], mine[4])]
            found += violation("status flags of 0, 1 and 2 as found, or as without it: " + texts[0], texts[1])
    is_over = launched.all("ended", "command") or launched.pids.get("command") == launched.pids.get("launcher")
    if is_over and bare.all("foreground", True) and not launched.all("foreground", True):
        found += violation("the launcher's process group is in the foreground again", "another process group is")
    return found


def same_bytes(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command reads and writes the same bytes."""
    for actual, required in zip(launched.all("did", "command"), bare.all("did", "command")):  # noqa: B905  (Python 3.8)
        if actual != required:
            texts = ["%s bytes with checksum %s" % one[3:5] for one in (required, actual)]
            return violation("%s: %s" % (required[2], texts[0]), texts[1])
    return []


def same_output(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Everything that the command writes is on the terminal, byte for byte; the launcher may print more."""
    required, actual = (b"".join(event[1] for event in run.all("printed")) for run in (bare, launched))
    if required in actual:
        return []
    return violation("the %d bytes that the command wrote, on the terminal" % len(required), "they are not all there")


def in_time(launched: ObservedRun) -> list[str]:
    """A signal is forwarded within 50 ms. Time in which a process ran does not count."""
    late = [event for event in launched.all("forwarded") if event[1] > 0.05]
    if not late and any(gap > 0.05 for _, _, gap in launched.all("forwarded")):
        raise RuntimeError("this machine is so busy that we could not look often enough")
    if not late:
        return []
    return violation("a signal is forwarded within 50 ms", "no process ran for %.0f ms" % (1e3 * late[0][1]))
