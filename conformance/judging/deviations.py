"""Declared deviations: which violations a declaration covers, such as `SIG-1`, `SIG-1[HUP]` or `TTY-1[leader]`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import NamedTuple

import msgspec

from proctor.conformance.checks.objections import OBJECTIONS
from proctor.conformance.spec import requirements
from proctor.harness import signals
from proctor.harness.errors import UsageError, nearest
from proctor.harness.scenario import STAGE_NAMES
from proctor.harness.target import Target
from proctor.harness.violation import HANG_UP, Value, Violation

OPTION = "--declare"
HOW = f"{OPTION} 'SIG-1=reason', 'SIG-1[HUP]=reason' or 'TTY-1[leader]=reason'"
SIGNALS_OF_SENT = {HANG_UP: "SIGHUP", "ctrl-c": "SIGINT", "ctrl-\\": "SIGQUIT", "ctrl-z": "SIGTSTP"}
"""The signals that the terminal makes of what is done to it."""
LISTS = ("signals",)
"""Parameters that hold several values in one text, such as "SIGPIPE, SIGXFSZ"."""


class Declaration(NamedTuple):
    """Which violations are declared: of the requirement, all whose values are among those named here.

    values: the values of each name, by name. A name is "stage", "code" (without the requirement), or a parameter of
    violations; the name "signal" stands for the parameters `signal` and `signals`, and for the signal that was sent, or
    that the terminal made of a key, where a violation has no such parameter.
    """

    requirement: str
    values: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def covers(self, violation: Violation, stage: str) -> bool:
        """Whether a violation of this requirement, found on this stage, is declared."""
        found = {**violation.parameters, "code": violation.short_code, "stage": stage}
        if violation.sent:
            found["signal"] = SIGNALS_OF_SENT.get(violation.sent, violation.sent)
        return all(_are_among(name, found, values) for name, values in self.values)


def _are_among(name: str, found: Mapping[str, Value], declared: tuple[str, ...]) -> bool:
    """Whether a violation has this parameter, and all of its values are declared."""
    names = ("signal", "signals") if name == "signal" else (name,)
    values = [value for one in names if one in found for value in _split(one, str(found[one]))]
    return bool(values) and set(values) <= set(declared)


def _split(name: str, value: str) -> list[str]:
    return value.split(", ") if name in LISTS else [value]


def known_parameters() -> tuple[str, ...]:
    """Return the names that may stand before "=" in a declaration."""
    found = {name for objection in OBJECTIONS.values() for name in objection.parameters}
    return ("stage", "code", *sorted(found - set(LISTS)))


@cache
def parse(text: str) -> Declaration:
    """Return the declaration for its text; UsageError, without the place where it stands, if it is not one."""
    name, bracket, rest = text.partition("[")
    name = name.strip()
    if name not in requirements():
        close = nearest(name.upper(), requirements())
        raise UsageError(f"names '{name}', which is no requirement{close}; `proctor spec` lists those that there are")
    if not bracket:
        return Declaration(name)
    if not rest.rstrip().endswith("]"):
        raise UsageError(f"has '{text}', which lacks the closing ']'")
    values: dict[str, tuple[str, ...]] = {}
    for word in rest.rstrip()[:-1].split(","):
        key, value = _term(word.strip(), text)
        values[key] = (*values.get(key, ()), value)
    return Declaration(name, tuple(values.items()))


def _term(word: str, text: str) -> tuple[str, str]:
    """Return the name and the value of one word between the brackets."""
    name, equals, value = (part.strip() for part in word.partition("="))
    if not equals:
        name, value = _name_of(word), word
    known = known_parameters()
    if name not in known:
        raise UsageError(
            f"has '{text}': no violation has a parameter '{name}'{nearest(name, known)}; known are: {', '.join(known)}"
        )
    if name == "signal":
        return name, _signal(value, text)
    allowed = {"stage": STAGE_NAMES, "code": tuple(OBJECTIONS)}.get(name)
    if not value or (allowed and value not in allowed):
        raise UsageError(f"has '{text}': there is no {name} '{value}'{nearest(value, allowed or ())}")
    return name, value


def _name_of(word: str) -> str:
    """Return what a word without a name is; UsageError if it is none of those that need no name."""
    if word in STAGE_NAMES:
        return "stage"
    if word in OBJECTIONS:
        return "code"
    if _is_signal(word):
        return "signal"
    short = {name.removeprefix("SIG") for name in _signal_names()}
    close = nearest(word, {*STAGE_NAMES, *OBJECTIONS, *_signal_names(), *short})
    raise UsageError(
        f"has '{word}' in brackets, which is no signal, no stage ({', '.join(STAGE_NAMES)}) and no code of "
        f"docs/objections.md{close}; write any other parameter of a violation as NAME=VALUE"
    )


@cache
def _signal_names() -> frozenset[str]:
    return frozenset(signals.name(number) for number in range(1, signals.LAST + 1))


def _is_signal(word: str) -> bool:
    return _full_name(word) in _signal_names()


def _full_name(word: str) -> str:
    upper = word.upper()
    return upper if upper.startswith("SIG") else f"SIG{upper}"


def _signal(word: str, text: str) -> str:
    """Return the full name of a signal."""
    if not _is_signal(word):
        raise UsageError(f"has '{text}': there is no signal '{word}'{nearest(_full_name(word), _signal_names())}")
    return _full_name(word)


def check_deviations(target: Target, asked: str) -> Target:
    """Return the target; UsageError if one of its deviations cannot be: no such requirement, no such parameter."""
    for text in target.deviations:
        try:
            parse(text)
        except UsageError as error:
            raise UsageError(f"target '{asked}': 'deviations' {error}") from None
    return target


def with_declared(target: Target, options: Iterable[str]) -> Target:
    """Return a target that deviates in these ways too, each as text of the option --declare."""
    declared = dict(_declared(option) for option in options)
    return msgspec.structs.replace(target, deviations={**target.deviations, **declared})


def _declared(option: str) -> tuple[str, str]:
    """Return the declaration and the reason of one --declare."""
    found = re.fullmatch(r"([^\[=]*(?:\[[^\]]*\]?)?)\s*(?:=(.*))?", option, re.DOTALL)
    text, reason = (found[1].strip(), (found[2] or "").strip()) if found else (option, "")
    try:
        parse(text)
    except UsageError as error:
        raise UsageError(f"{OPTION} {error}; write {HOW}") from None
    if not reason:
        raise UsageError(
            f"{OPTION} '{option}' has no reason; say after a '=' why the launcher deliberately does not meet "
            f"{text}: {HOW}"
        )
    return text, reason


def declared(target: Target, violation: Violation, requirement: str, stage: str) -> str:
    """Return the text of the target's declaration that covers a violation of a requirement, found on this stage; "" if
    none does. One that covers less comes before one that covers all of the requirement."""
    covering = [
        text
        for text in target.deviations
        if (one := parse(text)).requirement == requirement and one.covers(violation, stage)
    ]
    return max(covering, key=lambda text: len(parse(text).values), default="")


class Sorted(NamedTuple):
    """Violations by whether the target declares them. declarations: the texts of those that cover some."""

    open: tuple[Violation, ...]
    covered: tuple[Violation, ...]
    declarations: tuple[str, ...]


def sort(target: Target, violations: Iterable[Violation], requirement: str, stage: str) -> Sorted:
    """Sort violations of a requirement by whether the target declares them."""
    pairs = [(one, declared(target, one, requirement, stage)) for one in violations]
    return Sorted(
        tuple(one for one, text in pairs if not text),
        tuple(one for one, text in pairs if text),
        tuple(dict.fromkeys(text for _, text in pairs if text)),
    )


def reasons(target: Target, declarations: Iterable[str]) -> str:
    """Return the reasons of declarations, in one line."""
    return "; ".join(dict.fromkeys(target.deviations[text] for text in declarations))
