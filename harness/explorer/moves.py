"""The moves of a generated script: each appends a few steps that make sense in the model, and tells the model.

A move that can wait for its effect takes `awaited`; one that does not leaves the next move to come on top of it.
"""

from __future__ import annotations

import signal

from proctor.harness import signals
from proctor.harness.explorer.model import Model
from proctor.harness.scenario import (
    SIGNALS_OF_KEYS,
    HangUp,
    Hold,
    Key,
    Look,
    Order,
    Press,
    Release,
    Resize,
    Settle,
    Signal,
    Step,
    Trace,
    Type,
    WaitAnswer,
    WaitContinued,
    WaitEnds,
    WaitOutput,
    WaitReceived,
    WaitStopped,
)

Steps = tuple[Step, ...]
PROMPT = WaitOutput("<prompt>")
LINE = b"a line of text\n"
ENDED: Steps = (WaitEnds("command"), WaitEnds("launcher"))


def at_rest(model: Model) -> Steps:
    """Wait for all that was done, unless that is so."""
    if model.is_at_rest:
        return ()
    model.rest()
    return (Settle(),)


# -- what the command makes of signals


def ignore(model: Model, number: int) -> Steps:
    """The command ignores a signal from now on; one that is to end it, it goes on to take."""
    if model.ends(number):
        return ()
    rest = at_rest(model)
    model.ignored.add(number)
    return (*rest, Order(f"ignore {int(number)}"))


def leave_default(model: Model, number: int) -> Steps:
    """The command has a signal's default action, which ends it."""
    if number in model.ignored:
        return ()
    rest = at_rest(model)
    model.by_default.add(number)
    return (*rest, Order(f"default {int(number)}"))


def keep_inherited(model: Model) -> Steps:
    """The command does with signals what it was started with: their default, unless somebody has changed that."""
    rest = at_rest(model)
    mine = [number for number in signals.COMMON_SIGNALS if number not in model.ignored and not model.ends(number)]
    model.by_default.update(mine)
    return (*rest, *(Order(f"inherit {int(number)}") for number in mine))


def end_on(model: Model, number: int, code: int) -> Steps:
    """The command ends with this code as soon as it receives a signal."""
    if number in model.ignored:
        return ()
    rest = at_rest(model)
    model.ends_on[number] = code
    return (*rest, Order(f"exit-on {int(number)} {code}"))


# -- signals


def send(model: Model, number: int, to: str, awaited: bool) -> Steps:
    """Send a signal to the launcher, to its process group or to the command."""
    if model.ends(number):
        rest = at_rest(model)
        model.over = True
        return (*rest, Signal(number, to), *ENDED)
    if not model.catches(number):
        model.settled = False
        return (Signal(number, to), *at_rest(model)) if awaited else (Signal(number, to),)
    rest = at_rest(model) if awaited else ()
    model.sent(number, awaited)
    return (*rest, Signal(number, to), WaitReceived(number), Settle()) if awaited else (Signal(number, to),)


def send_held(model: Model, number: int) -> Steps:
    """Send a signal to the process group while all between us and the command is held still: what the command gets
    afterwards, it gets from them."""
    if model.ends(number):
        return ()
    rest = at_rest(model)
    model.was_held = True
    return (*rest, Hold(), Signal(number, "group"), Settle(), Release(), Settle())


def stop_launcher(model: Model) -> Steps:
    """Stop the launcher alone."""
    rest = at_rest(model)
    model.launcher_stopped = True
    return (*rest, Signal(signal.SIGSTOP), WaitStopped("launcher"))


def send_to_stopped(model: Model, number: int) -> Steps:
    """Send a signal while the launcher is stopped. One that is pending already would merge with it, unless it is a
    real-time signal: those queue."""
    if not model.catches(number) or (number in model.pending and number not in signals.realtime()):
        return ()
    return send(model, number, "launcher", awaited=False)


def continue_launcher(model: Model) -> Steps:
    """Let it go on; what was sent meanwhile is to arrive."""
    model.launcher_stopped = False
    model.rest()
    return (Settle(), Signal(signal.SIGCONT), WaitContinued("launcher"), Settle())


def stop_command(model: Model) -> Steps:
    """Stop the command alone."""
    rest = at_rest(model)
    model.command_stopped = True
    return (*rest, Signal(signal.SIGSTOP, "command"), WaitStopped(), Settle(), Look())


def continue_command(model: Model) -> Steps:
    """Let it go on, and a launcher that has stopped itself along with it."""
    model.command_stopped = False
    model.rest()
    return (Signal(signal.SIGCONT, "command"), Signal(signal.SIGCONT), WaitContinued(), Settle())


# -- the terminal


