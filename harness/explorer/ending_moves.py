"""The moves by which a generated script comes to its end."""

from __future__ import annotations

import signal

from proctor.harness.explorer.model import Model
from proctor.harness.explorer.moves import (
    ENDED,
    PROMPT,
    Steps,
    at_rest,
    continue_command,
    continue_launcher,
    foreground,
)
from proctor.harness.scenario import Hold, Order, Release, Settle, Signal, WaitEnds


def go_on(model: Model) -> Steps:
    """Let everybody go on who is stopped."""
    if model.launcher_stopped:
        return continue_launcher(model)
    if model.command_stopped:
        return continue_command(model)
    return foreground(model) if model.job_stopped else ()


def exit_with(model: Model, code: int) -> Steps:
    """The command exits, and the launcher is to end."""
    return _finish(model, f"exit {code}")


def exit_held(model: Model, code: int, number: int) -> Steps:
    """The command exits while all between us and it is held still, and they are sent a signal before they know."""
    rest = at_rest(model)
    model.over = True
    return (*rest, Hold(), Order(f"exit {code}"), WaitEnds("command"), Signal(number), Release(), WaitEnds("launcher"))


def die_of(model: Model, number: int) -> Steps:
    """The command dies of a signal that nobody has sent, and the launcher is to end."""
    return _finish(model, f"die {int(number)}")


def _finish(model: Model, order: str) -> Steps:
    # a key takes with it what is about to be printed, whoever ignores its signal: under a shell, the prompt
    rest = at_rest(model) if model.has_shell else ()
    model.over = True
    return (*rest, Order(order), *ENDED, *((PROMPT,) if model.has_shell else ()))


def end_command(model: Model) -> Steps:
    """The command is ended from outside."""
    rest = at_rest(model)
    model.over = True
    return (*rest, Signal(signal.SIGKILL, "command"), *ENDED)


def end_launcher(model: Model) -> Steps:
    """The launcher is ended by SIGKILL."""
    rest = at_rest(model)
    model.over = True
    return (*rest, Signal(signal.SIGKILL), WaitEnds("launcher"), Settle())
