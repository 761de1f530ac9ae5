"""The moves of a generated script. Each returns a few steps that are possible in the model, and updates the model.

A move that can wait for its effect has the parameter `awaited`. Without it, the next move overlaps with the effect.
"""

from __future__ import annotations

import signal

from proctor.harness import orders, signals
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
    """Return a step that waits for all effects, if any are outstanding."""
    if model.is_at_rest:
        return ()
    model.rest()
    return (Settle(),)


# -- how the command handles signals


def ignore(model: Model, number: int) -> Steps:
    """The command ignores a signal from now on, unless the signal is to end it."""
    if model.ends(number):
        return ()
    rest = at_rest(model)
    model.ignored.add(number)
    return (*rest, Order(orders.Ignore(int(number))))


def leave_default(model: Model, number: int) -> Steps:
    """The command resets a signal to its default action, which ends it."""
    if number in model.ignored:
        return ()
    rest = at_rest(model)
    model.ended_by_default.add(number)
    return (*rest, Order(orders.Default(int(number))))


def keep_inherited(model: Model) -> Steps:
    """The command restores the dispositions that it inherited: the default, unless the launcher has changed them."""
    rest = at_rest(model)
    mine = [number for number in signals.COMMON_SIGNALS if number not in model.ignored and not model.ends(number)]
    model.ended_by_default.update(mine)
    return (*rest, *(Order(orders.Inherit(int(number))) for number in mine))


def end_on(model: Model, number: int, code: int) -> Steps:
    """The command exits with this code when it receives a signal."""
    if number in model.ignored:
        return ()
    rest = at_rest(model)
    model.ends_on[number] = code
    return (*rest, Order(orders.ExitOn(int(number), code)))


# -- signals


def send(model: Model, number: int, to: str, awaited: bool) -> Steps:
    """Send a signal to the launcher, to its process group or to the command."""
    if model.ends(number):
        rest = at_rest(model)
        model.is_over = True
        return (*rest, Signal(number, to), *ENDED)
    if not model.catches(number):
        model.settled = False
        return (Signal(number, to), *at_rest(model)) if awaited else (Signal(number, to),)
    rest = at_rest(model) if awaited else ()
    model.sent(number, awaited)
    return (*rest, Signal(number, to), WaitReceived(number), Settle()) if awaited else (Signal(number, to),)


def send_held(model: Model, number: int) -> Steps:
    """Send a signal to the process group while all processes between Proctor and the command are held. Any further
    delivery afterwards is by one of them."""
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
    """Send a signal while the launcher is stopped. A standard signal that is already pending is not sent again, because
    it would coalesce; real-time signals queue."""
    if not model.catches(number) or (number in model.pending and number not in signals.realtime()):
        return ()
    return send(model, number, "launcher", awaited=False)


def continue_launcher(model: Model) -> Steps:
    """Continue the launcher. Signals that were sent meanwhile must arrive."""
    model.launcher_stopped = False
    model.rest()
    return (Settle(), Signal(signal.SIGCONT), WaitContinued("launcher"), Settle())


def stop_command(model: Model) -> Steps:
    """Stop the command alone."""
    rest = at_rest(model)
    model.command_stopped = True
    return (*rest, Signal(signal.SIGSTOP, "command"), WaitStopped(), Settle(), Look())


def continue_command(model: Model) -> Steps:
    """Continue the command, and the launcher in case it has stopped itself too."""
    model.command_stopped = False
    model.rest()
    return (Signal(signal.SIGCONT, "command"), Signal(signal.SIGCONT), WaitContinued(), Settle())


# -- the terminal


def press(model: Model, key: Key, awaited: bool) -> Steps:
    """Press a key that sends a signal to the foreground process group."""
    model.typed_ahead = False
    number = SIGNALS_OF_KEYS[key]
    if model.ends(number):
        rest = at_rest(model)
        model.is_over = True
        return (*rest, Press(key), *ENDED)
    if not model.catches(number):
        model.settled = False
        return (Press(key), *at_rest(model)) if awaited else (Press(key),)
    rest = at_rest(model) if awaited else ()
    model.sent(number, awaited)
    return (*rest, Press(key), WaitReceived(number), Settle()) if awaited else (Press(key),)


