"""Compiles the C programs when the package is built or installed in editable mode."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PROGRAMS = {
    "witness": "harness/witness/witness.c",
    "stage": "harness/runner/start/stage.c",
    "guardian": "harness/runner/start/guardian.c",
}
REFERENCE = {"targets/reference/bin/launcher": "targets/reference/launcher.c"}
"""The front of the reference launcher, which is a program of its own and is not in harness/bin."""
DYNAMIC = {"witness-dynamic": "harness/witness/witness.c"}
"""The witness for launchers that work by LD_PRELOAD, which a static program ignores; ld.so(8)."""
LIBRARIES = {
    "witness.so": ("harness/witness/witness.c", "-DIN_PYTHON"),
    "witness.node": ("harness/witness/witness.c", "-DIN_NODE"),
}
"""The witness as a library for a Python process, and as an add-on for Node, which needs no headers of Node."""
UNDEFINED = ["-Wl,-undefined,dynamic_lookup"] if sys.platform == "darwin" else []
"""Functions that only the process has which loads a library. Other linkers than that of macOS allow them anyway."""
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra"]


def compiler() -> list[str]:
    """Return the C compiler's command line: $CC, or the first of cc, gcc and clang that is installed."""
    words = shlex.split(os.environ.get("CC", ""))
    for candidate in [words] if words else [["cc"], ["gcc"], ["clang"]]:
        if shutil.which(candidate[0]):
            return candidate
    found = f"CC is '{os.environ['CC']}', which is not installed" if words else "none of cc, gcc and clang was found"
    raise SystemExit(
        f"Proctor's witness is a C program, and building it needs a C compiler: {found}. "
        "Install one (Debian: apt-get install gcc libc6-dev; macOS: xcode-select --install) or set CC."
    )


def build(root: Path) -> list[str]:
    """Compile; return the paths of the results, relative to root."""
    programs = {f"harness/bin/{name}": source for name, source in PROGRAMS.items()} | REFERENCE
    # static programs start in half the time, but not every system has the static library
    artifacts = {path: (source, [["-static"], []]) for path, source in programs.items()}
    artifacts |= {f"harness/bin/{name}": (source, [[]]) for name, source in DYNAMIC.items()}
    for name, (source, where) in LIBRARIES.items():
        artifacts[f"harness/bin/{name}"] = source, [["-shared", "-fPIC", where, *UNDEFINED]]
    for path, (source, options) in artifacts.items():
        (root / path).parent.mkdir(exist_ok=True)
        _compile(root, source, root / path, options)
    return list(artifacts)


def _compile(root: Path, source: str, output: Path, options: list[list[str]]) -> None:
    """Compile with the first of these sets of options that works; raise SystemExit if none does."""
    temporary = output.with_name(output.name + ".new")
    for arguments in options:
        command = [*compiler(), *FLAGS, *arguments, "-o", str(temporary), str(root / source)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            os.replace(temporary, output)
            return
    raise SystemExit(f"compiling {source} failed: {shlex.join(command)}\n{result.stderr}")


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Hatchling's hook: compile, and include the programs in the wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 (hatchling's signature)
        """Compile for wheels (including editable ones), not for source distributions."""
        if self.target_name != "wheel":
            return
        build_data["artifacts"].extend(build(Path(self.root)))
        build_data["pure_python"] = False
        # the C programs tie the wheel to this platform, but not to a version of Python
        build_data["tag"] = f"py3-none-{re.sub('[-.]', '_', sysconfig.get_platform())}"


if __name__ == "__main__":
    print("\n".join(build(Path(__file__).resolve().parent)))
