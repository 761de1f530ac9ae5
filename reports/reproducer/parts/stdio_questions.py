"""The questions of scripts about the chapter STDIO; see questions.py."""

from __future__ import annotations

from proctor.reports.reproducer.parts.comparisons import (
    needs_all_steps,
    nothing_left,
    same_bytes,
    same_status,
    stays,
    timed_out,
    violation,
)
from proctor.reports.reproducer.parts.marks import asks
from proctor.reports.reproducer.parts.observed_run import ObservedRun
from proctor.reports.reproducer.parts.steps import note_processes_left


@asks("stdio.no_bytes_of_its_own", requirements=("STDIO-3",))
def stdout_is_the_commands(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """There is no line on stdout but those of the command."""
    its, mine = (b"".join(event[1] for event in run.all("stdout")).splitlines(True) for run in (bare, launched))
    for line in its:
        if line in mine:
            mine.remove(line)
    if not mine:
        needs_all_steps(launched)
        return []
    return violation("stdout has nothing but what the command writes", "the launcher writes %r" % b"".join(mine)[:200])


@asks("stdio.end_of_file_arrives", requirements=("STDIO-1",))
def end_of_file_arrives(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command reads what was written to stdin, and then the end of file."""
    return timed_out(launched) or same_bytes(bare, launched)


@asks("stdio.ends_with_open_stdin", requirements=("STDIO-2",))
def ends_with_open_stdin(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends when the command has, though its stdin stays open."""
    return timed_out(launched)


@asks("stdio.output_arrives_whole", requirements=("STDIO-4",))
def output_arrives_whole(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """What the command writes is on stdout, byte for byte."""
    its, mine = (b"".join(event[1] for event in run.all("stdout")) for run in (bare, launched))
    if its == mine or launched.timed_out:
        return timed_out(launched)
    return violation("the %d bytes that the command writes, on stdout" % len(its), "%d bytes, or others" % len(mine))


@asks("stdio.no_reader", requirements=("STDIO-5",))
def reader_has_gone(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command meets that as by itself, with the same status, and the launcher says nothing from then on."""
    its, mine = (b"".join(_said_without_reader(run)) for run in (bare, launched))
    found = timed_out(launched) or same_status(bare, launched) or same_bytes(bare, launched)
    return found or (violation("the launcher says nothing", "it writes %r" % mine[:200]) if its != mine else [])


def _said_without_reader(run: ObservedRun) -> list[bytes]:
    """Return what came on stderr after we have closed our end of stdout."""
    closed = ("closed", "stdout")
    since = run.events.index(closed) if closed in run.events else 0
    return [event[1] for event in run.events[since:] if event[:1] == ("stderr",)]


@asks("stdio.rest_is_left", requirements=("STDIO-7",))
def rest_is_left(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """What the command did not read is left in stdin."""
    if "read" not in launched.timed_out:
        needs_all_steps(launched)
    its, mine = bare.all("unread"), launched.all("unread")
    if its == mine or launched.timed_out:
        return timed_out(launched)
    return violation("%r is left in stdin" % its[0][1], "%r is left" % mine[0][1])


@asks("stdio.nothing_outlives_the_host", requirements=("STDIO-8",), at_end=(note_processes_left,))
def nothing_outlives_the_host(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Launcher, command and all else have ended when the host has shut them down."""
    return timed_out(launched) or nothing_left(bare, launched)


@asks("world.can_finish", requirements=("WORLD-8",))
def command_can_finish(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command hears that it is to end, and has the time to: the launcher stays until then."""
    return timed_out(launched) or stays(launched)


@asks("stdio.rests", requirements=("STDIO-9",))
def launcher_rests(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher uses less than a tenth of a processor while nothing is asked of it."""
    measured = launched.all("cpu time")
    if not measured and not stays(launched):
        needs_all_steps(launched)
    for _, share, is_ready in measured:
        if share >= 0.1:
            return violation("the launcher rests", "it used %.0f %% of a processor" % (100 * share))
        if is_ready:
            raise RuntimeError("the machine is too busy to see whether the launcher rests")
    return []
