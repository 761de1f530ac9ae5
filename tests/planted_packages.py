"""Packages of launchers with a fault in some of their versions, in a directory that pip takes for its index; and a
program that stands in for npm. No network anywhere."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

SOUND, FAULTY, OTHERWISE = 'exec "$@"', '"$@"\nexit 0', '"$@"\nexit 9'
UNSTABLE = 'echo >>"$HOME/runs"\nif [ $(($(wc -l <"$HOME/runs") % 2)) = 0 ]; then exec "$@"; fi\n"$@"\nexit 0'
STARTS_NOTHING = "echo 'usage: planted [--new-way]' >&2\nexit 64"

FAKE_NPM = """\
import json, os, pathlib, sys
words = [word for word in sys.argv[1:] if not word.startswith("--loglevel") and not word.startswith("--fetch")]
words.remove("--no-update-notifier")
trouble = os.environ.get("FAKE_NPM_TROUBLE", "")
versions = json.loads(pathlib.Path(__file__).with_name("versions.json").read_text())
if words[0] == "view":
    if words[1] != "planted-js" or "view" in trouble:
        code = "ENOTFOUND" if "view" in trouble else "E404"
        print(json.dumps({"error": {"code": code}}))
        sys.exit("npm error code " + code)
    print(json.dumps(list(versions)))
else:
    prefix, wanted = pathlib.Path(words[words.index("--prefix") + 1]), words[-1].partition("@")[2]
    if trouble == "disk":
        sys.exit("npm error code ENOSPC\\nnpm error ENOSPC: no space left on device, write")
    if not versions[wanted]:
        sys.exit("npm error code ETARGET\\nnpm error notarget No matching version found for " + words[-1])
    programs = prefix / "node_modules" / ".bin"
    programs.mkdir(parents=True)
    program = programs / "planted"
    program.write_text("#!/bin/sh\\n" + versions[wanted] + "\\n")
    program.chmod(0o755)
"""


def write_wheel(
    directory: Path, version: str, script: str, name: str = "planted", program: str = "planted", requires: str = ""
) -> Path:  # fmt: skip
    """Write a wheel of one shell script; return its path."""
    path = directory / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    needs = f"Requires-Dist: {requires}\n" if requires else ""
    files = {
        f"{name}-{version}.data/scripts/{program}": f"#!/bin/sh\n{script}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as archive:
        for inside, content in files.items():
            entry = zipfile.ZipInfo(inside)
            entry.external_attr = 0o100755 << 16
            archive.writestr(entry, content)
        archive.writestr(f"{info}/RECORD", "".join(f"{inside},,\n" for inside in [*files, f"{info}/RECORD"]))
    return path


def environment(index: Path, programs: Path | None = None) -> dict[str, str]:
    """Return an environment in which pip knows this directory alone; programs: comes first on PATH."""
    path = f"{programs}:{os.environ['PATH']}" if programs else os.environ["PATH"]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "npm_config_"))}
    return {
        **kept, "PATH": path, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)
    }  # fmt: skip
