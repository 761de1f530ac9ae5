"""Scripts that nobody thought of: a rule-based state machine of Hypothesis, whose rules are the moves.

Each example is a draft, written first and played when it is whole: whoever judges it sees what a hand-written case
shows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from proctor.harness.explorer.draft import Command, Draft, Move, Writer
from proctor.harness.explorer.drawn_schedules import DRAWN, Drawn
from proctor.harness.explorer.move_rules import RULES, SEVEN, TYPED_AHEAD, number
from proctor.harness.scenario import JOB, LEADER, PIPES, Stage

Judge = Callable[[Draft], None]
"""Plays a draft; raises where it is objected to."""
MOST_MOVES = 12
SELDOM = 40
"""On the stage of a job, of 64 places those from here on have something typed before the start."""
FEW = st.just(SEVEN) | st.lists(st.sampled_from(SEVEN), min_size=1, max_size=2, unique=True).map(tuple)
"""Most faults take two moves with one signal, which comes by chance seldom where there are seven."""
LONGEST = 3.0
"""Seconds for a launcher that has something to do later. Nobody waits where nobody has."""
TRACED = (PIPES, LEADER, JOB)
"""Stages on which there may be a schedule: nobody but us does job control, and PID 1 is followed by nobody."""


class ScriptMachine(RuleBasedStateMachine):
    """Writes one draft. `stages`, `traced` and `judge` are set by machine()."""

    stages: Sequence[Stage] = (PIPES,)
    traced: Sequence[Stage] = TRACED
    judge: Judge

    def __init__(self) -> None:
        super().__init__()
        self.writer = Writer(PIPES)
        self.drawn: tuple[Drawn, ...] = ()
        self.is_patient = False
        self.few = SEVEN

    @initialize(
        place=st.integers(0, 63), command=st.sampled_from(("witness",) * 14 + ("missing", "forbidden")), drawn=DRAWN,
        is_patient=st.sampled_from((False, False, True)), few=FEW,
    )  # fmt: skip
    def begin(
        self, place: int, command: Command, drawn: tuple[Drawn, ...], is_patient: bool, few: tuple[int, ...]
    ) -> None:  # fmt: skip
        """Set the stage; at times draw a schedule; and rarely, name a command that cannot be run. is_patient: who has
        set himself a time to do something is waited for at the end. few: the signals that the moves are about."""
        self.is_patient, self.few = is_patient, few
        # the first stage twice as often as others: most signals can be sent there alone
        stage = self.stages[max(0, place % (len(self.stages) + 1) - 1)]
        stage = TYPED_AHEAD if stage == JOB and place >= SELDOM else stage
        self.drawn = drawn if stage in self.traced and command == "witness" else ()
        self.writer = Writer(stage, command, bool(self.drawn))

    @precondition(lambda self: self.writer.model.over)
    @rule()
    def nothing(self) -> None:
        """Nothing can be done any more; Hypothesis wants a rule that can be chosen all the same."""

    def teardown(self) -> None:
        """Bring the script to its end, and have it played."""
        if self.is_patient:
            self.writer.make(Move("wait", (("seconds", LONGEST),)))
        self.writer.end()
        draft = self.writer.draft(self.drawn)
        for name in dict.fromkeys(draft.rules):
            event(f"move: {name}")
        type(self).judge(draft)


def _rule(name: str) -> Any:
    """Return the method that Hypothesis calls for a move."""
    asked = RULES[name]

    def method(self: ScriptMachine, **words: Any) -> None:
        if asked.takes.get("number") is number:
            words["number"] = self.few[SEVEN.index(words["number"]) % len(self.few)]
        self.writer.make(Move(name, tuple(words.items())))

    method.__name__ = name
    decorated: Any = rule(**asked.takes)  # type: ignore[call-overload]  # no rule here has a target
    return precondition(lambda self: asked.when(self.writer.model))(decorated(method))


def machine(stages: Sequence[Stage], judge: Judge, schedules: bool = True) -> type[ScriptMachine]:
    """Return the state machine for these stages; `judge` plays what it writes, some of it under schedules."""
    words = {"stages": tuple(stages), "traced": TRACED if schedules else (), "judge": staticmethod(judge)}
    return type("Script", (ScriptMachine,), {**{name: _rule(name) for name in RULES}, **words})
