"""Results that no launcher made, with histories that no process made: what reports are made from in tests."""

from __future__ import annotations

from typing import Any

import msgspec

from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.spec import requirements
from proctor.harness import orders
from proctor.harness import scenario as s
from proctor.harness.history import History, Output, Pressed
from proctor.harness.scenario import JOB
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.coverage import Coverage, PointRange
from proctor.reports.results import (
    Failure,
    Launcher,
    RequirementText,
    Results,
    Row,
    RowViolation,
    Spec,
    Verdict,
)
from tests.unit.histories import by_key, history, over, received, replaced, started, supervised

INT, TERM = 2, 15
CHAPTERS = ("exit", "signals", "terminal", "tree")
TWICE = Violation(
    "TTY-1/delivered-twice", {"signal": "SIGINT"}, "the command receives SIGINT once, as without the launcher",
    "received twice, from kernel, launcher", (5, 6),
)  # fmt: skip
SCENARIO = s.Scenario(
    (s.Settle(), s.Press("ctrl-c"), s.Settle(), s.Order(orders.Exit(0)), s.WaitEnds("command"), s.WaitEnds()), JOB
)  # fmt: skip
KEY = Pressed("ctrl-c")
SEEN = supervised(KEY, Output("terminal", b"^C\r\n"), by_key(INT), received(INT), *over(), terminal=True)
ALONE = replaced(KEY, by_key(INT), *over(), terminal=True)
COVERED = Coverage(
    "SIG-6", "start", ("deliver TERM", "deliver INT"), 38, 34, 40, 0, "10 at points where it ends",
    (
        PointRange("launcher", ((1, 12),), "launcher execve#1 exit", "launcher openat#4 exit", ("ends by SIGTERM",)),
        PointRange("child1", ((13, 13),), "child1 birth", "child1 birth", ("reaches the command",), ("lost",)),
        PointRange("launcher", ((14, 14), (36, 38)), "launcher wait4#1 entry", "launcher wait4#9 exit",
        ("reaches it",)),
    ),
)  # fmt: skip

HOSTILE = (
    "<script>window.owned=1</script><img src=x onerror=window.owned=2>\"'><svg onload=window.owned=3></svg>"
    "</template></script></style><iframe srcdoc='<script>parent.owned=4</script>'></iframe>"
    "\x1b]0;owned\x07\x1b[31m\x9b2J\x00\u202e {{7*7}} javascript:window.owned=5 `<b>` &lt;"
)
"""What a launcher may call itself, or print."""
OF_HOSTILE = Violation(HOSTILE, {HOSTILE: HOSTILE}, HOSTILE, HOSTILE, (2,))
HOSTILE_BYTES = HOSTILE.encode() + b"\xff\xfe\xc3\x28 \xed\xa0\x80 \x1bP1$r\x1b\\ \x1b[?1049h end\n"


def of_row(found: Violation, case: str, file: str = "") -> RowViolation:
    """Return a violation as the row of a requirement has it."""
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    return RowViolation(**fields, message=str(found), case=case, file=file)


def spec() -> Spec:
    """Return the specification's first chapters."""
    fields = RequirementText.__struct_fields__
    known = {
        one.id: RequirementText(**{field: getattr(one, field) for field in fields})
        for one in requirements().values()
        if one.chapter in CHAPTERS
    }
    return Spec(1, known)


def case(name: str = "double", requirement: str = "TTY-1") -> CaseFile:
    """Return the case file of a launcher that passes on a Ctrl-C, which the command has received already."""
    return CaseFile(
        2, requirement, Target(name, (name, "--")), SCENARIO, (TWICE,), {"launcher": "1.0", "system": "Linux"},
        check="terminal.key_arrives_once",
    )  # fmt: skip


def failure(requirement: str = "TTY-1", **more: Any) -> Failure:
    """Return the failure that this case shows."""
    made = Failure(
        requirement, "test_ctrl_c[double-job]", "fail", [TWICE],
        msgspec.structs.replace(SEEN, scenario=SCENARIO), msgspec.structs.replace(ALONE, scenario=SCENARIO), 3, 3,
        replay="pytest conformance/ --target=double -k TTY-1", case_file=msgspec.to_builtins(case()),
    )  # fmt: skip
    return msgspec.structs.replace(made, **more)


