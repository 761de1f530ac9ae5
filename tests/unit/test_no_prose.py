"""No program reads text that is for people: with all of it replaced, every verdict stays as it is."""

from __future__ import annotations

import ast
import functools
import importlib
import typing
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import msgspec
import pytest

from proctor.conformance.checks import common, objections
from proctor.conformance.checks.interleavings import broken_by
from proctor.harness import history as facts
from proctor.harness import words
from proctor.harness.history import Fact, History
from tests.conftest import ROOT
from tests.unit.histories import Example, codes_of, history, over, replaced, supervised, titles
from tests.unit.test_data import ALL_FACTS, kinds
from tests.unit.test_every_check import CHAPTERS, EXPLORED, examples

CHECKS = ROOT / "conformance" / "checks"
ALL: tuple[Example, ...] = tuple(example for chapter in (*CHAPTERS, EXPLORED) for example in examples(chapter))
DATA = {
    # names of processes, tasks, programs and files
    "process", "name", "role", "program", "to", "state", "path", "source", "task", "sender_role", "target",
    "containment", "project", "parent",
    # what a step, an order, a key or a call is called
    "key", "order", "verb", "step", "actor", "does", "waits", "call", "module", "invoke", "how", "when", "kind",
    "characters",
    # what a witness or a launcher sent us, of which checks look for words that the spec names: READY=1
    "text",
}  # fmt: skip
"""Fields of a history that hold text which is data."""


def structs(kind: Any) -> Iterator[type[msgspec.Struct]]:
    """Yield all structs that a type consists of."""
    for part in typing.get_args(kind):
        yield from structs(part)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
        for field in msgspec.structs.fields(kind):
            yield from structs(field.type)


def is_prose(kind: Any) -> bool:
    """Whether a field is for people, by its type."""
    return any((getattr(meta, "extra", None) or {}).get("prose") for meta in getattr(kind, "__metadata__", ()))


def without_prose(value: Any) -> Any:
    """Return a value with all prose in it replaced by "x"."""
    if isinstance(value, tuple):
        return tuple(map(without_prose, value))
    if not isinstance(value, msgspec.Struct):
        return value
    prose = _prose_of(type(value))
    changed = {name: "x" if name in prose else without_prose(getattr(value, name))
               for name in value.__struct_fields__}  # fmt: skip
    return msgspec.structs.replace(value, **changed)


