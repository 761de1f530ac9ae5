"""The first lines of the programs in `bin`. They contain the path of the interpreter, and change when it moves."""

import os

# The kernel reads up to 127 bytes of the first line (255 since Linux 5.1) and truncates it without an error: execve(2).
MAX_SHEBANG = 127
# For a shell, lines 2 and 3 are a command and an empty quoted string; for Python, one string. The path of the
# interpreter is not in it: it may be too long for the kernel, or contain what a shell, Python or UTF-8 does not allow.
SHELL_SHEBANG = b'#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(realpath -- "$0")")"/python "$0" "$@"\n\' \'\'\'\n'
SHELL_SHEBANG_END = b"\n' '''\n"
PLAIN_CHARACTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./~-"
MAX_SIZE = 1 << 20  # bytes


def shebang(python: str) -> bytes:
    """Return the first line, or lines, of a script in the same directory as the interpreter `python`."""
    path = os.fsencode(python)
    if not path.translate(None, PLAIN_CHARACTERS) and len(path) + 3 <= MAX_SHEBANG:
        return b"#!" + path + b"\n"
    return SHELL_SHEBANG


def relocated(script: bytes, old: str, new: str) -> bytes | None:
    """Return `script`, which runs with the python in `old`/bin, for the python in `new`/bin; None if it is no such."""
    if not script.startswith(b"#!"):
        return None
    interpreter = os.fsencode(old) + b"/bin/python"
    start = script.find(interpreter, 0, len(interpreter) + 64)
    if script.startswith(b"#!/bin/sh\n'''exec' ") and (start >= 0 or script.startswith(SHELL_SHEBANG)):
        end = script.find(SHELL_SHEBANG_END)
        body = script[end + len(SHELL_SHEBANG_END) :]
    elif start == 2:
        body = script[script.find(b"\n", start + len(interpreter)) + 1 :]
    else:
        return None
    return shebang(new + "/bin/python") + body


def read_small_file(path: str) -> bytes:
    """Return the content of a regular file of up to MAX_SIZE bytes; nothing for any other. Scripts are small."""
    if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > MAX_SIZE:
        return b""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def relocate_environment(directory: str, old: str, new: str) -> None:
    """In the files of the environment `directory`, replace the path `old` by `new`, where it is going to be."""
    for name in sorted(os.listdir(directory + "/bin")):
        path = f"{directory}/bin/{name}"
        text = read_small_file(path)
        changed = relocated(text, old, new)
        if changed is None and name.lower().startswith("activate"):
            changed = text.replace(os.fsencode(old), os.fsencode(new))
        if changed is not None and changed != text:
            overwrite(path, changed)
    settings = directory + "/pyvenv.cfg"
    text = read_small_file(settings)
    overwrite(settings, text.replace(os.fsencode(old), os.fsencode(new)))


def overwrite(path: str, text: bytes) -> None:
    with open(path, "wb", buffering=0) as file:  # the same file, so its mode stays
        file.write(text)
