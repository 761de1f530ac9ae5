"""The moves that end a generated script."""

from __future__ import annotations

import signal

from proctor.harness import orders
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
    """Continue all stopped processes."""
    if model.launcher_stopped:
        return continue_launcher(model)
    if model.command_stopped:
        return continue_command(model)
    return foreground(model) if model.job_stopped else ()


def exit_with(model: Model, code: int) -> Steps:
    """The command exits, and the launcher must end."""
    return _finish(model, orders.Exit(code))


def exit_held(model: Model, code: int, number: int) -> Steps:
    """The command exits while all processes between Proctor and the command are held. The launcher gets a signal before
    it can notice the exit."""
    rest = at_rest(model)
    model.is_over = True
    return (
        *rest,
        Hold(),
        Order(orders.Exit(code)),
        WaitEnds("command"),
        Signal(number),
        Release(),
        WaitEnds("launcher"),
    )


def die_of(model: Model, number: int) -> Steps:
    """The command ends by a signal that it sends to itself, and the launcher must end."""
    return _finish(model, orders.Die(int(number)))


def _finish(model: Model, order: orders.OrderToWitness) -> Steps:
    # a key discards pending output even if its signal is ignored: under a shell, this could be the prompt
    rest = at_rest(model) if model.has_shell else ()
    model.is_over = True
    return (*rest, Order(order), *ENDED, *((PROMPT,) if model.has_shell else ()))


def end_command(model: Model) -> Steps:
    """The command is ended by SIGKILL."""
    rest = at_rest(model)
    model.is_over = True
    return (*rest, Signal(signal.SIGKILL, "command"), *ENDED)


def end_launcher(model: Model) -> Steps:
    """The launcher is ended by SIGKILL."""
    rest = at_rest(model)
    model.is_over = True
    return (*rest, Signal(signal.SIGKILL), WaitEnds("launcher"), Settle())
