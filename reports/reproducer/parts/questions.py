"""The questions of scripts: for each check, how two runs show that its requirement is broken.

`bare` is the run of the command without the launcher, `launched` the one behind it. A question returns violations as
text. It raises RuntimeError where the runs are inconclusive.
"""

from __future__ import annotations

import signal

from proctor.reports.reproducer.parts.comparisons import (
    before_stop,
    daemon_lives,
    died_of_key,
    in_time,
    names_the_death,
    needs_all_steps,
    needs_each_signal,
    needs_end_by_itself,
    needs_end_of_command,
    needs_launcher,
    needs_reaping,
    needs_survivor_of_hold,
    needs_survivor_of_signal,
    no_signal_after_reaping,
    no_zombie,
    nothing_left,
    once_each,
    refuses,
    restored,
    same_bytes,
    same_counts,
    same_output,
    same_status,
    same_view,
    sent,
    stays,
    timed_out,
    too_few,
    too_many,
    unexpected,
    violation,
    within,
)
from proctor.reports.reproducer.parts.marks import asks
from proctor.reports.reproducer.parts.observed_run import ObservedRun
from proctor.reports.reproducer.parts.screen import changed_modes, same_screen
from proctor.reports.reproducer.parts.steps import note_processes_left, note_terminal, settle

COUNTS: dict[str, tuple[int, int]] = {}
"""Of a generated scenario: how often the command may receive each signal, at least and at most."""
COUNTED = ("SIG-1", "SIG-2", "SIG-3", "SIG-4", "SIG-10", "TTY-1", "TTY-2", "TTY-5", "TREE-4", "TREE-5")
"""Requirements about the signals that the command receives."""


# -- EXIT


