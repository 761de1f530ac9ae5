"""The rules of generated scripts: each move with its precondition and its parameters."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from hypothesis import strategies as st

from proctor.harness import signals
from proctor.harness.explorer import ending_moves, moves
from proctor.harness.explorer.model import Model
from proctor.harness.explorer.moves import Steps
from proctor.harness.scenario import PIPES, SIGNALS_OF_KEYS, Stage

TYPED_AHEAD = Stage(terminal=True, parent="job", type_ahead=b"typed before the start\n")
SCRIPT_SIGNALS = tuple(
    int(number)
    for number in (
        signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM,
    )
)  # fmt: skip
OTHER_SIGNALS = tuple(
    int(getattr(signal, name))
    for name in ("SIGWINCH", "SIGURG", "SIGIO", "SIGPWR", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGVTALRM", "SIGPROF",
                 "SIGXCPU", "SIGSYS", "SIGPIPE")
    if hasattr(signal, name)
) + signals.realtime()[:3] + signals.realtime()[-1:]  # fmt: skip
FATAL_SIGNALS = (*SCRIPT_SIGNALS, int(signal.SIGKILL), int(signal.SIGSEGV), int(signal.SIGABRT), int(signal.SIGPIPE),
          *signals.realtime()[:1], *signals.realtime()[-1:])  # fmt: skip
FLAGS = ("c", "o", "os", "osn")

number, other = st.sampled_from(SCRIPT_SIGNALS), st.sampled_from(OTHER_SIGNALS)
queued = st.sampled_from(signals.realtime()[:1] + signals.realtime()[-1:])
code = st.sampled_from((0, 1, 2, 3, 42, 126, 127, 128, 130, 143, 255)) | st.integers(0, 255)
end_of_line = st.sampled_from((None, "ctrl-d"))
key, either = st.sampled_from(tuple(SIGNALS_OF_KEYS)), st.booleans()


def nothing_stopped(model: Model) -> bool:
    """Whether no process is stopped and the script is not over."""
    return model.is_free


def at_terminal(model: Model) -> bool:
    """Whether there is a terminal, and no process is stopped."""
    return model.is_free and model.has_terminal


def with_keys(model: Model) -> bool:
    """Whether keys send signals. In raw mode they do not."""
    return at_terminal(model) and not model.is_raw


def without_shell(model: Model) -> bool:
    """Whether only Proctor does job control, and the launcher is not PID 1."""
    return model.is_free and not model.has_shell and model.stage.parent != "init"


def may_hold(model: Model) -> bool:
    """Whether the processes between Proctor and the command can be held. Traced processes cannot."""
    return without_shell(model) and not model.is_traced


def may_hold_at_a_key(model: Model) -> bool:
    """The same for a key. Its signal does not go through a shell."""
    return with_keys(model) and not model.is_traced


def only_pipes(model: Model) -> bool:
    """Whether only Proctor sends signals of job control and window size."""
    return model.is_free and model.stage == PIPES


def reads_lines(model: Model) -> bool:
    """Whether the command reads a line that is typed."""
    return with_keys(model) and without_shell(model) and not model.typed_ahead


class Rule(NamedTuple):
    """A move, its precondition, and the strategies for its parameters."""

    precondition: Callable[[Model], bool]
    move: Callable[..., Steps]
    parameters: Mapping[str, st.SearchStrategy[Any]] = MappingProxyType({})


RULES = {
    "ignore": Rule(nothing_stopped, moves.ignore, {"number": number}),
    "leave_default": Rule(nothing_stopped, moves.leave_default, {"number": number}),
    "keep_inherited": Rule(nothing_stopped, moves.keep_inherited),
    "end_on": Rule(nothing_stopped, moves.end_on, {"number": number, "code": code}),
    "send": Rule(nothing_stopped, moves.send, {"number": number, "to": st.just("launcher"), "awaited": either}),
    "send_other": Rule(only_pipes, moves.send, {"number": other, "to": st.just("launcher"), "awaited": either}),
    "send_to_group": Rule(without_shell, moves.send, {"number": number, "to": st.just("group"), "awaited": either}),
    "send_to_command": Rule(
        nothing_stopped, moves.send, {"number": number, "to": st.just("command"), "awaited": st.just(True)}
    ),
    "send_held": Rule(may_hold, moves.send_held, {"number": number}),
    "stop_launcher": Rule(lambda m: only_pipes(m) and not m.is_traced, moves.stop_launcher),
    "send_to_stopped": Rule(lambda m: m.launcher_stopped, moves.send_to_stopped, {"number": number}),
    "queue": Rule(lambda m: m.launcher_stopped, moves.send_to_stopped, {"number": queued}),
    "stop_command": Rule(lambda m: only_pipes(m) and not m.is_traced, moves.stop_command),
    "go_on": Rule(lambda m: not m.is_over and not m.is_free, ending_moves.go_on),
    "press": Rule(with_keys, moves.press, {"key": key, "awaited": either}),
    "press_held": Rule(may_hold_at_a_key, moves.press_held, {"key": key}),
    "resize": Rule(at_terminal, moves.resize, {"held": st.just(False)}),
    "resize_held": Rule(lambda m: at_terminal(m) and may_hold(m), moves.resize, {"held": st.just(True)}),
    "type_line": Rule(reads_lines, moves.type_line, {"end": end_of_line}),
    "write": Rule(without_shell, moves.write, {"count": st.sampled_from((1, 5000, 300_000))}),
    "read_ahead": Rule(lambda m: with_keys(m) and m.typed_ahead, moves.read_ahead),
    "hang_up": Rule(lambda m: at_terminal(m) and without_shell(m), moves.hang_up),
    "hang_up_held": Rule(lambda m: at_terminal(m) and may_hold(m), moves.hang_up_held),
    "stop_job": Rule(lambda m: m.is_free and m.has_shell, moves.stop_job),
    "background": Rule(lambda m: m.job_stopped and not m.in_background, moves.background),
    "spawn": Rule(nothing_stopped, moves.spawn, {"flags": st.sampled_from(FLAGS)}),
    "end_child": Rule(lambda m: m.is_free and bool(m.children), moves.end_child),
    "look": Rule(nothing_stopped, moves.look),
    "wait": Rule(nothing_stopped, moves.wait, {"seconds": st.sampled_from((0.5, 3.0))}),
    "trace": Rule(
        lambda m: may_hold(m) and not m.was_held, moves.trace, {"at_reap": st.sampled_from((0, *SCRIPT_SIGNALS))}
    ),
    "exit": Rule(nothing_stopped, ending_moves.exit_with, {"code": code}),
    "exit_held": Rule(may_hold, ending_moves.exit_held, {"code": code, "number": number}),
    "die": Rule(nothing_stopped, ending_moves.die_of, {"number": st.sampled_from(FATAL_SIGNALS)}),
    "end_command": Rule(lambda m: m.is_free and not m.has_shell, ending_moves.end_command),
    "end_launcher": Rule(without_shell, ending_moves.end_launcher),
}  # fmt: skip
