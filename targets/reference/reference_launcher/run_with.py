"""`run --with` and `tool run`: a command in an environment that is there as long as the command needs it."""

import os

from reference_launcher import environment, janitor
from reference_launcher.building import await_answer
from reference_launcher.command import become, complain
from reference_launcher.environment import Wanted, cached, temporary
from reference_launcher.interpreter import choose
from reference_launcher.lease import use
from reference_launcher.places import Failure, Root, cache_root, temporary_root
from reference_launcher.removing import collect
from reference_launcher.supervise import supervise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from reference_launcher.janitor import Work


class Options:
    """What the command line says about the environment."""

    def __init__(self) -> None:
        self.replace = False
        self.isolated = False
        self.requirements: list[str] = []
        self.python: str | None = None
        self.cache: str | None = None
        self.program: str | None = None  # tool run --from REQ PROGRAM


def run_with(options: Options, command: list[str], mask: set[int]) -> None:
    """Run `command` in a temporary environment with the requirements."""

    def task(work: "Work") -> "dict[str, Any]":
        cache, place = roots(options)
        interpreter = choose(options.python, work.programs)
        below = cached(work, Wanted("with", interpreter, options.requirements, cache))
        project = None if options.isolated else project_environment(interpreter.site)
        lease = temporary(work, place, interpreter, [below.path] + ([project] if project else []))
        collect_afterwards(work, {cache.path: cache, place.path: place})
        path = [lease.path + "/bin"] + ([project + "/bin"] if project else [])
        return {"environment": lease.path, "path": path, "leased": [lease.path, below.path]}

    run_in(task, options, mask, lambda answer: command)


def run_tool(options: Options, arguments: list[str], mask: set[int]) -> None:
    """Run the program of a distribution from a cached environment. The environment of the process stays as it is."""

    def task(work: "Work") -> "dict[str, Any]":
        cache, _ = roots(options)
        interpreter = choose(options.python, work.programs)
        lease = cached(work, Wanted("tool", interpreter, options.requirements, cache))
        collect_afterwards(work, {cache.path: cache})
        program = find_program(lease.path, options.program or distribution(options.requirements[0]))
        return {"program": program, "leased": [lease.path]}

    run_in(task, options, mask, lambda answer: [str(answer["program"]), *arguments])


def run_in(
    task: "Callable[[Work], dict[str, Any]]",
    options: Options,
    mask: set[int],
    command: "Callable[[dict[str, Any]], list[str]]",
) -> None:
    try:
        keeper = janitor.start(task, mask)
        answer = await_answer(keeper, mask)
    except Failure as failure:
        complain(os.fsencode(failure.message))
        os._exit(failure.status)
    if "environment" in answer:
        before = os.environb.get(b"PATH")
        path = b":".join(os.fsencode(str(part)) for part in answer["path"])
        os.environb[b"PATH"] = path + b":" + (environment_default() if before is None else before)
        os.environb[b"VIRTUAL_ENV"] = os.fsencode(str(answer["environment"]))
    words = [os.fsencode(word) for word in command(answer)]
    if options.replace:
        become(words, mask)
    else:
        # Ours in addition to the janitor's: who kills that one does not take the command's files away.
        leases = [use(path) for path in answer["leased"]]
        supervise(words, mask, keeper)
        del leases


def environment_default() -> bytes:
    from reference_launcher.command import DEFAULT_PATH

    return DEFAULT_PATH


def roots(options: Options) -> tuple[Root, Root]:
    cache = cache_root(options.cache)
    cache.check()
    place = temporary_root(cache)
    return cache, place


def collect_afterwards(work: "Work", places: dict[str, Root]) -> None:
    """What killed launchers have left is collected when our command has started: it does not wait for that."""

    def collecting(is_over: "Callable[[], bool]") -> None:
        for root in places.values():
            try:
                collect(root, is_over)
            except Failure:  # nothing can be leased for removing here. That is for prune to say; a run goes on
                pass

    work.afterwards = collecting


def project_environment(site: str) -> str | None:
    """Return the .venv of the working directory if it is for the same version of Python."""
    path = os.path.abspath(".venv")
    return path if os.path.isfile(path + "/pyvenv.cfg") and os.path.isdir(f"{path}/{site}") else None


def distribution(requirement: str) -> str:
    """Return the name in a requirement: `name`, `name==1.0`, `name[extra]>2`, `name @ URL`, a wheel's path."""
    name = os.path.basename(requirement).partition("-")[0] if environment.is_path(requirement) else requirement
    for place, letter in enumerate(name):
        if not (letter.isalnum() or letter in "._-"):
            return name[:place]
    return name


def find_program(place: str, name: str) -> str:
    """Return the path of the program `name`: as it is written, or as distributions' names are compared."""
    names = [entry for entry in os.listdir(place + "/bin") if not entry.startswith("python")]
    for entry in sorted(names):
        if entry == name or plain(entry) == plain(name):
            return f"{place}/bin/{entry}"
    there = f"it has: {', '.join(sorted(names))}" if names else "it has none"
    raise Failure(
        f"there is no program '{name}' in this distribution; {there}. Name one: tool run --from REQ PROGRAM", 127
    )


def plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
