"""What has to hold, whatever a file says. Each function returns what is wrong, "" if nothing is."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from xml.etree import ElementTree

from markdown_it import MarkdownIt

from proctor.harness.words import harmless
from proctor.reports.asciicast import DRAWING
from tests.fuzzing.player import Outcome
from tests.fuzzing.values import OWNED

Property = Callable[[bytes], str]
OBEYED = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
"""Control characters, and marks of writing direction, but tabs and line ends."""


def of_run(outcome: Outcome, statuses: tuple[int, ...], names: tuple[str, ...]) -> str:
    """What holds for each command. statuses: those that the command may have; names: the files, of which an
    error names one if it does not name the option that is to be given."""
    reply = outcome.reply
    stderr = outcome.stderr.decode("utf-8", "backslashreplace")
    if reply.forbidden or reply.ended:
        return reply.forbidden or reply.ended
    if reply.started:
        return ""
    if outcome.left or outcome.changed:
        return f"it has left {outcome.left}, and changed {outcome.changed}"
    if reply.status not in statuses:
        return f"its exit status is {reply.status}: {stderr}"
    if "Traceback" in stderr:
        return stderr
    if found := OBEYED.search(outcome.stderr) or OBEYED.search(outcome.stdout):
        return f"it printed {found[0]!r}"
    if reply.status == 2 and not any(one in stderr for one in (*map(harmless, names), "--")):
        return f"its error names none of {', '.join(names)}: {stderr}"
    if reply.status == 2 and (not stderr.startswith("proctor: ") or stderr.count("\n") > 40):
        return f"this is no error message: {stderr[:2000]}"
    return ""


def of_python(data: bytes) -> str:
    """A script is Python, and no text of the file has become code."""
    text = data.decode()
    try:
        tree = ast.parse(text, feature_version=(3, 8))
    except SyntaxError as error:
        return f"this is no Python: {error}"
    if any(OWNED in (getattr(node, "id", ""), getattr(node, "attr", "")) for node in ast.walk(tree)):
        return "the text of the file has become code"
    outside = [name for name in _files_of(tree) if name.startswith("/") or ".." in name.split("/")]
    return f"the script writes outside of its directory: {outside}" if outside else ""


def _files_of(tree: ast.Module) -> list[str]:
    """Return the names of the files that a script writes."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "FILES":
            return list(ast.literal_eval(node.value))
    return []


def of_xml(data: bytes) -> str:
    """It is well-formed, and no text of the file has become an element or an attribute."""
    try:
        root = ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        return f"this is no XML: {error}"
    for one in root.iter():
        if OWNED.lower() in one.tag.lower() or any(name.startswith("on") for name in one.attrib):
            return f"the text of the file has become an element: {one.tag} {one.attrib}"
    return ""


class _Elements(HTMLParser):
    """Looks at all elements of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.wrong = f"<{tag}> has {name}={value}"
        if "owned" in tag:
            self.wrong = f"the text of the file has become an element: <{tag}>"


def of_html(data: bytes) -> str:
    """No text of the file has become an element, or an attribute that runs something."""
    page = _Elements()
    page.feed(data.decode())
    return page.wrong


_MARKDOWN = MarkdownIt("commonmark").enable("table")
_OWN_HTML = re.compile(r"<summary>(All requirements|repro\.py \(\d+ lines\))</summary>|</?details>|<br>|<!-- -->|\s+")


def of_markdown(data: bytes) -> str:
    """No text of the file has become HTML, a heading, a link, an image, or columns of a table."""
    lines = data.decode().split("\n")
    for block in _MARKDOWN.parse(data.decode()):
        for token in (block, *(block.children or ())):
            if token.type in ("html_block", "html_inline") and _OWN_HTML.sub("", token.content):
                return f"the text of the file has become HTML: {token.content!r}"
            if token.type in ("link_open", "image", "hr", "blockquote_open"):
                return f"the text of the file has become {token.type}: {token.attrs}"
        if block.type == "table_open" and block.map and not _is_even(lines[slice(*block.map)]):
            return f"the text of the file has become columns of the table in line {block.map[0]}"
        if block.type == "heading_open" and (block.level or block.markup not in ("#", "##", "###")):
            return f"the text of the file has become a heading in line {block.map}"
        if block.type == "inline" and block.level == 1 and block.content == OWNED:
            return "the text of the file has become a block of its own"
    return ""


def _is_even(rows: list[str]) -> bool:
    """Whether the rows of a table have as many columns."""
    return len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) == 1


def of_json(data: bytes) -> str:
    """It is JSON."""
    try:
        json.loads(data)
    except ValueError as error:
        return f"this is no JSON: {error}"
    return ""


def of_recording(data: bytes) -> str:
    """Each line is JSON, and its text only draws."""
    for line in data.decode().splitlines():
        row = json.loads(line)
        text = row[2] if isinstance(row, list) else row["title"]
        if isinstance(row, list) and row[1] == "i":  # keys that were pressed
            continue
        if found := OBEYED.search(DRAWING.sub("", text).encode("utf-8", "replace")):
            return f"it plays {found[0]!r}"
    return ""


OF_FORMAT: dict[str, Property] = {
    "html": of_html, "junit": of_xml, "badge": of_xml, "markdown": of_markdown, "json": of_json, "perfetto": of_json,
    "asciicast": of_recording,
}  # fmt: skip
"""By format of `proctor report`."""
