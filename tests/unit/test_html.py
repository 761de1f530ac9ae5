"""The parts of the HTML page, and the page as text. tests/test_html_report.py tests it in a browser."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest

from proctor.conformance.cli.report import script_of
from proctor.harness import scenario as s
from proctor.harness.errors import UsageError
from proctor.harness.history import Output
from proctor.harness.scenario import Scenario, Stage
from proctor.reports.coverage import PointRange
from proctor.reports.html.markup import inline_markup, linked_sources, slugs
from proctor.reports.html.matrix import RequirementLine, matrix
from proctor.reports.html.outcome_map import outcome_map, outcome_maps
from proctor.reports.html.packing import ScriptLibrary, pack
from proctor.reports.html.page import html
from proctor.reports.html.stream_output import MAX_CHARACTERS, output_chunks, output_pieces
from proctor.reports.limits import LIMITS
from proctor.reports.narration import steps
from proctor.reports.results import Row, Spec
from tests.conftest import ROOT
from tests.documents_for_tests import COVERED, HOSTILE, case, documents, failure, hostile, hostile_history, results
from tests.unit.histories import history


class Elements(HTMLParser):
    """Collects the elements, attributes and addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href")]


def parts(page: str) -> list[str]:
    """Return the page and its compressed parts."""
    compressed = re.findall(r"<template id=\"[^\"]*\" data-packed>([^<]*)</template>", page)
    return [page, *(gzip.decompress(base64.b64decode(one)).decode() for one in compressed)]


def cell(requirement: str, page: str) -> str:
    """Return the page of a requirement and a launcher, of which there is one."""
    return next(part for part in parts(page)[1:] if f'data-title="{requirement}: ' in part)


# -- text


def test_slugs_are_plain_and_unique() -> None:
    assert slugs(["tini", "uv run", "uv-run", "../<x>", "\x1b", "tini"]) == [
        "tini", "uv-run", "uv-run-2", "x", "x-2", "tini-2",
    ]  # fmt: skip
    assert slugs(["matrix"], ["matrix"]) == ["matrix-2"]


def test_sources_become_links() -> None:
    html_of = linked_sources(
        "signal(7), sd_notify(3) (`READY=1`); Yelp/dumb-init#59, opencode#1; PEP 405; POSIX.1-2024 XSH"
    )
    addresses = re.findall('href="([^"]*)"', html_of)
    assert addresses == [
        "https://man7.org/linux/man-pages/man7/signal.7.html",
        "https://man7.org/linux/man-pages/man3/sd_notify.3.html",
        "https://github.com/Yelp/dumb-init/issues/59",
        "https://peps.python.org/pep-0405/",
        "https://pubs.opengroup.org/onlinepubs/9799919799/",
    ]
    assert "(<code>READY=1</code>)" in html_of
    assert "<script" not in linked_sources('"><script>(1) <a/b#1')


def test_code_and_emphasis_in_sentences() -> None:
    assert inline_markup("An *orphan* of `a<b`, 2*3*4") == "An <em>orphan</em> of <code>a&lt;b</code>, 2*3*4"


def test_steps_become_sentences() -> None:
    stage = Stage(ignored=(13, 1), nice=5, home="cold")
    script = Scenario((s.Signal(15), s.NewPhase(), s.Type(b"jobs\n"), s.WaitOutput("<prompt>")), stage)
    said = ["".join(part.text for part in parts) for parts in steps(["a b", "--"], script, ["at x: deliver TERM"])]
    assert said == [
        "Start 'a b' -- COMMAND without a terminal, as a service manager starts it.",
        "It is started with SIGPIPE and SIGHUP ignored, another nice value, a cold home.",
        "Stop the launcher at its system calls and run one process at a time. At these points:",
        "at x: deliver TERM",
        "Send SIGTERM to the launcher.",
        "Type 'jobs\\n'.",
        "Wait for the shell's prompt.",
    ]


