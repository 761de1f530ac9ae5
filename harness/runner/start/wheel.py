"""The wheel of the tool (see harness/witness/tool), which launchers install without a network."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zipfile
from pathlib import Path

from proctor.harness.runner.start.spawn import LIBRARY, TOOL

NAME, VERSION = TOOL, "1.0"
SOURCE = Path(__file__).resolve().parents[2] / "witness" / "tool"
_INFO = f"proctor_tool-{VERSION}.dist-info"


def build(directory: Path) -> Path:
    """Write the wheel into a directory, which is made; return its path. PyPA: binary distribution format."""
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"proctor_tool-{VERSION}-py3-none-any.whl"
    installed = {
        "proctor_late.py": (SOURCE / "proctor_late.py").read_bytes(),
        "proctor_tool/__init__.py": (SOURCE / "proctor_tool" / "__init__.py").read_bytes(),
        # tagged for any platform: it is only ever installed on this one
        "proctor_tool/witness.so": LIBRARY.read_bytes(),
    }
    files = {
        **installed,
        "proctor_tool/contents": contents(installed),
        f"{_INFO}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {VERSION}\n".encode(),
        f"{_INFO}/WHEEL": b"Wheel-Version: 1.0\nGenerator: proctor\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{_INFO}/entry_points.txt": f"[console_scripts]\n{NAME} = proctor_tool:main\n".encode(),
    }
    record = "".join(f"{name},{_digest(data)},{len(data)}\n" for name, data in files.items())
    files[f"{_INFO}/RECORD"] = f"{record}{_INFO}/RECORD,,\n".encode()
    unfinished = wheel.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    unfinished.replace(wheel)
    return wheel


def contents(installed: dict[str, bytes]) -> bytes:
    """Return the checksums of these files, by which the tool recognizes them; the last is that of the list. RECORD has
    checksums too, but it belongs to the installer: some leave it out, others write their own."""
    lines = "".join(f"{binascii.crc32(data)} {name}\n" for name, data in installed.items()).encode()
    return lines + f"{binascii.crc32(lines)} contents\n".encode()


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
