"""A build backend whose duration the harness controls: it connects to the harness, and waits for permission to
continue.

Python 3.8 or newer, standard library only; PEP 517 and PEP 660. Frontends pass parameters by name, so the names of the
hooks' parameters are those of the PEPs.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import re
import socket
import tarfile
import zipfile
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

PROJECT = Path(__file__).resolve().parent.parent
SOURCE = PROJECT / "src"
SOCKET = PROJECT / "backend" / "build-socket"
"""Says where to ask for permission, if anywhere. A file, because some launchers (tox) pass on few variables."""
Settings = Optional[Mapping[str, Any]]
Files = Dict[str, bytes]


def declared(key: str, default: Any) -> Any:
    """Return a value of pyproject.toml that is on one line, and written as in JSON: tomllib is not in Python 3.8."""
    found = re.search(rf"(?m)^{key} *= *(.+)$", (PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    try:
        return json.loads(found[1]) if found else default
    except ValueError:
        return default


NAME = f"proctor_project-{declared('version', '1.0')}"
INFO = f"{NAME}.dist-info"


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Write the project's wheel; return its name."""
    wait_for_permission()
    return write_wheel(wheel_directory, {"proctor_project.py": (SOURCE / "proctor_project.py").read_bytes()})


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Write a wheel that points to the project's source; return its name."""
    wait_for_permission()
    return write_wheel(wheel_directory, {"proctor_project.pth": f"{SOURCE}\n".encode()})


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Write the project's source distribution; return its name. A build from it asks for no permission."""
    wait_for_permission()
    paths = [Path("pyproject.toml"), Path("src/proctor_project.py"), Path("backend/slow_backend.py")]
    files = {str(path): (PROJECT / path).read_bytes() for path in paths}
    with (
        open(os.path.join(sdist_directory, f"{NAME}.tar.gz"), "wb") as file,
        gzip.GzipFile("", "wb", fileobj=file, mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name, data in {**files, "PKG-INFO": metadata()}.items():
            entry = tarfile.TarInfo(f"{NAME}/{name}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return f"{NAME}.tar.gz"


def prepare_metadata_for_build_wheel(metadata_directory: str, config_settings: Settings = None) -> str:
    """Write the .dist-info directory that the wheel will have; return its name."""
    directory = Path(metadata_directory, INFO)
    directory.mkdir()
    for name, data in information().items():
        (directory / name).write_bytes(data)
    return INFO


def get_requires_for_build_wheel(config_settings: Settings = None) -> List[str]:
    """Return what is needed to build: nothing."""
    return []


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel
get_requires_for_build_editable = get_requires_for_build_sdist = get_requires_for_build_wheel


def wait_for_permission() -> None:
    """Connect to the harness, if it listens, and wait for its reply."""
    try:
        path = SOCKET.read_bytes()
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(path)
            link.sendall(json.dumps({"type": "join", "name": "backend"}).encode() + b"\n")
            link.recv(100)
    except OSError:
        return


def metadata() -> bytes:
    """Return the core metadata, with what pyproject.toml declares."""
    lines = ["Metadata-Version: 2.1", "Name: proctor-project", f"Version: {declared('version', '1.0')}"]
    lines.append(f"Requires-Python: {declared('requires-python', '>=3.8')}")
    lines += [f"Requires-Dist: {one}" for one in declared("dependencies", ["proctor-tool"])]
    return "".join(f"{line}\n" for line in lines).encode()


def information() -> Files:
    """Return the contents of the .dist-info directory, except RECORD."""
    wheel = "Wheel-Version: 1.0\nGenerator: slow_backend\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    return {"METADATA": metadata(), "WHEEL": wheel.encode()}


def write_wheel(directory: str, modules: Files) -> str:
    """Write a wheel with these files; return its name. PyPA: binary distribution format."""
    files = {**modules, **{f"{INFO}/{name}": data for name, data in information().items()}}
    lines = [f"{name},sha256={digest(data)},{len(data)}\n" for name, data in files.items()]
    files[f"{INFO}/RECORD"] = "".join([*lines, f"{INFO}/RECORD,,\n"]).encode()
    wheel = f"{NAME}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)
    return wheel


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file as RECORD has it."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
