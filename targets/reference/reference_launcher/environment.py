"""Cached environments, which are shared, and temporary ones on top of them, which belong to one run.

A cached environment is for one interpreter and one set of requirements. It is made once, in `building`, and
renamed when whole. Its name is KEY-RANDOM: two that make the same at once do not meet, one is simply not used
again; and who finds one being pruned makes another instead of waiting.

A temporary one costs the same for any number and size of packages: nothing is copied but the first lines of
the programs. One line in a .pth file adds the packages of the cached environment.
"""

import os

from reference_launcher import lease as leases
from reference_launcher import scripts
from reference_launcher.interpreter import Interpreter, ask
from reference_launcher.lease import Lease
from reference_launcher.places import Root, explained, random_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from reference_launcher.janitor import Work

DESCRIPTION = "launcher.json"
# What decides which file a requirement is, beside its own words.
SOURCES = (b"PIP_INDEX_URL", b"PIP_EXTRA_INDEX_URL", b"PIP_FIND_LINKS", b"PIP_NO_INDEX", b"PIP_PRE",
           b"PIP_CONSTRAINT", b"PIP_CONFIG_FILE", b"PIP_ONLY_BINARY", b"PIP_NO_BINARY")  # fmt: skip
NOT_LINKED = ("bin", "lib", "lib64", "include", "pyvenv.cfg", DESCRIPTION, "launcher-sync.json")


class Wanted:
    """What an environment is wanted for. kind: with, tool, pip."""

    def __init__(self, kind: str, interpreter: Interpreter, requirements: list[str], cache: Root) -> None:
        self.kind = kind
        self.interpreter = interpreter
        self.requirements = sorted({absolute(requirement) for requirement in requirements})
        self.cache = cache

    def key(self) -> str:
        import _blake2  # hashlib without OpenSSL, which costs 3 ms

        parts = [self.kind, *self.interpreter.identity]
        for requirement in self.requirements:
            parts += [requirement, *state(requirement)]
        words = [os.fsencode(part) for part in parts]
        words += [name + b"=" + os.environb.get(name, b"") for name in SOURCES]
        return str(_blake2.blake2b(b"\0".join(words), digest_size=10).hexdigest())


def absolute(requirement: str) -> str:
    """A path among the requirements is meant from here; the environment may be used from elsewhere."""
    return os.path.abspath(requirement) if is_path(requirement) else requirement.strip()


def is_path(requirement: str) -> bool:
    return ("/" in requirement or requirement.endswith((".whl", ".tar.gz"))) and os.path.exists(requirement)


def state(requirement: str) -> list[str]:
    """A file that is changed is another requirement. Of a directory nobody knows: it is installed each time."""
    if not is_path(requirement):
        return []
    found = os.stat(requirement)
    return [random_name()] if os.path.isdir(requirement) else [str(found.st_mtime_ns), str(found.st_size)]


def cached(work: "Work", wanted: Wanted) -> Lease:
    """Return the lease on a whole environment with what is wanted: one that is there, or a new one."""
    key = wanted.key()
    lease = existing(wanted.cache, key)
    if lease:
        work.used.append(lease)
        return lease
    return new(work, wanted, key)


def existing(cache: Root, key: str) -> Lease | None:
    try:
        names = sorted(os.listdir(cache.environments))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise explained(error, "read the cache") from error
    for name in names:
        if name.startswith(key + "-"):
            lease = leases.use(f"{cache.environments}/{name}")
            if lease:
                return lease
    return None


def new(work: "Work", wanted: Wanted, key: str) -> Lease:
    from reference_launcher.installing import ensurepip
    from reference_launcher.removing import remove

    lease = work.make(wanted.cache.building)
    place = lease.path
    scratch = place + "/scratch"
    work.doing("making an environment for " + " ".join(wanted.requirements))
    skeleton(place, wanted.interpreter)
    if wanted.kind == "pip":
        ensurepip(work, place, scratch)
    else:
        work.doing("installing " + " ".join(wanted.requirements))
        install_into(work, place, wanted.interpreter, wanted.requirements, scratch, wanted.cache)
    remove(scratch)
    final = f"{wanted.cache.environments}/{key}-{os.path.basename(place)}"
    scripts.move_environment(place, place, final)
    describe(place, wanted)
    os.makedirs(wanted.cache.environments, mode=0o700, exist_ok=True)
    work.programs.check()
    os.rename(place, final)
    return work.keep(lease, final)


