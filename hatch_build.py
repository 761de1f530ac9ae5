"""Compiles the three C programs when the package is built, for an editable install as well."""

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
    "stage": "harness/runner/stage.c",
    "guardian": "harness/runner/guardian.c",
}
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
    made = []
    for name, source in PROGRAMS.items():
        command = [*compiler(), *FLAGS, "-o", str(out / f"{name}.new"), str(root / source)]
        # statically linked they start in half the time; not every system has the static library
        result = None
        for extra in (["-static"], []):
            result = subprocess.run([*command, *extra], capture_output=True, text=True, check=False)
            if result.returncode == 0:
                break
        if result is None or result.returncode != 0:
            raise SystemExit(f"compiling {source} failed: {shlex.join(command)}\n{result.stderr if result else ''}")
        os.replace(out / f"{name}.new", out / name)
        made.append(f"harness/bin/{name}")
    return made


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
