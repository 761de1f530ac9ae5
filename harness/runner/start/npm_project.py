"""The project for which a launcher of Node makes node_modules: its package.json, and lock files of npm, pnpm and bun.

Its two dependencies, the tool and a package of one module, are tarballs in the project. So the lock files name paths
that are always the same, and no registry is needed.
"""

from __future__ import annotations

from pathlib import Path

from proctor.harness.runner.start import tarball

SOURCE = Path(__file__).resolve().parents[2] / "witness" / "npm_project"
MODULE = SOURCE / "src" / "index.js"
TEMPLATES = ("package.json", "package-lock.json", "pnpm-lock.yaml", "bun.lock")
BUILD = "backend/slow_build.js"
"""What package.json has run after an installation, if the harness wants that to take its time."""
OLD, NEW = "1.0.0", "1.1.0"
NAME = "proctor_project"


def lay_out(work: Path, tool: Path) -> None:
    """Write the project into the working directory. tool: the tarball of the tool."""
    vendor = work / "vendor"
    for version in (OLD, NEW):
        fields = {"name": NAME, "version": version, "license": "MIT", "main": "index.js"}
        files = {"package.json": tarball.manifest(**fields), "index.js": MODULE.read_bytes()}
        tarball.pack(vendor / f"{NAME}-{version}.tgz", files)
    (vendor / tarball.NAME).write_bytes(tool.read_bytes())
    (work / BUILD).parent.mkdir(exist_ok=True)
    (work / BUILD).write_bytes((SOURCE / BUILD).read_bytes())
    _write(work, OLD)


def change(work: Path) -> None:
    """Have the project depend on the other version of its package, so that node_modules has to be made anew."""
    _write(work, NEW)


def _write(work: Path, version: str) -> None:
    """Write package.json and the lock files for this version of the package."""
    vendor = work / "vendor"
    words = {
        "@VERSION@": version,
        "@TOOL@": tarball.integrity(vendor / tarball.NAME),
        "@PROJECT@": tarball.integrity(vendor / f"{NAME}-{version}.tgz"),
    }
    for name in TEMPLATES:
        text = (SOURCE / name).read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        (work / name).write_text(text, encoding="utf-8")
