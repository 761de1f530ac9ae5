"""Cached environments, which runs share, and temporary environments on top of them, each for one run.

A cached environment is for one interpreter and one set of requirements. It is made in `building` and renamed when it
is complete. Its name is KEY-RANDOM. So two launchers that make the same environment at once do not collide: later runs
use one of the two. A run that finds an environment being pruned makes a new one instead of waiting.

A temporary environment takes the same time for any number and size of packages: it has links, a line in a .pth file
that adds the packages of the cached environment, and copies of the programs with another first line.
"""

import os

from reference_launcher import scripts
from reference_launcher.directories import Root, random_name, system_failure
from reference_launcher.interpreter import Interpreter, probe
from reference_launcher.lease import Lease, lease_shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reference_launcher.janitor import JobContext

DESCRIPTION = "launcher.json"
# Variables that decide, together with the requirements, which packages pip installs.
SOURCE_VARIABLES = (
    b"PIP_INDEX_URL", b"PIP_EXTRA_INDEX_URL", b"PIP_FIND_LINKS", b"PIP_NO_INDEX", b"PIP_PRE",
    b"PIP_CONSTRAINT", b"PIP_CONFIG_FILE", b"PIP_ONLY_BINARY", b"PIP_NO_BINARY",
)  # fmt: skip
NOT_LINKED = ("bin", "lib", "lib64", "include", "pyvenv.cfg", DESCRIPTION, "launcher-sync.json")


class EnvironmentSpec:
    """What a cached environment contains. `kind` is `with`, `tool`, or `pip` for one with nothing but pip."""

    def __init__(self, kind: str, interpreter: Interpreter, requirements: list[str], cache: Root) -> None:
        self.kind = kind
        self.interpreter = interpreter
        self.requirements = sorted({absolute_requirement(requirement) for requirement in requirements})
        self.cache = cache

    def key(self) -> str:
        """Return the first part of the environment's name: a hash of all that it depends on."""
        import _blake2  # not hashlib, which loads OpenSSL in 3 ms

        parts = [self.kind, *self.interpreter.identity]
        for requirement in self.requirements:
            parts += [requirement, *file_state(requirement)]
        encoded = [os.fsencode(part) for part in parts]
        encoded += [name + b"=" + os.environb.get(name, b"") for name in SOURCE_VARIABLES]
        return str(_blake2.blake2b(b"\0".join(encoded), digest_size=10).hexdigest())


def absolute_requirement(requirement: str) -> str:
    """Make a path absolute: it is relative to the working directory, and the environment is not."""
    return os.path.abspath(requirement) if is_path(requirement) else requirement.strip()


def is_path(requirement: str) -> bool:
    return ("/" in requirement or requirement.endswith((".whl", ".tar.gz"))) and os.path.exists(requirement)


def file_state(requirement: str) -> list[str]:
    """Return what distinguishes versions of a file. Changes in a directory are not tracked: it is installed anew."""
    if not is_path(requirement):
        return []
    found = os.stat(requirement)
    return [random_name()] if os.path.isdir(requirement) else [str(found.st_mtime_ns), str(found.st_size)]


def cached_environment(context: "JobContext", spec: EnvironmentSpec) -> Lease:
    """Return a lease on a complete environment: one from the cache, or a new one."""
    key = spec.key()
    lease = find_cached(spec.cache, key)
    if lease:
        context.used.append(lease)
        return lease
    return make_cached(context, spec, key)


def find_cached(cache: Root, key: str) -> Lease | None:
    try:
        names = sorted(os.listdir(cache.environments))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise system_failure(error, "read the cache") from error
    for name in names:
        if name.startswith(key + "-"):
            lease = lease_shared(f"{cache.environments}/{name}")
            if lease:
                return lease
    return None


def make_cached(context: "JobContext", spec: EnvironmentSpec, key: str) -> Lease:
    from reference_launcher.installing import ensurepip
    from reference_launcher.removing import remove

    lease = context.make_directory(spec.cache.building)
    path = lease.path
    scratch = path + "/scratch"
    context.progress("making an environment for " + " ".join(spec.requirements))
    make_skeleton(path, spec.interpreter)
    if spec.kind == "pip":
        ensurepip(context, path, scratch)
    else:
        context.progress("installing " + " ".join(spec.requirements))
        install_into(context, path, spec.interpreter, spec.requirements, scratch, spec.cache)
    remove(scratch)
    final = f"{spec.cache.environments}/{key}-{os.path.basename(path)}"
    scripts.relocate_environment(path, path, final)
    write_description(path, spec)
    os.makedirs(spec.cache.environments, mode=0o700, exist_ok=True)
    context.programs.check_orders()
    os.rename(path, final)
    return context.keep(lease, final)


