"""How several commands are given to a launcher: on its command line, or in files of its working directory."""

from __future__ import annotations

import json
import os

from proctor.harness.target import JSON, LIMIT, LINE, NAME, OF_EACH, Target

Lines = dict[str, str]
"""The line for a shell that starts each command, by the command's name in the launcher."""


def for_each(text: str, commands: Lines) -> list[str]:
    """Return a text once for each command if it has a word for that, otherwise as it is."""
    if not any(word in text for word in OF_EACH):
        return [text]
    return [
        text.replace(NAME, name).replace(JSON, json.dumps(line)).replace(LINE, line) for name, line in commands.items()
    ]


def command_line(words: list[bytes], commands: Lines, limit: tuple[str, ...]) -> list[bytes]:
    """Return a launcher's argv with its commands. limit: the words that take the place of "{limit}"."""
    found: list[bytes] = []
    for word in map(os.fsdecode, words):
        found += map(os.fsencode, limit if word == LIMIT else for_each(word, commands))
    return found


def files(target: Target, commands: Lines) -> dict[str, str]:
    """Return the contents of those files of a target that say what its commands are, by path."""
    found = {}
    for name, text in target.files.items():
        if names_commands(target, text):
            found[name] = "\n".join([*(one for line in text.splitlines() for one in for_each(line, commands)), ""])
    return found


def names_commands(target: Target, text: str) -> bool:
    """Whether this is the text of a file that says what the commands are, so it is another one in each scenario."""
    return target.starts_several and any(word in text for word in OF_EACH)
