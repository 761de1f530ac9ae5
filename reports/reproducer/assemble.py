"""Assembles a script: the definitions of the parts that it uses, and those that they use, in the order of the parts."""

from __future__ import annotations

import ast
import functools
import itertools
import symtable
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from proctor.harness.words import harmless
from proctor.reports.reproducer.condense import condensed

PARTS = (
    "observed_run",
    "at_rest",
    "steps",
    "stages",
    "nested_stages",
    "comparisons",
    "screen",
    "questions",
    "stdio_questions",
    "inherited",
    "ptrace",
    "gate",
    "follow",
    "scheduler",
    "launcher_tracer",
    "at_points",
    "attributes",
    "reporting_command",
    "main",
)
"""The order in which they are in a script."""
OWN = ("undisturbed", "play", "judge", "LAUNCHER", "FILES", "ENVIRONMENT", "ADDS", "CHANGES")
"""What each script defines. The parts define these only for type checkers and linters."""
HERE = "proctor.reports.reproducer.parts"
WIDTH = 120
SHORT = 8
"""A definition with fewer lines needs no blank line before the next one."""


class CodePiece(NamedTuple):
    """A function, a class or a constant: its code, the part it is from, and whether it is a constant."""

    name: str
    part: str
    node: ast.stmt
    lines: tuple[str, ...]
    is_constant: bool


class PartsLibrary(NamedTuple):
    """All pieces by name, in order; and for each imported name its module, or the line that imports it."""

    pieces: dict[str, CodePiece]
    imports: dict[str, str]


@functools.cache
def library() -> PartsLibrary:
    """Read the parts."""
    pieces: dict[str, CodePiece] = {}
    imports: dict[str, str] = {}
    for part in PARTS:
        text = (Path(__file__).parent / "parts" / f"{part}.py").read_text(encoding="utf-8")
        tree = ast.parse(text)
        for node in tree.body:
            imports.update(_imported(node))
        pieces |= {piece.name: piece for piece in _pieces(part, tree, text.splitlines())}
    return PartsLibrary(pieces, imports)


def _imported(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        yield from ((name.name, name.name) for name in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.module.startswith((HERE, "__future__")):
        yield from ((name.name, f"from {node.module} import {name.name}") for name in node.names)


def _pieces(part: str, tree: ast.Module, lines: list[str]) -> Iterator[CodePiece]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            name = node.name
        else:
            continue
        is_constant = isinstance(node, ast.Assign | ast.AnnAssign)
        yield CodePiece(name, part, node, tuple(lines[node.lineno - 1 : node.end_lineno]), is_constant)


def assemble(head: str, own: str, also: Iterable[str] = (), tables: Mapping[str, str] | None = None) -> str:
    """Return a whole script. head: the text of its docstring; own: code of its own; also: pieces whose names are only
    known when it runs; tables: constants that replace empty ones, by name."""
    whole = library()
    needed = _closure({*_names_in(own), *also, "main", "ReportingCommand"}, whole)
    chosen = [piece for name, piece in whole.pieces.items() if name in needed]
    attributes = frozenset().union(*(_attributes(piece.name) for piece in chosen))
    texts = [(piece, _text(piece.name, attributes & _methods(piece.name))) for piece in chosen]
    constants = [(tables or {}).get(piece.name, text) for piece, text in texts if piece.is_constant]
    definitions = [(piece.part, text) for piece, text in texts if not piece.is_constant]
    code = "\n".join([*constants, own.strip(), "", *_spaced(definitions)])
    used = _names_in("\n".join([*constants, own])).union(*(_names_in_piece(text) for _, text in definitions))
    imports = [line for name, line in whole.imports.items() if name in used]
    return "\n".join([_docstring(head), *_imports(imports), "", code, "", "sys.exit(main())", ""])


def definition(name: str) -> str:
    """Return a function of the parts as it is in a script."""
    return _text(name, frozenset())


def _names_in(code: str) -> set[str]:
    """Return the global names that are used."""
    found: set[str] = set()
    tables = [symtable.symtable(code, "", "exec")]
    for table in tables:
        tables += table.get_children()
        is_module = table.get_type() == "module"
        found |= {
            one.get_name() for one in table.get_symbols() if one.is_global() or (is_module and one.is_referenced())
        }
    return found


_names_in_piece = functools.cache(_names_in)
"""There are few pieces, and each is in many scripts."""


def _closure(needed: set[str], whole: PartsLibrary) -> set[str]:
    """Return these names and all names that their pieces use, without annotations."""
    todo, found = list(needed), set()
    while todo:
        name = todo.pop()
        piece = whole.pieces.get(name)
        if piece and name not in found and name not in OWN:
            found.add(name)
            todo += _used_by(name)
    return found


@functools.cache
def _attributes(name: str) -> frozenset[str]:
    """Return the names of the attributes that a piece uses."""
    nodes = ast.walk(library().pieces[name].node)
    return frozenset(node.attr for node in nodes if isinstance(node, ast.Attribute))


@functools.cache
def _methods(name: str) -> frozenset[str]:
    """Return the names of the methods of a piece; none where it is no class."""
    node = library().pieces[name].node
    body = node.body if isinstance(node, ast.ClassDef) else []
    return frozenset(one.name for one in body if isinstance(one, ast.FunctionDef))


@functools.cache
def _text(name: str, used: frozenset[str]) -> str:
    """Return a piece as it is in a script. used: its methods that the script uses."""
    piece = library().pieces[name]
    return condensed(piece.node, piece.lines, used)


@functools.cache
def _used_by(name: str) -> frozenset[str]:
    piece = library().pieces[name]
    return frozenset(_names_in(condensed(piece.node, piece.lines)))


def _spaced(texts: list[tuple[str, str]]) -> Iterator[str]:
    """Yield definitions with a blank line between them, except between two short ones of the same part. texts: part and
    definition."""
    for (part, text), (next_part, following) in itertools.pairwise([*texts, ("", "")]):
        yield text
        if following and (part != next_part or max(text.count("\n"), following.count("\n")) >= SHORT):
            yield ""


def _imports(lines: list[str]) -> list[str]:
    """Return imports; those of modules on few lines, because there are twenty of them and a script should be short."""
    modules = sorted(line for line in lines if " " not in line)
    wrapped = textwrap.wrap(", ".join(modules), WIDTH - 7)
    return [*(f"import {line.rstrip(',')}" for line in wrapped), *sorted(line for line in lines if " " in line)]


def _docstring(text: str) -> str:
    """Return any text as a docstring."""
    return '"""' + harmless(text).replace("\\", "\\\\").replace('"', '\\"') + '"""'