def install_into(
    work: "Work", place: str, interpreter: Interpreter, requirements: list[str], scratch: str, cache: Root
) -> None:
    """Install `requirements` into the environment `place`. `cache` is for a pip that ensurepip has to make first."""
    from reference_launcher.installing import install, require_utf8

    require_utf8(place)
    install(work, place, find_pip(work, interpreter, cache), requirements, scratch)


def find_pip(work: "Work", interpreter: Interpreter, cache: Root) -> str:
    """Return the directory of a pip that `interpreter` can run: its own, ours, or one from ensurepip."""
    import sys

    if not interpreter.pip:
        # The launcher runs without site-packages (-S), where pip is. So ask.
        interpreter.pip = ask(sys.executable, work.programs).pip
    if not interpreter.pip:
        lease = cached(work, Wanted("pip", interpreter, ["pip"], cache))
        interpreter.pip = f"{lease.path}/{interpreter.site}/pip"
    return interpreter.pip


def describe(place: str, wanted: Wanted) -> None:
    """For `cache list` and `cache prune --keep-tools`; no run reads it."""
    import json
    import time

    content = {
        "kind": wanted.kind,
        "requirements": wanted.requirements,
        "python": wanted.interpreter.text,
        "executable": wanted.interpreter.executable,
        "made": time.time(),
    }
    with open(f"{place}/{DESCRIPTION}", "w", encoding="ascii") as file:
        json.dump(content, file)


def skeleton(place: str, interpreter: Interpreter) -> None:
    """Make an empty virtual environment in the directory `place`: PEP 405.

    By hand, not by the module venv: that takes 20 ms to import, and the interpreter may be
    another one. Links, no copies. No pip, no `activate`: nobody works in it.
    """
    os.makedirs(f"{place}/{interpreter.site}")
    os.mkdir(place + "/bin")
    os.symlink("lib", place + "/lib64")
    os.symlink(interpreter.executable, place + "/bin/python")
    for name in ("python3", f"python{interpreter.minor}"):
        os.symlink("python", f"{place}/bin/{name}")
    write(
        place + "/pyvenv.cfg",
        f"home = {os.path.dirname(interpreter.executable)}\ninclude-system-site-packages = false\n"
        f"version = {interpreter.text}\nexecutable = {interpreter.executable}\n",
    )


def write(path: str, text: str) -> None:
    with open(path, "wb", buffering=0) as file:
        file.write(os.fsencode(text))


def temporary(work: "Work", root: Root, interpreter: Interpreter, below: list[str]) -> Lease:
    """Make the environment of one run, on top of the environments `below`, the first of which counts most."""
    lease = work.make(root.temporary)
    place = lease.path
    skeleton(place, interpreter)
    # addsitedir reads the .pth files there as well, which a plain line with the path would not. As a Python
    # literal any path fits on a line: one with a newline does not otherwise.
    lines = [f"import site; site.addsitedir({path + '/' + interpreter.site!a})\n" for path in below]
    write(f"{place}/{interpreter.site}/launcher.pth", "".join(lines))
    for path in below:
        if os.path.isdir(path + "/bin"):
            put_programs(path, place)
        for name in os.listdir(path):
            if name not in NOT_LINKED and not os.path.lexists(f"{place}/{name}"):
                os.symlink(f"{path}/{name}", f"{place}/{name}")  # `share` and the like, found by sys.prefix
    return lease


def put_programs(below: str, place: str) -> None:
    """Let each program of `below` run with the python of `place`. What is no script is linked."""
    for name in os.listdir(below + "/bin"):
        path, source = f"{place}/bin/{name}", f"{below}/bin/{name}"
        if name.startswith(("python", "activate", "Activate")) or os.path.lexists(path):
            continue
        script = scripts.moved(scripts.read(source), below, place)
        if script is None:
            os.symlink(source, path)
        else:
            with open(
                os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o700), "wb", buffering=0
            ) as file:
                file.write(script)