def test_a_script_that_stopped_early_lists_only_the_steps_that_ran() -> None:
    scenario = Scenario(
        (s.Settle(), s.NewPhase(), s.Press("ctrl-z"), s.WaitStopped(), s.Type(b"fg\n"), s.WaitEnds()), Stage()
    )
    told = ["".join(part.text for part in parts) for parts in steps(["a"], scenario, [], last=3)]
    assert told[2:] == [
        "Press ctrl-z.", "Wait until the command is stopped.",
        "This did not happen, so the last 2 steps were not run.",
    ]  # fmt: skip
    assert steps(["a"], scenario, [], last=5) == steps(["a"], scenario, [])


def test_launchers_of_one_name_get_different_labels() -> None:
    alike = [results("a"), results("a"), results("b")]
    newer = msgspec.structs.replace(alike[0], target=msgspec.structs.replace(alike[0].target, version="a 2.0.0"))
    labels = [column.label for column in matrix([*alike, newer]).columns]
    assert labels == ["a 1.2.3 [1]", "a 1.2.3 [2]", "b", "a 2.0.0"]


# -- explored schedules


def test_coverage_as_one_line() -> None:
    assert str(COVERED) == (
        "start: 34 of 40 schedules (deliver TERM, deliver INT; 38 points); skipped: 10 at points where it ends"
    )
    endless = msgspec.structs.replace(COVERED, schedules=None, stimuli=(), unreached=2, left_out="")
    assert str(endless) == (
        "start: 34 of unlimited schedules (process order; 38 points); 2 did not reach their point again"
    )
    assert (COVERED.percent, endless.percent) == (85.0, 0.0)


def test_the_map_has_a_lane_per_process_and_a_shade_per_outcome() -> None:
    (found,) = outcome_maps([COVERED, msgspec.structs.replace(COVERED, stretches=())])
    assert found.visited == 17
    assert found.outcomes == [
        ("bad1", "lost; reaches the command", 1), ("outcome1", "ends by SIGTERM", 12),
        ("outcome2", "reaches it", 4),
    ]  # fmt: skip
    (first, between, last), (birth,) = found.lanes.values()
    assert list(found.lanes) == ["launcher", "child1"]
    assert between.title == "14 (of 14-38: launcher wait4#1 entry .. wait4#9 exit)\nreaches it"
    assert first[:3] == (0.0, 31.579, "outcome1")
    assert first.title == "1-12: launcher execve#1 exit .. openat#4 exit\nends by SIGTERM"
    assert birth.shade == "bad1" and birth.title.startswith("13: child1 birth\n")
    assert round(last.x + last.width, 2) == 100.0 and last.title.startswith("36-38 (of 14-38: ")


def test_the_narrowest_bar_is_visible_and_stays_in_its_lane() -> None:
    last = PointRange("launcher", ((5000, 5000),), "launcher write#9 exit", "launcher write#9 exit", ("ends",))
    (bar,) = outcome_map(msgspec.structs.replace(COVERED, points=5000, stretches=(last,))).lanes["launcher"]
    assert bar.width == 0.3 and bar.x + bar.width == 100


def test_the_rarest_of_many_outcomes_share_a_shade() -> None:
    many = tuple(PointRange("launcher", ((n, n),), f"a #{n}", f"a #{n}", (f"outcome {n}",)) for n in range(1, 9))
    shades = [outcome.shade for outcome in outcome_map(msgspec.structs.replace(COVERED, stretches=many)).outcomes]
    assert shades == [f"outcome{n}" for n in range(1, 6)] + ["shared"] * 3


