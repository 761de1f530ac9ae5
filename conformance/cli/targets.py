"""`proctor targets`: lists, shows and installs the launchers that Proctor describes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

import click
import msgspec

from proctor.conformance.cli.common import (
    ShowsByDefault,
    complete_targets,
    json_option,
    print_json,
    print_table,
    run_reporting_errors,
    wants_json,
)
from proctor.conformance.judging.deviations import check_deviations
from proctor.conformance.judging.probe import version_of
from proctor.conformance.versions.installing import install_target, package_of
from proctor.conformance.versions.packages import cache_directory, named_in
from proctor.harness.descriptions import NotInstalled, described_in, known_targets, load, load_toml
from proctor.harness.errors import UsageError, nearest
from proctor.harness.target import Target
from proctor.harness.words import harmless

TO_COPY = ("file", "install", "command", "version", "sync", "prune")
WIDTH = 100
MISSING = 1


class DescribedLauncher(NamedTuple):
    """A launcher that has a description. described: as in its file; target: with the paths of its programs on this
    system, or the same as described if one is missing. version: "" if it was not asked. trouble: why it cannot be
    started here, "" if it can; is_missing: whether it is only not installed, so that the line about `install` says what
    to do."""

    described: Target
    target: Target
    file: str
    version: str = ""
    trouble: str = ""
    is_missing: bool = False

    @property
    def is_installed(self) -> bool:
        """Whether it can be started on this system."""
        return not self.trouble

    def for_programs(self) -> dict[str, object]:
        """Return what --json prints."""
        return {
            "is_installed": self.is_installed, "version": self.version, "trouble": self.trouble, "file": self.file,
            "target": msgspec.to_builtins(self.target),
        }  # fmt: skip


@click.group(cls=ShowsByDefault, invoke_without_command=True)
@json_option
@click.pass_context
def targets(ctx: click.Context, as_json: bool) -> None:  # noqa: ARG001  (wants_json() reads it)
    """List the launchers that Proctor describes, show one, or install it.

    \b
        proctor targets
        proctor targets show tini            # short: proctor targets tini
        proctor targets install uv-run
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_all)


@targets.command("list", short_help="List the launchers.")
@json_option
def list_all(as_json: bool) -> None:
    """List the launchers that Proctor describes, and whether they are installed.

    \b
        proctor targets list --json | jq -r '.[] | select(.is_installed) | .target.name'
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    as_data = wants_json(as_json)

    def run() -> int:
        launchers = {name: _launcher_of(path) for name, path in known_targets().items()}
        if as_data:
            print_json([{"name": name, **launcher.for_programs()} for name, launcher in launchers.items()])
            return 0
        rows = []
        for name, launcher in launchers.items():
            how = f"install it with: {launcher.target.install}" if launcher.target.install else "no"
            rows.append((name, "yes" if launcher.is_installed else how, launcher.version, launcher.target.description))
        print_table(("name", "installed", "version", "description"), rows)
        return 0

    run_reporting_errors(run)


@targets.command(short_help="Print the description of a launcher.")
@click.argument("name", metavar="NAME", shell_complete=complete_targets)
@json_option
def show(name: str, as_json: bool) -> None:
    """Print the description of a launcher: command, profiles, declared deviations.

    NAME is a name that `proctor targets` lists, a TOML file, an executable or a command line. Exit status: 0 if the
    launcher is installed, 1 if it is not, 2 for a usage error. Only of launchers that come with Proctor the version is
    asked: nothing is run that a file of yours names.

    \b
        proctor targets show nohup
        proctor targets show ./my-launcher.toml      # check your own description
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)
    as_data = wants_json(as_json)

    def run() -> int:
        launcher = _find(name)
        if as_data:
            print_json(launcher.for_programs())
        else:
            click.echo(harmless("\n".join(_description(launcher))))
        return 0 if launcher.is_installed else MISSING

    run_reporting_errors(run)


@targets.command(short_help="Install a launcher with pip or npm.")
@click.argument("name", metavar="NAME", shell_complete=complete_targets)
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), metavar="DIRECTORY",
              help="Where to install it.  [default: ~/.cache/proctor/packages]")  # fmt: skip
def install(name: str, into: Path | None) -> None:
    """Install a launcher with pip or npm, in an environment of its own.

    Packages of the operating system are not installed: the command that installs them is printed, and the exit status
    is 1.

    \b
        proctor targets install uv-run
        proctor targets install pdm-run --into /opt/launchers
    """  # noqa: D301  (to click \b is a backspace: what follows is not filled)

    def run() -> int:
        launcher = _find(name)
        if named_in(launcher.described.install):
            return _install(name, launcher.described, (into or cache_directory()).absolute())
        if launcher.is_installed:
            click.echo(harmless(f"{name} is already installed: {launcher.target.command[0]}"))
            return 0
        if not launcher.described.install:
            raise UsageError(f"{name}: {launcher.trouble}, and its description has no 'install'; install it by hand")
        click.echo(
            "proctor: this is a package of the operating system; install it with this command, perhaps as root:",
            err=True,
        )
        click.echo(harmless(launcher.described.install))
        return MISSING

    run_reporting_errors(run, lambda: "the installation is incomplete and is not used; run the command again")


