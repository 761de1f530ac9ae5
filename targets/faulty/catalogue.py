"""What the planted faults say of themselves: `launch.py --list` prints it as JSON.

A fault in Python is a class whose name begins in lower case. Its docstring says the mistake, these attributes the rest:

breaks       the requirement that must fail
also_breaks  requirements that fail as well by necessity: the fault breaks their sentences, too
may_break    requirements that may fail as well: it depends on what else a case does. "*" is every requirement
stage        "init": seen only when it is PID 1 of a PID namespace
mode         "exec": it is called with --exec, and claims the profile exec; "kept": with kept, and claims only that;
             "chain": seen only behind another launcher;
             "node": it makes the node_modules of a project, and claims only sync; "group": it starts several commands
also_changes attributes that change as well, by the names in conformance/spec/inherit.md
campaign     the campaign of the explorer that finds it; without it, cases that need no explorer do
found_at     race windows: the point at which each campaign finds it. Empty: only pairs of signals find it
needs        without it the fault has no effect: "root", "a PID namespace", "another interpreter", "Node" (on PATH)

Whatever else fails is a false alarm. A shell script or C program has the same as TOML in its first comment, between the
lines `/// fault` and `///`.
"""

import json
import re
import sys
import tomllib
from difflib import get_close_matches
from importlib import import_module
from itertools import takewhile
from pathlib import Path

from .launch import MODULES

HERE = Path(__file__).resolve().parent
TEXTS = ("breaks", "stage", "mode", "campaign", "needs")
LISTS = ("also_breaks", "may_break", "also_changes")
IN_A_COMMENT = re.compile(r"^[ #*]*/// fault\n(.*?)^[ #*]*///$", re.MULTILINE | re.DOTALL)
Entry = dict[str, object]


def in_python() -> list[Entry]:
    """Describe the faults that are classes, and the launchers without a fault."""
    found = []
    for name in dict.fromkeys(name for names in MODULES.values() for name in names):
        module = import_module(f"{__package__}.{name}")
        for fault in vars(module).values():
            if isinstance(fault, type) and fault.__module__ == module.__name__ and fault.__name__[0].islower():
                said = {key: value for key, value in vars(fault).items() if is_metadata(key, value)}
                found.append(entry(fault.__name__, name, "launch.py", fault.__doc__ or "", said))
    return found


def is_metadata(key: str, value: object) -> bool:
    """Whether a class says this of itself. State of a launcher is neither text nor texts."""
    is_text = isinstance(value, str) or (isinstance(value, tuple) and all(isinstance(one, str) for one in value))
    return is_text and not key.startswith("__")


def in_files() -> list[Entry]:
    """Describe the faults that are programs of their own."""
    found = []
    for path in sorted([*HERE.glob("*.sh"), *HERE.glob("windows/*.c")]):
        text = path.read_text(encoding="utf-8")
        block = IN_A_COMMENT.search(text)
        if not block:
            raise ValueError(f"{path} does not say what it breaks: there is no `/// fault` in it")
        said = tomllib.loads(re.sub(r"^ ?[#*] ?", "", block[1], flags=re.MULTILINE))
        module = "windows" if path.suffix == ".c" else MODULES[path.stem.partition("_")[0]][0]
        found.append(entry(path.stem, module, str(path.relative_to(HERE)), text.removeprefix("#!/bin/sh\n"), said))
    return found


def entry(name: str, module: str, file: str, comment: str, said: Entry) -> Entry:
    """Return one line of the list. Raises ValueError for what a fault cannot say."""
    unknown = said.keys() - {*TEXTS, *LISTS, "found_at"}
    if unknown:
        raise ValueError(f"{name} says what no fault says: {', '.join(sorted(unknown))}")
    paragraph = takewhile(bool, (line.strip(" /#*") for line in comment.splitlines()))
    return {"name": name, "module": module, "file": file, "mistake": " ".join(paragraph), **said}


def main(name: str) -> None:
    """Print the list; say which faults there are where one is asked for that is not there. Ends the process."""
    faults = [*in_python(), *in_files()]
    if name == "--list":
        print(json.dumps(faults, indent=1))
        sys.exit(0)
    files = {str(fault["name"]): fault["file"] for fault in faults}
    if name in files:
        sys.exit(f"{name} is a program of its own: {HERE / str(files[name])}")
    near = get_close_matches(name, files, n=1)
    hint = f"; {near[0]} is near" if near else ""
    sys.exit(f"usage: launch.py FAULT COMMAND ARGS... | --list\nthere is no fault {name!r}{hint}")