def press_held(model: Model, key: Key) -> Steps:
    """Press a key while all processes between Proctor and the command are held."""
    if model.ends(SIGNALS_OF_KEYS[key]):
        return ()
    rest = at_rest(model)
    model.was_held, model.typed_ahead = True, False
    return (*rest, Hold(), Press(key), Settle(), Release(), Settle())


def resize(model: Model, held: bool) -> Steps:
    """Change the window size."""
    rest = at_rest(model)
    model.rows, model.columns = model.rows + 1, model.columns + 2
    change = Resize(model.rows, model.columns)
    if held:
        model.was_held = True
        return (*rest, Hold(), change, Settle(), Release(), Settle())
    wait: Steps = (WaitReceived(signal.SIGWINCH),) if model.catches(signal.SIGWINCH) else ()
    return (*rest, change, *wait, Settle())


def type_line(model: Model, end: Key | None) -> Steps:
    """The command reads a line. ctrl-d ends the input without a line."""
    rest = at_rest(model)
    typed: Step = Press(end) if end else Type(LINE)
    return (*rest, Order(orders.ReadLine()), Settle(), typed, WaitAnswer("read-line"))


def read_ahead(model: Model) -> Steps:
    """The command reads input that was typed before it started. A key that sends a signal discards it; termios(3)."""
    rest = at_rest(model)
    model.typed_ahead = False
    return (*rest, Order(orders.ReadLine()), WaitAnswer("read-line"))


def write(model: Model, count: int) -> Steps:
    """The command writes this many bytes."""
    rest = at_rest(model)
    raw: Steps = (Order(orders.Raw()),) if model.has_terminal and not model.is_raw else ()
    model.is_raw = model.has_terminal
    return (*rest, *raw, Order(orders.Write(count, 7)))


def hang_up(model: Model) -> Steps:
    """Hang up: close the other end of the terminal. No key can be pressed then, so the script ends."""
    rest = at_rest(model)
    model.is_over = True
    if model.ends(signal.SIGHUP) or not model.catches(signal.SIGHUP):
        return (*rest, HangUp(), Settle())
    return (*rest, HangUp(), WaitReceived(signal.SIGHUP), Settle())


def hang_up_held(model: Model) -> Steps:
    """Hang up while all processes between Proctor and the command are held."""
    rest = at_rest(model)
    model.is_over = True
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
    """`bg`. The next move is `fg`."""
    model.in_background = True
    return (Type(b"bg\n"), WaitContinued(), PROMPT, Settle())


# -- processes


def spawn(model: Model, flags: str) -> Steps:
    """The command starts another process. flags: c a child, o an orphan, s in its own session, n without inherited
    descriptors."""
    rest = at_rest(model)
    model.children_made += 1
    name = f"child{model.children_made}"
    model.children.append(name)
    model.settled = False
    return (*rest, Order(orders.Spawn(name, "o" in flags, "s" in flags, "n" in flags)))


def end_child(model: Model) -> Steps:
    """A process that the command started ends."""
    name = model.children.pop()
    model.rest()
    return (Order(orders.Exit(0), name), WaitEnds(name), Settle(), Look())


def look(model: Model) -> Steps:
    """Take a snapshot of the processes when they are idle."""
    return (*at_rest(model), Look())


def wait(model: Model, seconds: float) -> Steps:
    """Wait for timers that expire within this many seconds."""
    model.rest()
    return (Settle(seconds),)


def trace(model: Model, at_reap: int) -> Steps:
    """Trace the launcher's system calls from here on. at_reap: send the launcher this signal when it has reaped the
    command."""
    rest = at_rest(model)
    model.is_traced = True
    return (*rest, Trace(at_reap))
