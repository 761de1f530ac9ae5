"""`proctor targets`: the launchers that are described, and how to get them."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from proctor.conformance.cli.common import (
    ShowsByDefault,
    as_json,
    complete_targets,
    print_json,
    print_table,
    run_reporting_errors,
    wants_json,
)
from proctor.conformance.judging.probe import check_deviations, version_of
from proctor.conformance.versions.installing import install_target, package_of
from proctor.conformance.versions.packages import cache_directory, named_in
from proctor.harness.errors import UsageError, nearest
from proctor.harness.strict import convert
from proctor.harness.target import NotInstalled, Target, known_targets, load, load_toml
from proctor.harness.words import harmless

TO_COPY = ("file", "install", "command", "sync", "prune")
WIDTH = 100
MISSING = 1


class Known(NamedTuple):
    """A described launcher. described: as its description says it; target: with its programs where they are here, the
    same as described where one is missing. trouble: why it cannot be started here, "" where it can; is_missing: whether
    that is all that is wrong, so that the line about `install` says what to do."""

    described: Target
    target: Target
    file: str
    version: str = ""
    trouble: str = ""
    is_missing: bool = False

    @property
    def is_installed(self) -> bool:
        """Whether it can be started here."""
        return not self.trouble

    def told(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "is_installed": self.is_installed, "version": self.version, "trouble": self.trouble, "file": self.file,
            "target": msgspec.to_builtins(self.target),
        }  # fmt: skip


@click.group(cls=ShowsByDefault, invoke_without_command=True)
@as_json
@click.pass_context
def targets(ctx: click.Context, as_json: bool) -> None:  # noqa: ARG001  (wants_json looks at it)
    """List the launchers that are described, show what one claims, or install it.

    \b
        proctor targets
        proctor targets show tini            # or in short: proctor targets tini
        proctor targets install uv-run
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@targets.command("list")
@as_json
def list_all(as_json: bool) -> None:
    """List the launchers that are described, and which of them are installed here.

    \b
        proctor targets list --json | jq -r '.[] | select(.is_installed) | .target.name'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    as_data = wants_json(as_json)

    def run() -> int:
        known = {name: _look(path) for name, path in known_targets().items()}
        if as_data:
            print_json([{"name": name, **one.told()} for name, one in known.items()])
            return 0
        rows = []
        for name, one in known.items():
            how = f"install it with: {one.target.install}" if one.target.install else "no"
            rows.append((name, "yes" if one.is_installed else how, one.version, one.target.description))
        print_table(("name", "installed", "version", "description"), rows)
        return 0

    run_reporting_errors(run)


@targets.command()
@click.argument("name", metavar="NAME", shell_complete=complete_targets)
@as_json
def show(name: str, as_json: bool) -> None:
    """Print what a launcher is called with, what it claims, and from what it deviates with which reason.

    NAME is one that `proctor targets` lists, the path of a TOML, an executable or a command line. Exits 0 when the
    launcher is installed, 1 when it is not.

    \b
        proctor targets show nohup
        proctor targets show ./my-launcher.toml      # does it say what you mean?
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    as_data = wants_json(as_json)

    def run() -> int:
        one = _find(name)
        if as_data:
            print_json(one.told())
        else:
            click.echo(harmless("\n".join(_in_full(one))))
        return 0 if one.is_installed else MISSING

    run_reporting_errors(run)


@targets.command()
@click.argument("name", metavar="NAME", shell_complete=complete_targets)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), metavar="DIRECTORY",
              help="Where it is installed and kept.  [default: below the user's cache]")  # fmt: skip
