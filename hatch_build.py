"""Compiles the C programs when the package is built, for an editable install as well."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROGRAMS = {
    "witness": "harness/witness/witness.c",
    "stage": "harness/runner/start/stage.c",
    "guardian": "harness/runner/start/guardian.c",
}
LIBRARIES = {"witness.so": "harness/witness/witness.c"}
"""The witness once more, for a Python process to live in."""
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra"]


def compiler() -> list[str]:
    """Return the C compiler's command line: $CC, or the first of cc, gcc and clang that is installed."""
    words = shlex.split(os.environ.get("CC", ""))
    for candidate in [words] if words else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(candidate[0]):
            return candidate
    asked = f"CC is '{os.environ['CC']}', which is not there" if words else "none of cc, gcc and clang was found"
    raise SystemExit(
        f"Proctor's witness is a C program, and building it needs a C compiler: {asked}. "
        "Install one (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install) or set CC."
    )


def build(root: Path) -> list[str]:
    """Compile into harness/bin; return the paths made, relative to root."""
    out = root / "harness" / "bin"
    out.mkdir(exist_ok=True)
    whole = {name: (source, [["-static"], []]) for name, source in PROGRAMS.items()}
    # statically linked they start in half the time; not every system has the static library
    whole |= {name: (source, [["-shared", "-fPIC", "-DIN_PYTHON"]]) for name, source in LIBRARIES.items()}
    for name, (source, ways) in whole.items():
        _compile(root, source, out / name, ways)
    return [f"harness/bin/{name}" for name in whole]


def _compile(root: Path, source: str, made: Path, ways: list[list[str]]) -> None:
    """Compile in the first of these ways that works; SystemExit where none does."""
    new = made.with_name(made.name + ".new")
    for extra in ways:
        command = [*compiler(), *FLAGS, *extra, "-o", str(new), str(root / source)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            os.replace(new, made)
            return
    raise SystemExit(f"compiling {source} failed: {shlex.join(command)}\n{result.stderr}")


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook: compile, and take the programs into the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's signature)
        """Compile for wheels (editable ones included), not for source distributions."""
        if self.target_name != "wheel":
            return
        build_data["artifacts"].extend(build(Path(self.root)))
        build_data["pure_python"] = False
        # the C programs bind the wheel to this kind of machine, but to no version of Python
        build_data["tag"] = f"py3-none-{re.sub('[-.]', '_', sysconfig.get_platform())}"


if __name__ == "__main__":
    print("\n".join(build(Path(__file__).resolve().parent)))
