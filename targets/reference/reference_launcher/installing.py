"""Running pip, which is not ours: what it gets, where it may write, and what is shown of what it says."""

import os

from reference_launcher.places import Failure
from reference_launcher.programs import last_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reference_launcher.janitor import Work

# They would install somewhere else than into the environment, or nothing at all. All other PIP_* are the user's.
NOT_FOR_PIP = (b"PIP_TARGET", b"PIP_PREFIX", b"PIP_ROOT", b"PIP_USER", b"PIP_PYTHON", b"PIP_DRY_RUN", b"PIP_REPORT",
               b"PIP_REQUIRE_VIRTUALENV", b"PIP_NO_DEPS", b"PIP_EDITABLE", b"PIP_REQUIREMENT", b"PIP_LOG",
               b"PIP_QUIET", b"PIP_VERBOSE")  # fmt: skip


def require_utf8(environment: str) -> None:
    if not is_utf8(environment):
        raise Failure(
            f"cannot install into '{environment}': the path is not UTF-8, which pip does not support. "
            "Name another place with --cache-dir or LAUNCHER_CACHE_DIR"
        )


def install(work: "Work", environment: str, pip: str, wanted: list[str], scratch: str) -> None:
    """Install `wanted` into `environment` with the pip in the directory `pip`.

    `scratch` is where pip and build backends put temporary files. The caller removes it, however they end: pip
    leaves it behind when it is killed.
    """
    runner = pip + "/__pip-runner__.py"
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
