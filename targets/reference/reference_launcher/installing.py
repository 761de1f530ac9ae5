"""Running pip: its arguments, its environment variables, the files that it may write, and its error messages."""

import os

from reference_launcher.directories import Failure
from reference_launcher.programs import last_lines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reference_launcher.janitor import JobContext

# Variables that make pip install elsewhere or nothing at all. All other PIP_* variables of the user are passed on.
REMOVED_VARIABLES = (
    b"PIP_TARGET", b"PIP_PREFIX", b"PIP_ROOT", b"PIP_USER", b"PIP_PYTHON", b"PIP_DRY_RUN", b"PIP_REPORT",
    b"PIP_REQUIRE_VIRTUALENV", b"PIP_NO_DEPS", b"PIP_EDITABLE", b"PIP_REQUIREMENT", b"PIP_LOG",
    b"PIP_QUIET", b"PIP_VERBOSE",
)  # fmt: skip


def require_utf8(environment: str) -> None:
    if not is_utf8(environment):
        raise Failure(
            f"cannot install into '{environment}': the path is not UTF-8, which pip does not support. "
            "Name another directory with --cache-dir or LAUNCHER_CACHE_DIR"
        )


def is_utf8(path: str) -> bool:
    try:
        os.fsencode(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def install(context: "JobContext", environment: str, pip: str, requirements: list[str], scratch: str) -> None:
    """Install `requirements` into `environment` with the pip in the directory `pip`.

    pip and build backends put their temporary files into `scratch`. The caller removes that in any case: pip leaves
    its temporary files behind when it is killed.
    """
    os.makedirs(scratch, mode=0o700, exist_ok=True)
    variables = pip_variables(scratch)
    argv = [environment + "/bin/python", "-I", pip + "/__pip-runner__.py", "install"]
    argv += ["--no-input", "--disable-pip-version-check", "--no-color", "--progress-bar=off"]
    argv += ["--no-warn-script-location"]
    if b"PIP_CACHE_DIR" not in variables:
        argv += ["--no-cache-dir"]  # the launcher must not write to ~/.cache/pip
    code, output = context.programs.run([*argv, "--", *requirements], variables, "pip, run by")
    if code:
        offline = (
            " (PIP_NO_INDEX is set, so pip looks only where PIP_FIND_LINKS says)"
            if b"PIP_NO_INDEX" in variables
            else ""
        )
        raise Failure(f"cannot install {' '.join(requirements)}: pip exited with {code}{offline}{last_lines(output)}")


def pip_variables(scratch: str) -> dict[bytes, bytes]:
    """Return the environment variables for pip: the user's, except those that say where to write."""
    variables = {key: value for key, value in os.environb.items() if key not in REMOVED_VARIABLES}
    variables[b"TMPDIR"] = os.fsencode(scratch)
    if b"RUSTUP_HOME" not in variables and not os.path.exists(os.path.expanduser("~/.rustup")):
        # pip runs `rustc --version` for its User-Agent. The rustc of rustup creates ~/.rustup if it does not exist.
        variables[b"RUSTUP_HOME"] = os.fsencode(scratch) + b"/rustup"
    return variables


def ensurepip(context: "JobContext", environment: str, scratch: str) -> None:
    """Install pip into `environment` from the copy that comes with Python."""
    os.makedirs(scratch, mode=0o700, exist_ok=True)
    variables = pip_variables(scratch)
    argv = [environment + "/bin/python", "-I", "-m", "ensurepip", "--default-pip"]
    code, output = context.programs.run(argv, variables, "ensurepip, run by")
    if code:
        raise Failure(
            "there is no pip: neither this interpreter nor the launcher's has one, and ensurepip exited with "
            f"{code}. On Debian install python3-venv or python3-pip{last_lines(output)}"
        )