def results(name: str, failures: list[Failure] | None = None, **verdicts: Verdict) -> Results:
    """Return the results of a launcher that passes everything else. verdicts: by requirement, with "_" for "-"."""
    required = spec()
    rows = {
        one: Row(known.level, "pass", 40, coverage=[str(COVERED)] if one == "SIG-6" else [])
        for one, known in required.requirements.items()
    }
    for one, verdict in verdicts.items():
        key = one.replace("_", "-")
        violations = [of_row(TWICE, f"{key}[{name}]")] if verdict in ("fail", "unstable") else []
        rows[key] = Row(rows[key].level, verdict, 7, "" if violations else f"why {key} is {verdict}", violations)
    launcher = Launcher(name, f"{name} version 1.2.3", [name, "--"], ["transparent"])
    host: dict[str, object] = {"system": "Linux 6.1", "containment": "PID namespace", "cores": 2}
    return Results(2, launcher, rows, host, 12.5, 5000, spec=required, failures=failures or [], explored=[COVERED])


def documents() -> list[Results]:
    """Return the results of three launchers."""
    return [
        results("sound", SIG_9="not observable", TREE_6="not applicable"),
        results(
            "double", [failure(), failure("TTY-2", case_file=None)], TTY_1="fail", TTY_2="fail", EXIT_4="fail",
            TREE_5="declared deviation", SIG_3="unstable", TREE_6="not applicable",
        ),
        results("another", EXIT_4="fail", SIG_1="error", TREE_1="not run", TREE_6="not applicable"),
    ]  # fmt: skip


def hostile() -> list[Results]:
    """Return the results of a launcher that writes what it can wherever it can."""
    seen = hostile_history()
    kept = case().target
    target = msgspec.structs.replace(kept, name=HOSTILE, command=(HOSTILE,))
    file = msgspec.to_builtins(msgspec.structs.replace(case(), target=target, objections=(OF_HOSTILE,)))
    told = failure(
        case=HOSTILE, violations=[OF_HOSTILE], history=seen,
        bare=seen,
        schedule=HOSTILE, replay=HOSTILE, case_file=file,
    )  # fmt: skip
    document = results("x", [told, failure("TTY-2", case_file={"schema": HOSTILE})], TTY_1="fail", TTY_2="fail")
    rows = {
        name: msgspec.structs.replace(
            row, reason=HOSTILE, coverage=[HOSTILE],
            violations=[of_row(OF_HOSTILE, HOSTILE, HOSTILE)],
        )
        for name, row in document.requirements.items()
    }  # fmt: skip
    launcher = Launcher(HOSTILE, HOSTILE, [HOSTILE], [HOSTILE])
    stretch = PointRange(HOSTILE, ((1, 1),), HOSTILE, HOSTILE, (HOSTILE,), (HOSTILE,))
    explored = [Coverage("SIG-6", HOSTILE, (HOSTILE,), 2, 1, 2, 1, HOSTILE, (stretch,))]
    written = msgspec.structs.replace(
        document, target=launcher, requirements=rows, host={HOSTILE: HOSTILE}, explored=explored
    )
    few = {name: rows[name] for name in ("TTY-1", "SIG-1")}
    return [written, msgspec.structs.replace(written, failures=[], requirements=few, explored=[])]


def hostile_history() -> History:
    """Return a history in which a launcher has put out what may do harm."""
    made = history(
        msgspec.structs.replace(started(), process=HOSTILE, argv=(HOSTILE_BYTES,)),
        Output("terminal", HOSTILE_BYTES),
        Output("stdout", b"\xe2\x82"),
        Output("stdout", b"\xac and " + HOSTILE_BYTES),
        *over(),
    )
    return msgspec.structs.replace(made, target=HOSTILE, scenario=SCENARIO)