def install_into(
    context: "JobContext", path: str, interpreter: Interpreter, requirements: list[str], scratch: str, cache: Root
) -> None:
    """Install `requirements` into the environment `path`. `cache` is for a pip that ensurepip has to make first."""
    from reference_launcher.installing import install, require_utf8

    require_utf8(path)
    install(context, path, find_pip(context, interpreter, cache), requirements, scratch)


def find_pip(context: "JobContext", interpreter: Interpreter, cache: Root) -> str:
    """Return the directory of a pip that `interpreter` can run: its own, the launcher's, or one from ensurepip."""
    import sys

    if not interpreter.pip:
        # The launcher runs without site-packages (-S), where pip is. So probe its own interpreter, too.
        interpreter.pip = probe(sys.executable, context.programs).pip
    if not interpreter.pip:
        lease = cached_environment(context, EnvironmentSpec("pip", interpreter, ["pip"], cache))
        interpreter.pip = f"{lease.path}/{interpreter.site_packages}/pip"
    return interpreter.pip


def write_description(path: str, spec: EnvironmentSpec) -> None:
    """Write the file that `cache list` and `cache prune --keep-tools` read. Runs do not read it."""
    import json
    import time

    content = {
        "kind": spec.kind,
        "requirements": spec.requirements,
        "python": spec.interpreter.full_version,
        "executable": spec.interpreter.executable,
        "made": time.time(),
    }
    with open(f"{path}/{DESCRIPTION}", "w", encoding="ascii") as file:
        json.dump(content, file)


def make_skeleton(path: str, interpreter: Interpreter) -> None:
    """Make an empty virtual environment in the directory `path`: PEP 405.

    The module venv takes 20 ms to import, and `interpreter` may be another one. The environment has links, not copies,
    and neither pip nor `activate`, because no user works in it.
    """
    os.makedirs(f"{path}/{interpreter.site_packages}")
    os.mkdir(path + "/bin")
    os.symlink("lib", path + "/lib64")
    os.symlink(interpreter.executable, path + "/bin/python")
    for name in ("python3", f"python{interpreter.minor_version}"):
        os.symlink("python", f"{path}/bin/{name}")
    write_text(
        path + "/pyvenv.cfg",
        f"home = {os.path.dirname(interpreter.executable)}\ninclude-system-site-packages = false\n"
        f"version = {interpreter.full_version}\nexecutable = {interpreter.executable}\n",
    )


def write_text(path: str, text: str) -> None:
    with open(path, "wb", buffering=0) as file:
        file.write(os.fsencode(text))


def make_temporary(context: "JobContext", root: Root, interpreter: Interpreter, bases: list[str]) -> Lease:
    """Make the environment of one run on top of the environments `bases`. The first of them has precedence."""
    lease = context.make_directory(root.temporary)
    path = lease.path
    make_skeleton(path, interpreter)
    # A plain path on a line of a .pth file would not read the .pth files of the base: addsitedir does. As a Python
    # literal, any path fits on one line, also one with a newline.
    lines = [f"import site; site.addsitedir({base + '/' + interpreter.site_packages!a})\n" for base in bases]
    write_text(f"{path}/{interpreter.site_packages}/launcher.pth", "".join(lines))
    for base in bases:
        if os.path.isdir(base + "/bin"):
            copy_programs(base, path)
        for name in os.listdir(base):
            if name not in NOT_LINKED and not os.path.lexists(f"{path}/{name}"):
                os.symlink(f"{base}/{name}", f"{path}/{name}")  # `share` and the like, found through sys.prefix
    return lease


def copy_programs(base: str, path: str) -> None:
    """Make the programs of `base` run with the python of `path`: copy scripts with a new first line, link the rest."""
    for name in os.listdir(base + "/bin"):
        target, source = f"{path}/bin/{name}", f"{base}/bin/{name}"
        if name.startswith(("python", "activate", "Activate")) or os.path.lexists(target):
            continue
        script = scripts.relocated(scripts.read_small_file(source), base, path)
        if script is None:
            os.symlink(source, target)
        else:
            with open(
                os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o700), "wb", buffering=0
            ) as file:
                file.write(script)