# -- control sequences


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc", [("a\nb    c", "text")]),
        ("\x1b[1;31mred", [("ESC[1;31m", "control"), ("red", "text")]),
        ("\x1b]8;;http://x\x1b\\y", [("ESC]8;;http://xESC\\", "control"), ("y", "text")]),
        ("\x1b]0;t\x07", [("ESC]0;tBEL", "control")]),
        ("\x1b]0;for ever", [("ESC]0;for ever", "control")]),
        ("50%\rdone\x1b", [("50%", "text"), ("CR", "control"), ("done", "text"), ("ESC", "control")]),
        ("\x9b2J\x00", [("\\x9b", "control"), ("2J", "text"), ("\\x00", "control")]),
        ("a\udcff\udc80b", [("a", "text"), ("\\xff\\x80", "byte"), ("b", "text")]),
        ("x\u202ey\ud800", [("x", "text"), ("\\u202e", "control"), ("y", "text"), ("\\ud800", "control")]),
    ],
)
def test_control_sequences_are_made_readable(text: str, shown: list[tuple[str, str]]) -> None:
    assert [tuple(piece) for piece in output_pieces(text)] == shown


def test_output_is_decoded_across_events_and_limited() -> None:
    chunks, left_out = output_chunks(hostile_history())
    text = ["".join(piece.text for piece in chunk.pieces) for chunk in chunks]
    assert [chunk.stream for chunk in chunks] == ["terminal", "stdout"]
    assert text[1].startswith("\u20ac and ") and "\\xff\\xfe" in text[1] and left_out == 0
    assert all(c.isprintable() or c == "\n" for line in text for c in line)
    long = history(*(Output("stdout", b"x" * 3000) for _ in range(4)))
    chunks, left_out = output_chunks(long)
    assert (sum(len(piece.text) for chunk in chunks for piece in chunk.pieces), left_out) == (MAX_CHARACTERS, 4000)


def test_unterminated_control_strings_are_fast() -> None:
    begun = time.process_time()
    assert list(output_pieces("\x1b]" * 20_000 + "\x1bP" * 20_000))
    assert time.process_time() - begun < 5


# -- the page


def test_blocks_of_scripts_are_stored_once() -> None:
    library, one, other = ScriptLibrary(), script_of(case_of("a")), script_of(case_of("b"))
    numbers = [library.add(one), library.add(other)]
    blocks = json.loads(library.text())
    assert ["\n\n".join(blocks[int(n)] for n in numbered.split()) for numbered in numbers] == [one, other]
    assert sum(map(len, blocks)) < 0.7 * (len(one) + len(other))
    assert gzip.decompress(base64.b64decode(pack(one))).decode() == one


def case_of(name: str) -> dict[str, object]:
    made: dict[str, object] = msgspec.to_builtins(case(name))
    return made


def test_the_matrix_counts_failures() -> None:
    table = matrix(documents())
    assert [(column.slug, column.version, column.must, column.should) for column in table.columns] == [
        ("sound", "1.2.3", 0, 0), ("double", "1.2.3", 2, 1), ("another", "1.2.3", 0, 1),
    ]  # fmt: skip
    assert list(table.chapters) == ["exit", "signals", "terminal", "tree"]
    assert [column.label for column in matrix([*documents(), results("sound")]).columns] == [
        "sound 1.2.3 [1]", "double", "another", "sound 1.2.3 [2]",
    ]  # fmt: skip
    line = next(line for line in table.lines if line.name == "TTY-1")
    assert [cell.mark for cell in line.cells] == ["pass", "fail", "pass"]
    assert [cell.has_page for cell in line.cells] == [False, True, False]
    assert list(line.by_mark) == ["fail", "pass"]


def test_the_page_is_self_contained() -> None:
    page = html(documents(), script_of)
    for text in parts(page):
        found = Elements(text)
        assert not found.tags & {"img", "iframe", "object", "embed", "base", "audio", "video"}
        assert not {name for name in found.attributes if name.startswith("on")}
        outside = [one for one in found.addresses if not one.startswith(("#", "data:,", "https://"))]
        assert outside == []
    assert "default-src &#39;none&#39;; script-src &#39;sha256-" in page and page.count("<script>") == 2
    assert page == html(documents(), script_of), "the page is reproducible"


