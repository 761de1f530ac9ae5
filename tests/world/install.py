"""Installs what the chapter WORLD needs beside modules of Python: packages of npm, into the environment of this Python,
and packages of Debian, without starting a service.

usage (by tox -e world): python tests/world/install.py

Without npm, and without root or apt-get, it says what to install, and the cases that need it are not observable.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from proctor.harness.programs import NEEDS, missing

POLICY = Path("/usr/sbin/policy-rc.d")
"""While it ends with 101 no package starts a service: https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt"""


def main() -> None:
    """Install what is missing."""
    lacking = [needs for name, needs in NEEDS.items() if missing(name)]
    if packages := sorted({needs.npm for needs in lacking} - {""}):
        install_by_npm(packages)
    if packages := sorted({needs.package for needs in lacking} - {""}):
        install_by_apt(packages)


def install_by_npm(packages: list[str]) -> None:
    """Install packages of npm: their programs are put beside this Python."""
    command = ["npm", "install", "--global", f"--prefix={sys.prefix}", "--no-audit", "--no-fund", *packages]
    if shutil.which("npm"):
        subprocess.run(command, check=True)
    else:
        sys.stderr.write(f"not installed: {', '.join(packages)}. With npm: {' '.join(command)}\n")


def install_by_apt(packages: list[str]) -> None:
    """Install packages of Debian, if this is root."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        sys.stderr.write(f"not installed: {', '.join(packages)}. As root: {' '.join(command)}\n")
        return
    is_ours = not POLICY.exists()
    if is_ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    try:
        subprocess.run(command, check=True, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    finally:
        if is_ours:
            POLICY.unlink()


if __name__ == "__main__":
    main()
