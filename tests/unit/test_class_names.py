"""Each public class has a name of its own, so a search for it finds one definition."""

from __future__ import annotations

import ast
from collections import Counter

from tests.conftest import ROOT

PACKAGES = ("harness", "conformance", "reports")


def public_classes() -> Counter[str]:
    """Count the classes of the three packages by name, but for those of one module alone."""
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in files]
    names = (node.name for tree in trees for node in tree.body if isinstance(node, ast.ClassDef))
    return Counter(name for name in names if not name.startswith("_"))


def test_no_two_classes_have_the_same_name() -> None:
    assert [name for name, count in public_classes().items() if count > 1] == []