def install(name: str, into: Path | None) -> None:
    """Install the launcher that NAME describes, a package of pip or npm, in an environment of its own.

    What has to come from the system's packages is not installed: the command is printed, and the exit status is 1.

    \b
        proctor targets install uv-run
        proctor targets install pdm-run --into /opt/launchers
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        one = _find(name)
        if named_in(one.described.install):
            return _install(name, one.described, (into or cache_directory()).absolute())
        if one.is_installed:
            click.echo(harmless(f"{name} is here already: {one.target.command[0]}"))
            return 0
        if not one.described.install:
            raise UsageError(f"{name}: its description has no 'install', and {one.trouble}")
        click.echo("proctor installs packages of pip and npm only; run this, perhaps as root:", err=True)
        click.echo(harmless(one.described.install))
        return MISSING

    run_reporting_errors(run, lambda: "nothing that is not whole is used; the next time it is installed anew")


def _install(name: str, described: Target, directory: Path) -> int:
    package = package_of(described)
    click.echo(f"installing {package.name} {package.version} of {package.source} in {directory}", err=True)
    done = install_target(described, directory)
    click.echo(f"{done.package} {done.version} is installed: {', '.join(done.programs)} in {done.directory}")
    click.echo(f"use it: PATH={shlex.quote(str(done.directory))}:$PATH proctor check {shlex.quote(name)}")
    return 0


def _find(name: str) -> Known:
    """Return what is known of a target by its name or its TOML; WrongCall where there is none."""
    if name in known_targets():
        return _look(known_targets()[name])
    if name.endswith(".toml"):
        return _look(Path(name))
    try:
        loaded = check_deviations(load(name), name)
    except UsageError as trouble:
        if "/" in name or " " in name:
            raise
        close = nearest(name, known_targets())
        raise UsageError(f"there is no target '{name}'{close}; `proctor targets` lists them") from trouble
    return Known(loaded, loaded, "", version_of(loaded))


def _look(path: Path) -> Known:
    """Return what a description says, and what is found of it here; WrongCall where it is none."""
    found: Target | None = None
    trouble: UsageError | None = None
    try:
        found = check_deviations(load_toml(path), str(path))
    except UsageError as error:
        trouble = error
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        described = convert({"name": path.stem, **data}, Target, str(path))
    except (OSError, ValueError, UsageError) as error:
        raise trouble or error from None
    if found:
        return Known(described, found, str(path), version_of(found))
    checked = check_deviations(described, str(path))
    return Known(checked, described, str(path), "", str(trouble), isinstance(trouble, NotInstalled))


def _in_full(one: Known) -> list[str]:
    """Return the lines that tell all of a target that it does not leave out."""
    target = one.target
    rows = [
        ("file", one.file),
        ("installed", _how_it_is_here(one)),
        ("install", target.install),
        ("claims", ", ".join(target.profiles)),
        ("command", _line(target.command, "COMMAND ARGS...")),
        ("sync", _line(target.sync)),
        ("prune", _line(target.prune)),
        ("environment", ", ".join(f"{key}={value}" for key, value in target.environment.items())),
        ("adds", ", ".join(target.adds)),
        ("changes", ", ".join(target.changes)),
        ("files", ", ".join(target.files)),
        ("its own", ", ".join(target.own)),
        ("keeps", ", ".join(target.keeps)),
        ("slow", "yes, so the suite takes samples" if target.slow else ""),
    ]
    lines = [f"{target.name}: {target.description}" if target.description else target.name]
    lines += [_wrapped(title, text) for title, text in rows if text]
    if target.deviations:
        lines.append("  deviates on purpose from")
    reasons = list(dict.fromkeys(target.deviations.values()))
    for reason in reasons:
        names = ", ".join(name for name, other in target.deviations.items() if other == reason)
        lines.append(click.wrap_text(f"{names}: {reason}", WIDTH, " " * 4, " " * 6))
    return lines


def _how_it_is_here(one: Known) -> str:
    if one.is_installed:
        return f"yes, {one.version}" if one.version else "yes"
    return "no" if one.target.install and one.is_missing else f"no: {one.trouble}"


def _line(words: tuple[str, ...], more: str = "") -> str:
    """Return a command line for a person; "" where there is none."""
    if not words:
        return ""
    whole = list(words)
    if "{command}" in whole:
        whole[whole.index("{command}")] = "COMMAND"
        more = "ARGS..." if more else ""
    return " ".join([*whole, more]).rstrip()


def _wrapped(title: str, text: str) -> str:
    """Return a row; what is there to be copied stays in one line."""
    row = f"{title + ':':13} {text}"
    return f"  {row}" if title in TO_COPY else click.wrap_text(row, WIDTH, "  ", " " * 16)