def _install(name: str, described: Target, directory: Path) -> int:
    package = package_of(described)
    click.echo(f"installing {package.name} {package.version} of {package.source} in {directory}", err=True)
    done = install_target(described, directory)
    click.echo(f"{done.package} {done.version} is installed: {', '.join(done.programs)} in {done.directory}")
    click.echo(f"use it: PATH={shlex.quote(str(done.directory))}:$PATH proctor check {shlex.quote(name)}")
    return 0


def _find(name: str) -> DescribedLauncher:
    """Return the launcher of a name, a TOML file or a command line; UsageError if there is none."""
    if name in known_targets():
        return _launcher_of(known_targets()[name])
    if name.endswith(".toml"):
        return _launcher_of(Path(name))
    try:
        loaded = check_deviations(load(name), name)
    except UsageError as trouble:
        if "/" in name or " " in name:
            raise
        close = nearest(name, known_targets())
        raise UsageError(f"there is no target '{name}'{close}; `proctor targets` lists them") from trouble
    return DescribedLauncher(loaded, loaded, "")


def _launcher_of(path: Path) -> DescribedLauncher:
    """Return the launcher of a description file; UsageError if the file is not a description."""
    found: Target | None = None
    trouble: UsageError | None = None
    try:
        found = check_deviations(load_toml(path), str(path))
    except UsageError as error:
        trouble = error
    try:
        described = described_in(path, str(path))
    except UsageError as error:
        raise trouble or error from None
    if found:
        # another description may be a stranger's, and to show it is not to agree to run what it names
        is_ours = path in known_targets().values()
        return DescribedLauncher(described, found, str(path), version_of(found) if is_ours else "")
    checked = check_deviations(described, str(path))
    return DescribedLauncher(checked, described, str(path), "", str(trouble), isinstance(trouble, NotInstalled))


def _description(launcher: DescribedLauncher) -> list[str]:
    """Return a description in full, as lines. Empty fields are left out."""
    target = launcher.target
    rows = [
        ("file", launcher.file),
        ("installed", _installed(launcher)),
        ("install", target.install),
        ("profiles", ", ".join(target.profiles)),
        ("command", _command_line(target.command, "" if target.starts_several else "COMMAND ARGS...")),
        ("group", ", ".join(f"{key}={value}" for key, value in msgspec.to_builtins(target.group).items())),
        ("bundle", _command_line(target.bundle)),
        ("version", _command_line(target.version)),
        ("sync", _command_line(target.sync)),
        ("prune", _command_line(target.prune)),
        ("environment", ", ".join(f"{key}={value}" for key, value in target.environment.items())),
        ("adds", ", ".join(target.adds)),
        ("changes", ", ".join(target.changes)),
        ("files", ", ".join(target.files)),
        ("own", ", ".join(target.own)),
        ("keeps", ", ".join(target.keeps)),
        ("slow", "yes; the suite tests a sample of values" if target.slow else ""),
        ("witness", "linked dynamically" if target.witness == "dynamic" else ""),
    ]
    lines = [f"{target.name}: {target.description}" if target.description else target.name]
    lines += [_wrapped(title, text) for title, text in rows if text]
    if target.deviations:
        lines.append("  declared deviations:")
    reasons = list(dict.fromkeys(target.deviations.values()))
    for reason in reasons:
        names = ", ".join(name for name, other in target.deviations.items() if other == reason)
        lines.append(click.wrap_text(f"{names}: {reason}", WIDTH, " " * 4, " " * 6))
    return lines


def _installed(launcher: DescribedLauncher) -> str:
    if launcher.is_installed:
        return f"yes, {launcher.version}" if launcher.version else "yes"
    return "no" if launcher.target.install and launcher.is_missing else f"no: {launcher.trouble}"


def _command_line(words: tuple[str, ...], more: str = "") -> str:
    """Return a command line as text, with placeholders for the command; "" if there is none."""
    if not words:
        return ""
    whole = list(words)
    if "{command}" in whole:
        whole[whole.index("{command}")] = "COMMAND"
        more = "ARGS..." if more else ""
    return " ".join([*whole, more]).rstrip()


def _wrapped(title: str, text: str) -> str:
    """Return a row as text. Values that the user may copy stay on one line."""
    row = f"{title + ':':13} {text}"
    return f"  {row}" if title in TO_COPY else click.wrap_text(row, WIDTH, "  ", " " * 16)
