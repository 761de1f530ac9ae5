"""`run --with` and `tool run`: a command in an environment that exists as long as the command runs."""

import os

from reference_launcher import environment, janitor
from reference_launcher.command import DEFAULT_PATH, exec_command, print_error
from reference_launcher.directories import Failure, Root, cache_root, temporary_root
from reference_launcher.environment import EnvironmentSpec, cached_environment, make_temporary
from reference_launcher.interpreter import choose_interpreter
from reference_launcher.lease import lease_shared
from reference_launcher.removing import remove_leftovers
from reference_launcher.supervise import supervise
from reference_launcher.waiting import wait_for_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from reference_launcher.janitor import JobContext


class Options:
    """What the command line says about the environment."""

    def __init__(self) -> None:
        self.use_exec = False
        self.isolated = False
        self.requirements: list[str] = []
        self.python: str | None = None
        self.cache: str | None = None
        self.program: str | None = None  # tool run --from REQ PROGRAM


def run_with(options: Options, command: list[str], mask: set[int]) -> None:
    """Run `command` in a temporary environment with the requirements."""

    def job(context: "JobContext") -> "dict[str, Any]":
        cache, temporary = roots(options)
        interpreter = choose_interpreter(options.python, context.programs)
        base = cached_environment(context, EnvironmentSpec("with", interpreter, options.requirements, cache))
        project = None if options.isolated else project_environment(interpreter.site_packages)
        lease = make_temporary(context, temporary, interpreter, [base.path] + ([project] if project else []))
        schedule_cleanup(context, {cache.path: cache, temporary.path: temporary})
        path = [lease.path + "/bin"] + ([project + "/bin"] if project else [])
        return {"environment": lease.path, "path": path, "leased": [lease.path, base.path]}

    run_in_environment(job, options, mask, lambda result: command)


def run_tool(options: Options, arguments: list[str], mask: set[int]) -> None:
    """Run the program of a distribution from a cached environment. The environment variables stay as they are."""

    def job(context: "JobContext") -> "dict[str, Any]":
        cache, _ = roots(options)
        interpreter = choose_interpreter(options.python, context.programs)
        lease = cached_environment(context, EnvironmentSpec("tool", interpreter, options.requirements, cache))
        schedule_cleanup(context, {cache.path: cache})
        program = find_program(lease.path, options.program or distribution_name(options.requirements[0]))
        return {"program": program, "leased": [lease.path]}

    run_in_environment(job, options, mask, lambda result: [str(result["program"]), *arguments])


def run_in_environment(
    job: "Callable[[JobContext], dict[str, Any]]",
    options: Options,
    mask: set[int],
    command: "Callable[[dict[str, Any]], list[str]]",
) -> None:
    """Let a janitor run `job`; then run the command that `command` makes of its result."""
    try:
        keeper = janitor.start(job, mask)
        result = wait_for_result(keeper, mask)
    except Failure as failure:
        print_error(os.fsencode(failure.message))
        os._exit(failure.status)
    if "environment" in result:
        directories = [os.fsencode(str(directory)) for directory in result["path"]]
        os.environb[b"PATH"] = b":".join([*directories, os.environb.get(b"PATH", DEFAULT_PATH)])
        os.environb[b"VIRTUAL_ENV"] = os.fsencode(str(result["environment"]))
    argv = [os.fsencode(argument) for argument in command(result)]
    if options.use_exec:
        exec_command(argv, mask)
    else:
        # In addition to the janitor's leases: if the janitor is killed, the command keeps its files.
        leases = [lease_shared(path) for path in result["leased"]]
        supervise(argv, mask, keeper)
        del leases


def roots(options: Options) -> tuple[Root, Root]:
    """Return the cache and the root of temporary environments."""
    cache = cache_root(options.cache)
    cache.check_owner()
    return cache, temporary_root(cache)


def schedule_cleanup(context: "JobContext", places: dict[str, Root]) -> None:
    """Let the janitor remove leftovers of killed launchers once the command has started, so as not to delay it."""

    def cleanup(stop: "Callable[[], bool]") -> None:
        for root in places.values():
            try:
                remove_leftovers(root, stop)
            except Failure:  # the file system has no exclusive leases. `cache prune` reports that; a run continues
                pass

    context.cleanup = cleanup


def project_environment(site_packages: str) -> str | None:
    """Return the .venv of the working directory if it is for the same version of Python."""
    path = os.path.abspath(".venv")
    return path if os.path.isfile(path + "/pyvenv.cfg") and os.path.isdir(f"{path}/{site_packages}") else None


def distribution_name(requirement: str) -> str:
    """Return the name in a requirement: `name`, `name==1.0`, `name[extra]>2`, `name @ URL`, a wheel's path."""
    name = os.path.basename(requirement).partition("-")[0] if environment.is_path(requirement) else requirement
    for index, letter in enumerate(name):
        if not (letter.isalnum() or letter in "._-"):
            return name[:index]
    return name


def find_program(path: str, name: str) -> str:
    """Return the path of the program `name` in the environment `path`. Names compare as those of distributions."""
    names = [entry for entry in os.listdir(path + "/bin") if not entry.startswith("python")]
    for entry in sorted(names):
        if entry == name or normalized_name(entry) == normalized_name(name):
            return f"{path}/bin/{entry}"
    found = f"it has: {', '.join(sorted(names))}" if names else "it has none"
    raise Failure(
        f"there is no program '{name}' in this distribution; {found}. Name one: tool run --from REQ PROGRAM", 127
    )


def normalized_name(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
