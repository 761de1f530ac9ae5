"""Generates pages of the manual when it is built: the requirements from conformance/spec, and the commands from their
--help."""

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
"""The width of the --help texts, in columns."""
HEADING = re.compile(r"^## ([A-Z]+-\d+) \(.*\)$", re.MULTILINE)

ALL_REQUIREMENTS = """\
# Requirements

What a launcher must do so that neither the command nor the caller can detect it. The text comes from
`conformance/spec/`; `proctor spec` prints the same text. Ids are stable and are never reused.

A failing **MUST** makes `proctor check` fail. A failing **SHOULD** is only reported. A requirement applies to launchers
that claim its profile. A launcher that claims no profile has the profile `transparent`.
"""
ALL_COMMANDS = """\
# The commands

The output of `proctor COMMAND --help`. The exit status is 0 on success, 1 if a fault was found, 2 after a wrong command
line, 3 if Proctor itself or the system failed, and 130 after Ctrl-C.
"""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages to the files of the site."""
    pages = {f"requirements/{chapter}.md": chapter_page(chapter) for chapter in CHAPTERS}
    pages |= {"requirements/index.md": requirements_page(), "commands.md": commands_page()}
    for path, text in pages.items():
        files.append(File.generated(config, path, content=text))
    return files


def chapter_page(chapter: str) -> str:
    """Return the page of one chapter: its text, with an anchor for each requirement and links to public issues."""
    text = (SPEC / f"{chapter}.md").read_text(encoding="utf-8")
    text = HEADING.sub(lambda heading: f"{heading[0]} {{ #{heading[1].lower()} }}", text)
    return ISSUE.sub(r"[\g<0>](https://github.com/\1/issues/\2)", text)


def requirements_page() -> str:
    """Return the page that lists all requirements, by chapter."""
    lines = [ALL_REQUIREMENTS]
    for chapter in CHAPTERS:
        title = (SPEC / f"{chapter}.md").read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        lines += [f"## {title}", "", "| id | level | profile | requirement |", "|---|---|---|---|"]
        lines += [_row(one) for one in requirements().values() if one.chapter == chapter]
        lines.append("")
    return "\n".join(lines)


def _row(one: Requirement) -> str:
    link = f"[{one.id}]({one.chapter}.md#{one.id.lower()})"
    return f"| {link} | {one.level} | {one.profile} | {one.sentence.replace('|', '&#124;')} |"


def commands_page() -> str:
    """Return the page with the --help text of every command."""
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