def press(model: Model, key: Key, awaited: bool) -> Steps:
    """Press a key that sends a signal to the foreground."""
    model.typed_ahead = False
    number = SIGNALS_OF_KEYS[key]
    if model.ends(number):
        rest = at_rest(model)
        model.over = True
        return (*rest, Press(key), *ENDED)
    if not model.catches(number):
        model.settled = False
        return (Press(key), *at_rest(model)) if awaited else (Press(key),)
    rest = at_rest(model) if awaited else ()
    model.sent(number, awaited)
    return (*rest, Press(key), WaitReceived(number), Settle()) if awaited else (Press(key),)


def press_held(model: Model, key: Key) -> Steps:
    """The same while all between us and the command is held still."""
    if model.ends(SIGNALS_OF_KEYS[key]):
        return ()
    rest = at_rest(model)
    model.was_held, model.typed_ahead = True, False
    return (*rest, Hold(), Press(key), Settle(), Release(), Settle())


def resize(model: Model, held: bool) -> Steps:
    """Change the window's size."""
    rest = at_rest(model)
    model.rows, model.columns = model.rows + 1, model.columns + 2
    change = Resize(model.rows, model.columns)
    if held:
        model.was_held = True
        return (*rest, Hold(), change, Settle(), Release(), Settle())
    wait: Steps = (WaitReceived(signal.SIGWINCH),) if model.catches(signal.SIGWINCH) else ()
    return (*rest, change, *wait, Settle())


def type_line(model: Model, end: Key | None) -> Steps:
    """The command reads a line; ctrl-d ends it without one."""
    rest = at_rest(model)
    typed: Step = Press(end) if end else Type(LINE)
    return (*rest, Order("read-line"), Settle(), typed, WaitAnswer("read-line"))


def read_ahead(model: Model) -> Steps:
    """The command reads what was typed before it started. A key that sends a signal discards it; termios(3)."""
    rest = at_rest(model)
    model.typed_ahead = False
    return (*rest, Order("read-line"), WaitAnswer("read-line"))


def write(model: Model, count: int) -> Steps:
    """The command writes so many bytes."""
    rest = at_rest(model)
    raw: Steps = (Order("raw"),) if model.has_terminal and not model.is_raw else ()
    model.is_raw = model.has_terminal
    return (*rest, *raw, Order(f"write {count} 7"))


def hang_up(model: Model) -> Steps:
    """The terminal's other end is closed. There is nothing to be pressed or typed then, and the script ends."""
    rest = at_rest(model)
    model.over = True
    if model.ends(signal.SIGHUP) or not model.catches(signal.SIGHUP):
        return (*rest, HangUp(), Settle())
    return (*rest, HangUp(), WaitReceived(signal.SIGHUP), Settle())


def hang_up_held(model: Model) -> Steps:
    """The same while all between us and the command is held still."""
    rest = at_rest(model)
    model.over = True
    return (*rest, Hold(), HangUp(), Settle(), Release(), Settle())


def stop_job(model: Model) -> Steps:
    """Ctrl-Z under a shell: the job stops, the shell shows its prompt."""
    rest = at_rest(model)
    model.job_stopped = True
    return (*rest, Press("ctrl-z"), WaitStopped(), PROMPT)


def foreground(model: Model) -> Steps:
    """`fg`."""
    runs: Steps = () if model.in_background else (WaitContinued(),)
    model.job_stopped = model.in_background = False
    model.rest()
    return (Type(b"fg\n"), *runs, Settle())


def background(model: Model) -> Steps:
    """`bg`; the next that is done is fg."""
    model.in_background = True
    return (Type(b"bg\n"), WaitContinued(), PROMPT, Settle())


# -- processes


def spawn(model: Model, flags: str) -> Steps:
    """The command starts another process: c its child, o an orphan at once, s in a session of its own, n without its
    descriptors."""
    rest = at_rest(model)
    model.children_made += 1
    name = f"child{model.children_made}"
    model.children.append(name)
    model.settled = False
    return (*rest, Order(f"spawn {name} {flags}"))


def end_child(model: Model) -> Steps:
    """One that the command has started ends."""
    name = model.children.pop()
    model.rest()
    return (Order("exit 0", name), WaitEnds(name), Settle(), Look())


def look(model: Model) -> Steps:
    """Look who is there, at rest."""
    return (*at_rest(model), Look())


def wait(model: Model, seconds: float) -> Steps:
    """Wait for whatever is set to happen within so many seconds."""
    model.rest()
    return (Settle(seconds),)


def trace(model: Model, at_reap: int) -> Steps:
    """Follow the launcher's calls from here on; at_reap: it is sent this signal when it has reaped the command."""
    rest = at_rest(model)
    model.traced = True
    return (*rest, Trace(at_reap))
