"""Pages of the manual that are made when it is built: the requirements, out of conformance/spec, and the commands, out
of their own --help."""

from __future__ import annotations

import re
from pathlib import Path

import click
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from proctor.conformance.cli.main import COMMANDS, proctor
from proctor.conformance.spec import CHAPTERS, Requirement, requirements

SPEC = Path(__file__).resolve().parents[2] / "conformance" / "spec"
ISSUE = re.compile(r"(?<![\w/])([\w.-]+/[\w.-]+)#(\d+)")
WIDTH = 90
"""Columns of a --help."""
HEADING = re.compile(r"^## ([A-Z]+-\d+) \(.*\)$", re.MULTILINE)

ALL_REQUIREMENTS = """\
# Requirements

What a launcher has to do so that neither the command nor the caller can tell that it is there. The text is
`conformance/spec/`, which is also what `proctor spec` prints. Ids are stable and are never used again.

A **MUST** that fails makes `proctor check` fail. A **SHOULD** is said, and fails nothing. A requirement binds a
launcher that claims its profile; `transparent` is claimed by all that claim nothing else.
"""
ALL_COMMANDS = """\
# The commands

What `proctor COMMAND --help` says. The exit status is 0 for what is as it should be, 1 where something was found, 2 for
a wrong call, 3 where Proctor itself or the system failed, 130 after Ctrl-C.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages."""
    pages = {f"requirements/{chapter}.md": chapter_page(chapter) for chapter in CHAPTERS}
    pages |= {"requirements/index.md": requirements_page(), "commands.md": commands_page()}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def chapter_page(chapter: str) -> str:
    """Return a chapter of the specification, with an anchor for each requirement and links to public issues."""
    text = (SPEC / f"{chapter}.md").read_text(encoding="utf-8")
    text = HEADING.sub(lambda heading: f"{heading[0]} {{ #{heading[1].lower()} }}", text)
    return ISSUE.sub(r"[\g<0>](https://github.com/\1/issues/\2)", text)


def requirements_page() -> str:
    """Return the list of all requirements, by chapter."""
    lines = [ALL_REQUIREMENTS]
    for chapter in CHAPTERS:
        title = (SPEC / f"{chapter}.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines += [f"## {title}", "", "| id | level | profile | what it asks |", "|---|---|---|---|"]
        lines += [_row(one) for one in requirements().values() if one.chapter == chapter]
        lines.append("")
    return "\n".join(lines)


def _row(one: Requirement) -> str:
    link = f"[{one.id}]({one.chapter}.md#{one.id.lower()})"
    return f"| {link} | {one.level} | {one.profile} | {one.sentence.replace('|', '&#124;')} |"


def commands_page() -> str:
    """Return the --help of every command."""
    context = click.Context(
        proctor, info_name="proctor", terminal_width=WIDTH, help_option_names=["-h", "--help"]
    )  # fmt: skip
    lines = [ALL_COMMANDS]
    for name in COMMANDS:
        lines += _help_of(proctor.get_command(context, name), context, name, "##")
    return "\n".join(lines)


def _help_of(command: click.Command | None, parent: click.Context, name: str, level: str) -> list[str]:
    assert command is not None
    context = click.Context(command, parent, info_name=name)
    path = context.command_path
    lines = [f"{level} {path} {{ #{path.replace(' ', '-')} }}", "", "```text", command.get_help(context), "```", ""]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            lines += _help_of(command.get_command(context, inner), context, inner, level + "#")
    return lines