@asks("exit.same_status", requirements=("EXIT-1", "EXIT-2", "EXIT-7"))
def status_is_the_same(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends with the command's status."""
    return timed_out(launched) or same_status(bare, launched)


@asks("exit.ends_with_command", requirements=("EXIT-6",))
def ends_with_command(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends when the command has, whoever else holds its stdout."""
    return timed_out(launched)


@asks("exit.status_despite_signal")
def status_despite_signal(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends with the command's status, where a signal has ended the command."""
    needs_end_of_command(launched)
    return timed_out(launched) or same_status(bare, launched)


@asks("exit.status_after_slow_end")
def status_after_slow_end(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends with the command's status, where the command ends by itself, a while after a signal."""
    needs_end_by_itself(bare, launched)
    return timed_out(launched) or same_status(bare, launched)


@asks("exit.status_after_late_signal")
def status_after_late_signal(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends with the command's status, where a signal arrives just after it has reaped the command."""
    needs_reaping(launched)
    return timed_out(launched) or same_status(bare, launched)


@asks("exit.not_before_command", requirements=("EXIT-3",))
def not_before_command(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher does not end before the command."""
    found = stays(launched)
    if not found and launched.all("runs") and not launched.all("ended", "launcher"):
        needs_all_steps(launched)
    return found or timed_out(launched)


@asks("exit.not_found")
def not_found(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A command that does not exist: 127, and a message that names it."""
    return timed_out(launched) or refuses(launched, 127, "no-such-command")


@asks("exit.not_executable")
def not_executable(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A command that may not be executed: 126, and a message that names it."""
    return timed_out(launched) or refuses(launched, 126, "forbidden-command")


@asks("exit.names_the_death", requirements=("EXIT-5",))
def death_is_named(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher prints which program died of which signal, and ends with the command's status."""
    needs_launcher(launched)
    return timed_out(launched) or same_status(bare, launched) or names_the_death(bare, launched)


# -- SIG


@asks("signals.launcher_survives", requirements=("SIG-5",))
@asks(
    "signals.reaches_command", "signals.nothing_lost_while_stopped", "tree.init_forwards", "terminal.key_arrives",
    "terminal.resize_arrives", "world.interrupted_in_own_group", is_without_counts=True,
)  # fmt: skip
def launcher_survives(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher does not end before the command, and nothing times out."""
    return stays(launched) or timed_out(launched)


@asks("signals.reaches_command", "tree.init_forwards")
def signals_arrive(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The signals that are sent to the launcher reach the command, and do not end the launcher."""
    return stays(launched) or too_few(bare, launched, sent(launched)) or timed_out(launched)


@asks("signals.nothing_lost_while_stopped")
def signals_arrive_after_stop(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The signals that are sent to the stopped launcher reach the command. SIGCONT itself need not."""
    names = [name for name in sent(launched) if name != "SIGCONT"]
    return stays(launched) or too_few(bare, launched, names) or timed_out(launched)


@asks("signals.exactly_once")
def signals_arrive_once(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Each signal that is sent to the launcher reaches the command once, in order."""
    return once_each(bare, launched)


@asks("signals.once_if_at_all", "signals.each_one_taken_once")
def only_these_signals_arrive(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Each signal that is sent to the launcher reaches the command once, in order, and no other does."""
    needs_each_signal(launched)
    return once_each(bare, launched) or same_counts(bare, launched, unexpected(bare, launched))


@asks("signals.none_unasked")
def no_signal_of_itself(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """While no signal is sent the command receives none, and runs until it is told to exit."""
    if stays(launched):
        raise RuntimeError("the launcher ended before the command")
    found = same_counts(bare, launched, unexpected(bare, launched))
    if not found and launched.timed_out.startswith("command is there"):
        return violation("the command runs until it is told to exit", "it ended, though nobody asked for that")
    if not found:
        needs_all_steps(launched)
    return found


@asks("signals.never_signals_reaped", "end, pids", requirements=("SIG-8",))
def reaped_is_not_signalled(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher sends no signal to the command's pid after it has reaped the command."""
    needs_reaping(launched)
    return no_signal_after_reaping(launched)


@asks("signals.forwarded_in_time", requirements=("SIG-9",), is_timed=True)
def forwarded_in_time(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A signal is forwarded within 50 ms."""
    needs_all_steps(launched)
    return in_time(launched)


@asks(requirements=COUNTED)
def counts_are_allowed(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command receives each signal as often as COUNTS allows, and no other."""
    return stays(launched) or within(bare, launched, COUNTS) or timed_out(launched)


# -- TTY


@asks("terminal.key_arrives", "world.interrupted_in_own_group")
def key_arrives(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The signal of a key reaches the command, and does not end the launcher."""
    return stays(launched) or too_few(bare, launched, ["SIGINT", "SIGQUIT"]) or timed_out(launched)


@asks("terminal.key_arrives_once")
def key_arrives_once(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The signal of a key arrives as often as without the launcher, no other does."""
    if not died_of_key(launched):
        needs_survivor_of_hold(launched)
    names = ["SIGINT", "SIGQUIT", *unexpected(bare, launched)]
    return stays(launched) or same_counts(bare, launched, names) or timed_out(launched)


@asks("terminal.job_control", requirements=("TTY-3",))
@asks("tree.group_signal_arrives", is_without_counts=True)
def nothing_times_out(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """All that happens without the launcher happens with it too."""
    needs_survivor_of_signal(launched)
    return timed_out(launched)


@asks("terminal.key_after_fg")
def key_after_fg(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A Ctrl-C after fg is one SIGINT. One that was two before Ctrl-Z is another fault."""
    needs_survivor_of_hold(launched)
    if before_stop(launched) > before_stop(bare):
        return timed_out(launched)
    return timed_out(launched) or same_counts(bare, launched, ["SIGINT"])


@asks("terminal.hang_up_arrives", requirements=("TTY-4",))
def hang_up_arrives(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command receives SIGHUP after the hang-up."""
    needs_survivor_of_signal(launched)
    start = launched.events.index(("hung up",)) if launched.all("hung up") else 0
    if any(event[:3] == ("received", "command", "SIGHUP") for event in launched.events[start:]):
        return []
    return timed_out(launched) or violation("the command receives SIGHUP", "it received none")


@asks("terminal.hang_up_ends_all", at_end=(note_processes_left,))
def hang_up_ends_all(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """No process survives the hang-up."""
    if not launched.all("hung up"):
        needs_all_steps(launched)
    if bare.all("left"):
        raise RuntimeError("the command survives the hang-up even without the launcher")
    left = [event[1] for event in launched.all("left")]
    return violation("no process survives the hang-up", "still there: " + ", ".join(left)) if left else []


@asks("terminal.as_often_as_bare")
def changes_arrive_once(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A hang-up and a resize reach the command as often as without the launcher."""
    needs_survivor_of_signal(launched)
    if not launched.all("hung up") or not launched.all("ended", "launcher", 128 + signal.SIGHUP):
        needs_survivor_of_hold(launched)
    return same_counts(bare, launched, ["SIGHUP", "SIGWINCH"]) or timed_out(launched)


@asks("terminal.resize_arrives")
def resize_arrives(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A resize reaches the command, and does not end the launcher."""
    return stays(launched) or too_few(bare, launched, ["SIGWINCH"]) or timed_out(launched)


@asks("terminal.terminal_is_the_same", requirements=("TTY-6",), orders=("view",))
def terminal_is_the_same(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The terminal looks the same to the command, and it can read a line."""
    return timed_out(launched) or same_view(bare, launched)


@asks("terminal.terminal_is_restored", requirements=("TTY-7",), at_end=(note_terminal,))
def terminal_is_restored(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The terminal is left as it was, or as the bare command leaves it."""
    if not launched.all("ended", "launcher"):
        needs_all_steps(launched)
    if launched.all("did", "command", "raw") and not launched.all("ended", "command"):
        raise RuntimeError("the command has changed the terminal and outlives the launcher")
    return restored(bare, launched)


@asks("terminal.screen_is_left_alone")
def screen_is_left_alone(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The command finds the screen as it is without the launcher: when it is told to exit all is at rest."""
    if not launched.all("told"):
        needs_all_steps(launched)
    its, mine = (changed_modes(run.output[: run.all("told")[0][2]]) for run in (bare, launched))
    found = [one for one in mine if one not in its]
    return violation("the command finds the terminal as it is without the launcher", ", ".join(found)) if found else []


@asks("terminal.screen_is_restored", requirements=("TTY-10",), at_end=(settle,))
def screen_is_restored(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The terminal shows what it shows after the bare command: the cursor, and not the alternate screen."""
    if not launched.all("ended", "launcher"):
        needs_all_steps(launched)
    return same_screen(bare, launched)


@asks("terminal.terminal_is_restored_after_kill", requirements=("TTY-9",), at_end=(note_terminal,))
def terminal_is_restored_after_kill(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The terminal is left as it was, or as the bare command leaves it, and shows the same."""
    return terminal_is_restored(bare, launched) or same_screen(bare, launched)


@asks("terminal.bytes_arrive", requirements=("TTY-8",), at_end=(settle,))
def bytes_arrive(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """What is typed reaches the command, and what it writes reaches the terminal, byte for byte."""
    return timed_out(launched) or same_bytes(bare, launched) or same_output(bare, launched)


# -- TREE


@asks("tree.nothing_left", requirements=("TREE-1",), at_end=(note_processes_left,))
def no_process_left(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """No process is left when the launcher has ended, except for those that the bare command leaves."""
    return nothing_left(bare, launched)


@asks("tree.no_zombie")
def children_are_reaped(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Every child of the launcher is reaped, and nothing times out."""
    return no_zombie(bare, launched) or timed_out(launched)


@asks("tree.init_reaps")
def orphans_are_reaped(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """As PID 1, the launcher reaps orphans."""
    dead = [pid for _, pids in launched.all("zombies") for pid in pids if pid != launched.pids["command"]]
    wrong = violation("adopted orphans are reaped", "%d zombies" % len(dead)) if dead else []
    return timed_out(launched) or wrong


@asks("tree.no_zombie_after_signals", requirements=("TREE-2",))
def children_are_reaped_after_signals(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """Every child of the launcher is reaped."""
    return no_zombie(bare, launched)


@asks("tree.noticed_by_command", requirements=("TREE-3",))
def death_is_noticed(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """When the launcher is killed the command receives a signal or ends."""
    needs_launcher(launched)
    if not launched.all("sent", signal.SIGKILL, "launcher"):
        return timed_out(launched)
    after = launched.events[launched.events.index(("sent", signal.SIGKILL, "launcher")) :]
    if any(event[:2] == ("received", "command") for event in after) or launched.all("ended", "command"):
        return []
    return violation("the command receives a signal or ends", "neither happens; it runs on")


@asks("tree.group_signal_arrives")
def group_signal_arrives(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A signal to the launcher's process group reaches the command."""
    needs_survivor_of_signal(launched)
    return too_few(bare, launched, sent(launched, "group")) or timed_out(launched)


@asks("tree.group_signal_once")
def group_signal_once(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """A signal to the launcher's process group reaches the command no more often than without the launcher."""
    found = too_many(bare, launched, sent(launched, "group"))
    if not found:
        needs_all_steps(launched)
    if not found and too_few(bare, launched, sent(launched, "group")):
        raise RuntimeError("a signal did not reach the command at all, which is another fault")
    return found


@asks("tree.init_status", requirements=("TREE-6",), at_end=(note_processes_left,))
def init_ends_as_command(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """As PID 1, the launcher ends with the command's status, and no process is left."""
    return timed_out(launched) or same_status(bare, launched) or nothing_left(bare, launched)


@asks("tree.survives_daemon", requirements=("TREE-7",), at_end=(note_processes_left,))
def daemon_is_left_alone(bare: ObservedRun, launched: ObservedRun) -> list[str]:
    """The launcher ends when the command does, and leaves a daemon of the command alone."""
    return timed_out(launched) or daemon_lives(bare, launched)
