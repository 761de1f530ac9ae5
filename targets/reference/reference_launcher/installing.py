"""Running pip, which is not ours: what it gets, where it may write, and what is shown of what it says."""

import os

from reference_launcher.interpreter import Interpreter, ask
from reference_launcher.places import Failure, Root

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reference_launcher.janitor import Work

SHOWN_LINES = 12
# They would install somewhere else than into the environment, or nothing at all. All other PIP_* are the user's.
NOT_FOR_PIP = (b"PIP_TARGET", b"PIP_PREFIX", b"PIP_ROOT", b"PIP_USER", b"PIP_PYTHON", b"PIP_DRY_RUN", b"PIP_REPORT",
               b"PIP_REQUIRE_VIRTUALENV", b"PIP_NO_DEPS", b"PIP_EDITABLE", b"PIP_REQUIREMENT", b"PIP_LOG",
               b"PIP_QUIET", b"PIP_VERBOSE")  # fmt: skip


def install(
    work: "Work", environment: str, interpreter: Interpreter, wanted: list[str], scratch: str, cache: Root
) -> None:
    """Install `wanted` into `environment`. `scratch` is where pip and build backends put what they need meanwhile:
    we remove it, however they end. pip itself would leave it when it is killed. `cache` is where a pip is kept that
    has to be made first.
    """
    if not is_utf8(environment):
        raise Failure(
            f"cannot install into '{environment}': the path is not UTF-8, which pip does not support. "
            "Name another place with --cache-dir or LAUNCHER_CACHE_DIR"
        )
    runner = find_pip(work, interpreter, cache) + "/__pip-runner__.py"
    os.makedirs(scratch, mode=0o700, exist_ok=True)
    variables = variables_for(scratch)
    words = [environment + "/bin/python", "-I", runner, "install", "--no-input", "--disable-pip-version-check"]
    words += ["--no-color", "--progress-bar=off", "--no-warn-script-location"]
    if b"PIP_CACHE_DIR" not in variables:
        words += ["--no-cache-dir"]  # ~/.cache/pip is not ours to write
    code, written = work.programs.run([*words, "--", *wanted], variables, "pip, run by")
    if code:
        offline = (
            " (PIP_NO_INDEX is set: only what PIP_FIND_LINKS names is looked at)"
            if b"PIP_NO_INDEX" in variables
            else ""
        )
        raise Failure(f"cannot install {' '.join(wanted)}: pip ended with {code}{offline}{last_lines(written)}")


def variables_for(scratch: str) -> dict[bytes, bytes]:
    """Return the environment variables for pip: the user's, but for where it writes."""
    variables = {key: value for key, value in os.environb.items() if key not in NOT_FOR_PIP}
    variables[b"TMPDIR"] = os.fsencode(scratch)
    if b"RUSTUP_HOME" not in variables and not os.path.exists(os.path.expanduser("~/.rustup")):
        # pip runs `rustc --version` for its User-Agent, and a rustc of rustup's makes ~/.rustup when there is none.
        variables[b"RUSTUP_HOME"] = os.fsencode(scratch) + b"/rustup"
    return variables


def is_utf8(path: str) -> bool:
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def find_pip(work: "Work", interpreter: Interpreter, cache: Root) -> str:
    """Return the directory of a pip that can be run by `interpreter`: its own, ours, or one from ensurepip."""
    import sys

    if not interpreter.pip:
        # What we know of ourselves we know without site-packages (-S), and pip lies there.
        interpreter.pip = ask(sys.executable, work.programs).pip
    if not interpreter.pip:
        interpreter.pip = from_ensurepip(work, interpreter, cache)
    return interpreter.pip


def from_ensurepip(work: "Work", interpreter: Interpreter, cache: Root) -> str:
    from reference_launcher.environment import Wanted, cached

    lease = cached(work, Wanted("pip", interpreter, ["pip"], cache))
    return f"{lease.path}/{interpreter.site}/pip"


def ensurepip(work: "Work", environment: str, scratch: str) -> None:
    os.makedirs(scratch, mode=0o700, exist_ok=True)
    variables = variables_for(scratch)
    words = [environment + "/bin/python", "-I", "-m", "ensurepip", "--default-pip"]
    code, written = work.programs.run(words, variables, "ensurepip, run by")
    if code:
        raise Failure(
            "there is no pip: neither the interpreter nor ours has one, and ensurepip ended with "
            f"{code}. On Debian install python3-venv or python3-pip{last_lines(written)}"
        )


def last_lines(written: bytes) -> str:
    """Return the end of what a program has said, harmless to a terminal: no escapes, no bell, no return."""
    lines = [line for line in written.decode("utf-8", "replace").splitlines() if line.strip()][-SHOWN_LINES:]
    plain = ["".join(letter if letter.isprintable() or letter == "\t" else "?" for letter in line) for line in lines]
    return "".join(f"\n  | {line[:500]}" for line in plain)