@functools.cache
def _prose_of(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Return the fields of a struct that are for people."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return frozenset(name for name in kind.__struct_fields__ if is_prose(hints[name]))


def test_text_in_a_history_is_prose_or_known_to_be_data() -> None:
    """A new field that holds text has to be marked as Prose, or named above."""
    for kind in {one for fact in kinds(Fact) for one in structs(fact)}:
        for name, hint in typing.get_type_hints(kind, include_extras=True).items():
            if hint is str:
                assert name in DATA, f"{kind.__name__}.{name}: is it for people? Then its type is Prose"


def test_there_is_prose_to_be_replaced() -> None:
    made = history(facts.SettleEnded("waited", 1.0, "a reason"), facts.Unobserved("ptrace-refused", detail="EPERM"))
    assert [event.fact for event in without_prose(made).events] == [
        facts.SettleEnded("waited", 1.0, "x"), facts.Unobserved("ptrace-refused", detail="x"),
    ]  # fmt: skip
    assert {type(fact).__name__ for fact in ALL_FACTS if without_prose(fact) != fact} == {"SettleEnded", "Unobserved"}


@pytest.fixture
def gibberish(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every sentence of words.py and of the table of objections is "x"."""
    for module in (words, common, *(importlib.import_module(f"proctor.conformance.checks.{path.stem}")
                                    for path in CHECKS.glob("[a-z]*.py"))):  # fmt: skip
        for name, value in list(vars(module).items()):
            if getattr(value, "__module__", "") == words.__name__ and callable(value):
                monkeypatch.setattr(module, name, lambda *_, **__: "x")
    nothing = {code: objections.Objection("x", "x", one.parameters) for code, one in objections.OBJECTIONS.items()}
    monkeypatch.setattr(objections, "OBJECTIONS", nothing)


def come_to(example: Example) -> str:
    """Return what a check comes to: the codes of its violations, or why it cannot tell."""
    try:
        return codes_of(example) if example.outcome == "bad" else str(example.check(example.history, example.bare))
    except (common.NotApplicable, common.NotObservable) as reason:
        return type(reason).__name__


OUTCOMES = {"good": "[]", "not applicable": "NotApplicable", "not observable": "NotObservable"}


@pytest.mark.usefixtures("gibberish")
@pytest.mark.parametrize("example", ALL, ids=titles(ALL))
def test_no_check_reads_prose(example: Example) -> None:
    changed = example._replace(history=without_prose(example.history), bare=without_prose(example.bare))
    assert come_to(changed) == OUTCOMES.get(example.outcome, example.codes)


@pytest.mark.usefixtures("gibberish")
def test_nor_does_the_oracle_of_generated_scripts() -> None:
    """Each example's history, judged as one of a generated script, with text and without."""
    for example in ALL:
        pair = example.history, example.bare
        plain = _broken(*pair)
        assert _broken(*map(without_prose, pair)) == plain, example.title
    assert _broken(supervised(*over(1)), replaced(*over(0))) != ""


def _broken(mine: History, its: History) -> str:
    try:
        return " ".join(f"{one.requirement}/{one.violation.code}" for one in broken_by(mine, its))
    except (common.NotApplicable, common.NotObservable, StopIteration, KeyError) as reason:
        return type(reason).__name__  # the last two where the example is of a script that the oracle does not judge


# -- the table of objections


def codes_in_checks() -> set[str]:
    """Return the codes that checks raise, as their source has them."""
    return {code for path in CHECKS.glob("*.py") for code in _codes(path)}


def _codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and node.value in objections.OBJECTIONS and path.stem != "objections":
            yield node.value
        if isinstance(node, ast.JoinedStr):
            pattern = [part.value if isinstance(part, ast.Constant) else None for part in node.values]
            yield from (code for code in objections.OBJECTIONS if _fits(code, pattern))


def _fits(code: str, pattern: list[Any]) -> bool:
    """Whether a code is made by an f-string such as f"signals-not-{what}"."""
    known = [part for part in pattern if part]
    is_one = len(pattern) == 2 and len(known) == 1
    return is_one and (code.startswith(known[0]) if pattern[0] else code.endswith(known[0]))


def test_each_code_is_used() -> None:
    assert set(objections.OBJECTIONS) - codes_in_checks() == set()


def test_each_code_has_a_bad_example_or_is_raised_by_the_oracle() -> None:
    seen = {code.split(" ")[0] for example in ALL for code in example.codes.split("; ")}
    assert set(objections.OBJECTIONS) - seen == set()


def test_each_code_is_written_once() -> None:
    tree = ast.parse((CHECKS / "objections.py").read_text(encoding="utf-8"))
    table = max((node for node in ast.walk(tree) if isinstance(node, ast.Dict)), key=lambda node: len(node.keys))
    codes = [key.value for key in table.keys if isinstance(key, ast.Constant)]
    assert len(codes) == len(set(codes)) == len(objections.OBJECTIONS)


@pytest.mark.parametrize("code", objections.OBJECTIONS)
def test_each_code_is_documented(code: str) -> None:
    page = (ROOT / "docs" / "objections.md").read_text(encoding="utf-8")
    one = objections.OBJECTIONS[code]
    assert row_of(code, one) in page.splitlines(), "write it anew: python -m tests.unit.test_no_prose"


def row_of(code: str, one: objections.Objection) -> str:
    """Return the line of the manual's table about a code."""
    shown = (f"`{name}`" for name in one.parameters)
    return f"| `{code}` | {_plain(one.required)} | {_plain(one.actual)} | {', '.join(shown)} |"


def _plain(template: str) -> str:
    parts = Formatter().parse(template)
    return "".join(text + (f"*{name}*" if name else "") for text, name, _, _ in parts)


def main() -> None:
    """Write the manual's page anew."""
    page = ROOT / "docs" / "objections.md"
    head = page.read_text(encoding="utf-8").partition("| code")[0]
    rows = [row_of(code, one) for code, one in objections.OBJECTIONS.items()]
    table = ["| code | required | actual | parameters |", "|---|---|---|---|", *rows]
    page.write_text(head + "\n".join(table) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
