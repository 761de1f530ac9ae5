"""The first lines of programs in `bin`: they name the interpreter by its path, so they change when it does."""

import os

# The kernel reads the first line up to 127 bytes (255 since Linux 5.1), and cuts silently: execve(2).
LONGEST_HEAD = 127
# A shell reads lines 2 and 3 as one command and a quoted nothing, Python as one string. The path is not in it:
# it may be too long for the kernel, or hold what a shell, Python or UTF-8 does not allow.
ANY_PATH = b'#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(realpath -- "$0")")"/python "$0" "$@"\n\' \'\'\'\n'
PLAIN = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+=:,./~-"
END_OF_SHELL_HEAD = b"\n' '''\n"
LONGEST_SCRIPT = 1 << 20


def head(python: str) -> bytes:
    path = os.fsencode(python)
    if not path.translate(None, PLAIN) and len(path) + 3 <= LONGEST_HEAD:
        return b"#!" + path + b"\n"
    return ANY_PATH


def moved(script: bytes, old: str, new: str) -> bytes | None:
    """Return `script`, which runs with a python in `old`/bin, as one that runs with that in `new`/bin; or None."""
    if not script.startswith(b"#!"):
        return None
    interpreter = os.fsencode(old) + b"/bin/python"
    start = script.find(interpreter, 0, len(interpreter) + 64)
    if script.startswith(b"#!/bin/sh\n'''exec' ") and (start >= 0 or script.startswith(ANY_PATH)):
        end = script.find(END_OF_SHELL_HEAD)
        body = script[end + len(END_OF_SHELL_HEAD) :]
    elif start == 2:
        body = script[script.find(b"\n", start + len(interpreter)) + 1 :]
    else:
        return None
    return head(new + "/bin/python") + body


def read(path: str) -> bytes:
    """Return the text of a script, or nothing for what is a link, or too large to be one."""
    if os.path.islink(path) or not os.path.isfile(path) or os.path.getsize(path) > LONGEST_SCRIPT:
        return b""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def move_environment(directory: str, old: str, new: str) -> None:
    """Change the files in `directory` that name `old`, where it was made, to name `new`, where it is going to be."""
    for name in sorted(os.listdir(directory + "/bin")):
        path = f"{directory}/bin/{name}"
        text = read(path)
        changed = moved(text, old, new)
        if changed is None and name.lower().startswith("activate"):
            changed = text.replace(os.fsencode(old), os.fsencode(new))
        if changed is not None and changed != text:
            rewrite(path, changed)
    settings = directory + "/pyvenv.cfg"
    text = read(settings)
    rewrite(settings, text.replace(os.fsencode(old), os.fsencode(new)))


def rewrite(path: str, text: bytes) -> None:
    with open(path, "wb", buffering=0) as file:  # the same file: its mode stays
        file.write(text)