def test_a_requirement_says_how_it_is_met() -> None:
    document = documents()[0]
    row, text = document.requirements["SIG-1"], document.spec.requirements["SIG-1"]
    told = msgspec.structs.replace(text, mend="Forward it by `kill(2)`.")
    spec = Spec(1, {**document.spec.requirements, "SIG-1": told})
    found = [one for one in parts(html([msgspec.structs.replace(document, spec=spec)], script_of)) if "Mend it" in one]
    assert row.verdict and len(found) == 1
    assert "<p>Forward it by <code>kill(2)</code>.</p>" in found[0]


def test_a_failure_without_script_gives_the_reason() -> None:
    no_case = [results("a", [failure(case_file=None)], TTY_1="fail")]
    assert "do not contain the case" in cell("TTY-1", html(no_case, script_of))
    unknown = failure(case_file=case_of("a") | {"requirement": "NO-1"})
    assert "has no requirement" in cell("TTY-1", html([results("a", [unknown], TTY_1="fail")], script_of))
    with pytest.raises(UsageError, match="'requirement' is missing"):
        script_of({"schema": 2})


def test_a_failure_without_history_shows_its_violations() -> None:
    page = cell("TTY-1", html([results("a", TTY_1="fail")], script_of))
    assert "twice, from kernel, launcher" in page
    assert "data-execution" not in page


def test_older_documents_show_coverage_as_a_line() -> None:
    older = msgspec.structs.replace(results("a"), explored=[])
    page = html([older], script_of)
    assert page.count(str(COVERED)) == 2, "by requirement and by launcher"
    assert 'id="page:SIG-6/a"' not in page


def test_an_explored_pass_shows_its_map() -> None:
    page = cell("SIG-6", html([results("a")], script_of))
    assert "ends by SIGTERM" in page and '<rect class="bad1"' in page and "All points" in page


def test_hostile_text_is_escaped() -> None:
    for text in parts(html(hostile(), script_of))[:-1]:  # the last part has the scripts, which are not HTML
        text.encode()
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", text)
        body = text.partition("<body>")[2] or text
        assert "iframe" not in Elements(body).tags
        assert not re.search(r"<[^>]*\bonerror", re.sub(r'"[^"]*"', "", body))
    assert HOSTILE not in parts(html(hostile(), script_of))[0]


def test_readme_and_reports_list_the_same_limits() -> None:
    readme = " ".join(Path(ROOT / "README.md").read_text(encoding="utf-8").split())
    assert [one for one in LIMITS if f"- {one}" not in readme] == []


def test_many_requirements_cost_each_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that was made from all lines anew for each of them took a minute for 20,000."""
    asked: list[str] = []
    whether = RequirementLine.is_evaluated.fget  # type: ignore[attr-defined]

    def counted(line: RequirementLine) -> bool:
        asked.append(line.name)
        return bool(whether(line))

    monkeypatch.setattr(RequirementLine, "is_evaluated", property(counted))
    rows = {f"MANY-{n}": Row("MUST", "pass") for n in range(200)}
    many = msgspec.structs.replace(documents()[0], requirements=rows)
    page = html([many], script_of)
    assert 'href="#MANY-198">' in page and len(asked) <= 3 * len(rows)


def test_many_names_that_begin_alike_have_slugs_soon() -> None:
    start = time.process_time()
    found = slugs(["x" * 60] * 30_000)
    assert (found[-1], len(set(found))) == (f"{'x' * 60}-30000", 30_000)
    assert time.process_time() - start < 10, "each looked at all before it: that takes minutes"


def test_slugs_differ_from_names_with_a_number() -> None:
    assert slugs(["a", "a-2", "a", "a", "a-2"]) == ["a", "a-2", "a-3", "a-4", "a-2-2"]
    assert slugs(["matrix", "b"], ["matrix"]) == ["matrix-2", "b"]
