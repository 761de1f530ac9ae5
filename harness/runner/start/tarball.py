"""The tool as an npm package (see harness/witness/node), which launchers of Node install without a network."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

from proctor.harness.runner.start.spawn import ADD_ON, TOOL
from proctor.harness.runner.start.wheel import contents

VERSION = "1.0.0"
"""As in the package.json; semver.org."""
SOURCE = Path(__file__).resolve().parents[2] / "witness" / "node"
NAME = f"{TOOL}-{VERSION}.tgz"
MODIFIED = 499162500
"""The time of each file, in seconds: that which `npm pack` writes. Some installers leave out files of the year 1970."""


def build(directory: Path) -> Path:
    """Write the tarball into a directory, which is made; return its path. npm-pack(1) makes such a file."""
    installed = {
        "package.json": (SOURCE / "package.json").read_bytes(),
        TOOL: (SOURCE / TOOL).read_bytes(),
        "proctor_tool.js": (SOURCE / "proctor_tool.js").read_bytes(),
        "proctor_late.js": (SOURCE / "proctor_late.js").read_bytes(),
        # for any platform and any Node: it is only ever installed on this one, and Node-API is stable
        "witness.node": ADD_ON.read_bytes(),
    }
    return pack(directory / NAME, {**installed, "contents": contents(installed)}, programs=(TOOL,))


def pack(path: Path, files: dict[str, bytes], programs: tuple[str, ...] = ()) -> Path:
    """Write an npm package with these files, by path in the package; the same bytes each time. programs: those that may
    be executed. Return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    with (
        open(unfinished, "wb") as file,
        gzip.GzipFile("", "wb", compresslevel=1, fileobj=file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, data in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size, entry.mtime, entry.mode = len(data), MODIFIED, 0o755 if name in programs else 0o644
            archive.addfile(entry, io.BytesIO(data))
    unfinished.replace(path)
    return path


def integrity(path: Path) -> str:
    """Return the checksum of a tarball as lock files have it: Subresource Integrity, W3C."""
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def manifest(**fields: object) -> bytes:
    """Return a package.json with these fields."""
    return json.dumps(fields, indent=2).encode() + b"\n"
