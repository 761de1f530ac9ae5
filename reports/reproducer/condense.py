"""A piece of a part as it is in a script: without annotations and decorators, and with its docstring as a comment."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

WIDTH = 120
SHORT = 8
"""A definition with fewer lines needs no blank line before the next one."""


class _Cut(NamedTuple):
    """Characters of one line that are left out."""

    line: int
    start: int
    end: int


def condensed(node: ast.stmt, lines: Sequence[str], used: Set[str] | None = None) -> str:
    """Return a definition without its annotations and noqa comments. used: of a class, only methods of these names are
    kept, and those that Python itself calls."""
    edited = list(lines)
    for cut in sorted(_cuts(node), reverse=True):
        at = cut.line - node.lineno
        edited[at] = edited[at][: cut.start] + edited[at][cut.end :]
    gone: set[int] = set()
    for function in ast.walk(node):
        if isinstance(function, ast.FunctionDef | ast.ClassDef):
            gone |= _folded(function, edited, node.lineno)
    if used is not None:
        gone |= {n for method in _unused(node, used) for n in _lines_of(method, node.lineno, edited)}
    gone |= _declarations(node) | _blanks_between_small(node, gone)
    kept = (line for n, line in enumerate(edited) if n not in gone)
    return "\n".join(line.partition("  # noqa")[0].partition("  # fmt")[0] for line in kept)


def _blanks_between_small(node: ast.stmt, gone: set[int]) -> set[int]:
    """Return the blank lines of a class between short methods."""
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)] if isinstance(node, ast.ClassDef) else []
    lines = set()
    for one, following in itertools.pairwise(methods):
        sizes = [
            len(set(range(m.lineno, (m.end_lineno or 0) + 1)) - {n + node.lineno for n in gone})
            for m in (one, following)
        ]
        if max(sizes) < SHORT:
            lines.add(following.lineno - node.lineno - 1)
    return lines


def _declarations(node: ast.stmt) -> set[int]:
    """Return the lines that only declare a type, and the blank line after those of a class."""
    bare = [one for one in ast.walk(node) if isinstance(one, ast.AnnAssign) and one.value is None]
    lines = {one.lineno - node.lineno for one in bare}
    if isinstance(node, ast.ClassDef) and any(one in node.body for one in bare):
        lines.add(max(one.lineno for one in bare if one in node.body) - node.lineno + 1)
    return lines


def _cuts(node: ast.stmt) -> Iterator[_Cut]:
    for one in ast.walk(node):
        if isinstance(one, ast.FunctionDef) and one.returns and one.returns.end_col_offset:
            yield _Cut(one.returns.lineno, one.returns.col_offset - len(" -> "), one.returns.end_col_offset)
        annotation = one.annotation if isinstance(one, ast.arg | ast.AnnAssign) else None
        if annotation and annotation.end_col_offset:
            yield _Cut(annotation.lineno, annotation.col_offset - len(": "), annotation.end_col_offset)
        if isinstance(one, ast.arguments):
            yield from _around_defaults(one)


def _around_defaults(arguments: ast.arguments) -> Iterator[_Cut]:
    """Yield the blanks around "=" of a default, which only an annotated argument has."""
    for default in [*arguments.defaults, *filter(None, arguments.kw_defaults)]:
        yield _Cut(default.lineno, default.col_offset - len(" = "), default.col_offset - len("= "))
        yield _Cut(default.lineno, default.col_offset - len(" "), default.col_offset)


def _folded(function: ast.FunctionDef | ast.ClassDef, lines: list[str], first: int) -> set[int]:
    """Make a docstring of one line a comment after its def, where there is room; return the lines to leave out."""
    doc, start = function.body[0], function.lineno - first
    is_doc = isinstance(doc, ast.Expr) and isinstance(doc.value, ast.Constant) and len(function.body) > 1
    at = doc.lineno - first
    if not is_doc or at != start + 1 or doc.end_lineno != doc.lineno:
        return set()
    text = lines[start].rstrip() + "  # " + lines[at].strip().strip('"').rstrip(".")
    if len(text) > WIDTH:
        return set()
    lines[start] = text
    return {at, at + 1} if isinstance(function, ast.ClassDef) else {at}


def _unused(node: ast.stmt, used: Set[str]) -> Iterator[ast.FunctionDef]:
    for method in node.body if isinstance(node, ast.ClassDef) else ():
        if isinstance(method, ast.FunctionDef) and not method.name.startswith("__") and method.name not in used:
            yield method


def _lines_of(method: ast.FunctionDef, first: int, lines: list[str]) -> Iterator[int]:
    """Yield the lines of a method, and the blank line before it."""
    for n in range(method.lineno - first - 1, (method.end_lineno or method.lineno) - first + 1):
        if n >= method.lineno - first or not lines[n].strip():
            yield n
