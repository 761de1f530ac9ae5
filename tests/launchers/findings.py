"""The findings of docs/findings/: each is a case, NAME.json, and the script that `proctor export` makes of it, NAME.py.

usage: python -m tests.launchers.findings      writes each script anew
"""

from __future__ import annotations

from pathlib import Path

from proctor.conformance.cli.export import summary_of
from proctor.conformance.judging import casefile
from proctor.reports.reproducer.script import reproducer

ROOT = Path(__file__).resolve().parents[2]
FINDINGS = ROOT / "docs" / "findings"


def cases() -> list[Path]:
    """Return the case files."""
    return sorted(FINDINGS.glob("*.json"))


def script_of(case: Path) -> str:
    """Return the script of a case, as `proctor export` prints it."""
    return reproducer(summary_of(casefile.read(case)))


def main() -> None:
    """Run as a program."""
    for case in cases():
        script = case.with_suffix(".py")
        before = script.read_text() if script.exists() else ""
        if (after := script_of(case)) != before:
            script.write_text(after)
            print(f"written: {script.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
