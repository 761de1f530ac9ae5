"""Generated scripts: a rule-based state machine of Hypothesis whose rules are the moves.

Each example is a complete draft before it is executed, so it is judged like a hand-written case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from proctor.harness.explorer.draft import Command, Draft, DraftWriter, Move
from proctor.harness.explorer.drawn_schedules import DRAWN_DIRECTIVES, DrawnDirective
from proctor.harness.explorer.move_rules import RULES, SCRIPT_SIGNALS, TYPED_AHEAD, number
from proctor.harness.scenario import JOB, LEADER, PIPES, Stage

Judge = Callable[[Draft], None]
"""Executes a draft; raises an exception if it is rejected."""
MAX_MOVES = 12
TYPED_AHEAD_FROM = 40
"""On the job stage, places from this number on (of 64) have input that is typed before the start."""
SIGNAL_SUBSETS = st.just(SCRIPT_SIGNALS) | st.lists(
    st.sampled_from(SCRIPT_SIGNALS), min_size=1, max_size=2, unique=True
).map(tuple)
"""Most faults need two moves with the same signal, which is unlikely if all seven signals are used."""
LONGEST_TIMER = 3.0
"""Seconds to wait for a timer of the launcher. Without a timer, the wait ends at once."""
TRACED_STAGES = (PIPES, LEADER, JOB)
"""Stages that allow a schedule: without a shell that does job control, and not with the launcher as PID 1."""


class ScriptMachine(RuleBasedStateMachine):
    """Builds one draft. `stages`, `traced_stages` and `judge` are set by machine()."""

    stages: Sequence[Stage] = (PIPES,)
    traced_stages: Sequence[Stage] = TRACED_STAGES
    judge: Judge

    def __init__(self) -> None:
        super().__init__()
        self.writer = DraftWriter(PIPES)
        self.drawn: tuple[DrawnDirective, ...] = ()
        self.waits_at_end = False
        self.signals = SCRIPT_SIGNALS

    @initialize(
        place=st.integers(0, 63),
        command=st.sampled_from(("witness",) * 14 + ("missing", "forbidden")),
        drawn=DRAWN_DIRECTIVES,
        waits_at_end=st.sampled_from((False, False, True)),
        signals=SIGNAL_SUBSETS,
    )
    def begin(
        self,
        place: int,
        command: Command,
        drawn: tuple[DrawnDirective, ...],
        waits_at_end: bool,
        signals: tuple[int, ...],
    ) -> None:
        """Set the stage; sometimes draw a schedule; rarely use a command that cannot be run. waits_at_end: wait for
        timers at the end; signals: the signals that the moves use."""
        self.waits_at_end, self.signals = waits_at_end, signals
        # the first stage twice as often as others, because only there can most signals be sent
        stage = self.stages[max(0, place % (len(self.stages) + 1) - 1)]
        stage = TYPED_AHEAD if stage == JOB and place >= TYPED_AHEAD_FROM else stage
        self.drawn = drawn if stage in self.traced_stages and command == "witness" else ()
        self.writer = DraftWriter(stage, command, bool(self.drawn))

    @precondition(lambda self: self.writer.model.is_over)
    @rule()
    def nothing(self) -> None:
        """Do nothing: the script is over, but Hypothesis needs a rule that it can choose."""

    def teardown(self) -> None:
        """End the script and execute it."""
        if self.waits_at_end:
            self.writer.make(Move("wait", (("seconds", LONGEST_TIMER),)))
        self.writer.end()
        draft = self.writer.draft(self.drawn)
        for name in dict.fromkeys(draft.rules):
            event(f"move: {name}")
        type(self).judge(draft)


def _rule(name: str) -> Any:
    """Return the method that Hypothesis calls for a move."""
    move_rule = RULES[name]

    def method(self: ScriptMachine, **words: Any) -> None:
        if move_rule.parameters.get("number") is number:
            words["number"] = self.signals[SCRIPT_SIGNALS.index(words["number"]) % len(self.signals)]
        self.writer.make(Move(name, tuple(words.items())))

    method.__name__ = name
    decorated: Any = rule(**move_rule.parameters)  # type: ignore[call-overload]  # no rule here has a target
    return precondition(lambda self: move_rule.precondition(self.writer.model))(decorated(method))


def machine(stages: Sequence[Stage], judge: Judge, schedules: bool = True) -> type[ScriptMachine]:
    """Return the state machine for these stages. `judge` executes the drafts; schedules: whether some have a
    schedule."""
    words = {"stages": tuple(stages), "traced_stages": TRACED_STAGES if schedules else (), "judge": staticmethod(judge)}
    return type("Script", (ScriptMachine,), {**{name: _rule(name) for name in RULES}, **words})
