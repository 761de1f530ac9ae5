"""Files that strangers may have written: no traceback, nothing written outside, nothing run without consent.

FUZZ_SECONDS is how long all tests here take together (60); FUZZ_SEED is the seed of the first examples (0). A failure
names the seed, the command and the file, which is kept.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from proctor.conformance.cli.report import FORMATS
from proctor.conformance.exploring.hunt_workers import HuntState
from proctor.conformance.judging.casefile import CaseFile
from proctor.harness.target import Target
from proctor.reports.results import Results
from tests.conftest import ROOT
from tests.documents_for_tests import documents, hostile
from tests.fuzzing import encoding, properties, typed
from tests.fuzzing.mutated import crossed, mutated
from tests.fuzzing.player import Outcome, Player, player
from tests.fuzzing.values import Choices

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
FIRST_SEED = int(os.environ.get("FUZZ_SEED", "0"))
pytestmark = pytest.mark.slow
BATCH = 100
"""Examples of one seed."""
STEMS = ("file",) * 8 + ("a b", "a'b", "\x1b[31m", "line\nline", "\u202ex", "\udcff", "<b>|`")
"""Names of files."""
OUTPUT, REAL, FOUND = "made", "real.json", "found"
TRIES = 5
"""How often a file is made anew if it has not the right types."""
CASES = [
    *sorted((ROOT / "docs" / "findings").glob("*.json")),
    *sorted((ROOT / "conformance/suite/cases").glob("*.json")),
]
TARGETS = [*sorted((ROOT / "targets").glob("*.toml")), ROOT / "targets" / "reference" / "launcher.toml"]


class Command(NamedTuple):
    """A command that reads FILE. statuses: the exit statuses that it may have. kind: the format of what it prints, or
    writes to OUTPUT, if it succeeds. starts: whether it is asked to start what the file names. writes: whether it
    writes FILE again."""

    words: tuple[str, ...]
    statuses: tuple[int, ...]
    kind: str = ""
    starts: bool = False
    writes: bool = False


OF_CASES = (
    Command(("replay", "FILE", "-n", "1"), (2,)),
    Command(("replay", "FILE", "-n", "1", "--json", "--show"), (2,)),
    Command(("replay", "FILE", "-n", "1", "--target=env"), (2,)),
    Command(("export", "FILE"), (0, 2), "python"),
    Command(("export", "FILE"), (0, 2), "python"),
    Command(("export", "FILE", "--format=markdown"), (2,)),
    Command(("export", "FILE", "--format=markdown", "--no-play"), (0, 2), "markdown"),
    Command(("bisect", "FILE", "--launcher=x", "--from=pip"), (2,)),
    Command(("report", "FILE"), (2,)),
)
OF_RESULTS = (
    *(Command(("report", "FILE", "--format", kind), (0, 2), kind) for kind in FORMATS),
    Command(("report", "FILE", "--format", "html", "-o", "OUTPUT"), (0, 2), "html"),
    Command(("report", "FILE", "--format", "asciicast", "--requirement=TTY-1"), (0, 2), "asciicast"),
    Command(("report", "FILE", "--format", "badge", "--target=double"), (0, 2), "badge"),
    Command(("compare", "FILE", "FILE", "--all"), (0, 2)),
    Command(("compare", "FILE", "REAL"), (0, 2)),
    Command(("compare", "FILE", "REAL", "--json"), (0, 2), "json"),
    Command(("gate", "FILE", "REAL"), (0, 1, 2, 3)),
    Command(("gate", "REAL", "FILE"), (0, 1, 2, 3)),
    Command(("check", "env", "--baseline", "FILE", "-q", "-k", "EXIT-3"), (2,), starts=True),
    Command(("replay", "FILE"), (2,)),
)
OF_TARGETS = (
    Command(("targets", "show", "FILE"), (0, 1, 2)),
    Command(("targets", "show", "FILE", "--json"), (0, 1, 2), "json"),
    Command(("targets", "install", "FILE", "--into", "OUTPUT"), (0, 1, 2), starts=True),
    Command(("hunt", "FILE", "--seconds=0.1", "--state", "OUTPUT"), (2,), starts=True),
    Command(("explore", "FILE", "--cases", "OUTPUT"), (2,), starts=True),
    Command(("replay", "--target=FILE", "--requirement=SIG-6", "--schedule="), (2,), starts=True),
    Command(("check", "FILE", "-k", "EXIT-3"), (2,), starts=True),
)
OF_STATES = (Command(("state", "states"), (0, 2), writes=True),)
PROPERTIES = {**properties.OF_FORMAT, "python": properties.of_python}


def case_of(path: Path) -> Any:
    """Return a case, with a launcher that each system has, a file and a variable."""
    case = json.loads(path.read_text(encoding="utf-8"))
    case["target"]["command"][0] = "/usr/bin/env"
    case["target"].update(files={"x": "1"}, environment={"A": "{work}/x"})
    return case


class Files(NamedTuple):
    """What files of one kind are made from."""

    kind: type
    real: tuple[Any, ...]
    encode: Callable[[Any], bytes] = encoding.as_json
    suffix: str = ".json"
    stems: tuple[str, ...] = STEMS

    def name(self, choices: Choices) -> str:
        """Return the name of a file."""
        return choices.of(self.stems) + self.suffix

    def contents(self, choices: Choices) -> bytes:
        """Return a file: of four, three have the right types."""
        document = self._document(choices)
        if choices.below(4):
            for _ in range(TRIES):
                if self._is_of_type(document):
                    break
                document = self._document(choices)
        data = self.encode(document)
        return encoding.damaged(choices, data) if choices.below(8) == 7 else data

    def _document(self, choices: Choices) -> Any:
        real = choices.of(self.real)
        return (
            crossed(choices, real, typed.document(choices, self.kind)) if choices.below(2) else mutated(choices, real)
        )

    def _is_of_type(self, document: Any) -> bool:
        some = document if isinstance(document, list) else [document]
        try:
            for one in some:
                msgspec.convert(one, self.kind)
        except (msgspec.ValidationError, TypeError, ValueError, OverflowError, RecursionError):
            return False
        return True


def example_results() -> tuple[Any, ...]:
    return tuple(json.loads(msgspec.json.encode(one)) for one in (documents(), hostile(), documents()[1], hostile()[1]))


@pytest.fixture(scope="module")
def real_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("real") / "results.json"
    path.write_bytes(msgspec.json.encode(documents()))
    return path


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory, real_results: Path) -> Iterator[Player]:
    with player(tmp_path_factory.mktemp("fuzz"), CASES[0], real_results) as made:
        yield made


class Example(NamedTuple):
    """A command, and the name and the contents of the file that it reads."""

    command: Command
    name: str
    data: bytes

    @property
    def words(self) -> list[str]:
        """The arguments of `proctor`."""
        named = {"FILE": self.name, "OUTPUT": OUTPUT, "REAL": REAL}
        return [re.sub("FILE|OUTPUT|REAL", lambda found: named[found[0]], word) for word in self.command.words]

    def run(self, play: Player, real: Path) -> str:
        """Run it; return what is wrong with what came of it, "" if nothing is."""
        asked = self.name if self.command.writes else OUTPUT
        outcome = play.run(self.words, {self.name: self.data, REAL: real.read_bytes()}, asked, self.command.starts)
        return self.judged(outcome)

    def judged(self, outcome: Outcome) -> str:
        """Return what is wrong with what came of it."""
        wrong = properties.of_run(outcome, self.command.statuses, (self.name, REAL))
        if wrong or outcome.reply.status != 0 or outcome.reply.started or not self.command.kind:
            return wrong
        return PROPERTIES[self.command.kind](outcome.made if OUTPUT in self.words else outcome.stdout)


class Fuzzer(NamedTuple):
    """Has what all tests here need. real: a results file; kept: where the file of a failure is kept."""

    play: Player
    real: Path
    kept: Path

    def run(self, made: Files, commands: tuple[Command, ...], share: float) -> int:
        """Run commands on a real file each, and on others until this share of the time is over; return the number of
        those."""
        end, number, examples = time.monotonic() + SECONDS * share, FIRST_SEED, 0
        for command in commands:
            self._holds(Example(command, made.stems[0] + made.suffix, made.encode(made.real[0])))
        while time.monotonic() < end:
            try:
                examples += self._batch(made, commands, number, end)
            except BaseException as error:
                error.add_note(f"found by FUZZ_SEED={number}")
                raise
            number += 1
        sys.stdout.write(f"{examples} examples of {made.kind.__name__}, seeds {FIRST_SEED} to {number - 1}\n")
        return examples

    def _holds(self, example: Example) -> None:
        """Run an example; fail if anything is wrong, and keep its file."""
        if wrong := example.run(self.play, self.real):
            (self.kept / FOUND).write_bytes(example.data)
            pytest.fail(
                f"proctor {shlex.join(example.words)}, where the file is {self.kept / FOUND}:\n{wrong}", pytrace=False
            )

    def _batch(self, made: Files, commands: tuple[Command, ...], number: int, end: float) -> int:
        """Run the examples of one seed, and the shortest one that fails once more."""
        examples, has_failed = 0, False

        @st.composite
        def some(draw: st.DrawFn) -> Example:
            choices = Choices(draw)
            return Example(choices.of(commands), made.name(choices), made.contents(choices))

        def holds(example: Example) -> None:
            nonlocal examples, has_failed
            if time.monotonic() > end and examples and not has_failed:
                return
            examples += 1
            try:
                self._holds(example)
            except BaseException:
                has_failed = True  # from here on Hypothesis looks for a shorter one, which takes its time
                raise

        settings(
            max_examples=BATCH, database=None, deadline=None, print_blob=False,
            phases=(Phase.generate, Phase.shrink), suppress_health_check=list(HealthCheck),
        )(seed(number)(given(some())(holds)))()  # fmt: skip
        return examples


@pytest.fixture
def fuzzer(sandbox: Player, real_results: Path, tmp_path: Path) -> Fuzzer:
    return Fuzzer(sandbox, real_results, tmp_path)


def test_case_files(fuzzer: Fuzzer) -> None:
    assert fuzzer.run(Files(CaseFile, tuple(map(case_of, CASES))), OF_CASES, 0.35)


def test_results_files(fuzzer: Fuzzer) -> None:
    assert fuzzer.run(Files(Results, example_results()), OF_RESULTS, 0.35)


def test_target_files(fuzzer: Fuzzer) -> None:
    real = tuple({"name": path.stem, **tomllib.loads(path.read_text("utf-8"))} for path in TARGETS)
    assert fuzzer.run(Files(Target, real, encoding.as_toml, ".toml"), OF_TARGETS, 0.25)


def test_states_of_hunts(fuzzer: Fuzzer) -> None:
    real = HuntState(7, {"SIG-1": "proctor-hunt/env/sig-1.json"}, ["SIG-1"], "proctor-hunt/env")
    made = Files(HuntState, (msgspec.to_builtins(real),), stems=("states/env/state",))
    assert fuzzer.run(made, OF_STATES, 0.05)
