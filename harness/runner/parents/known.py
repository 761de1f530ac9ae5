"""Which parents there are, and what each needs."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from proctor.harness.runner.parents.parent import Parent


class KnownParent(NamedTuple):
    """where: its class, as MODULE:CLASS. modules, programs: what has to be installed; package: the Debian package of
    the programs. The modules are in the extra "world"."""

    where: str
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    package: str = ""

    def load(self) -> type[Parent]:
        """Return its class."""
        module, _, name = self.where.partition(":")
        found: type[Parent] = getattr(importlib.import_module(f"proctor.harness.runner.parents.{module}"), name)
        return found

    def missing(self) -> str:
        """Return the names of what is not installed, with the Debian package of a program; "" if nothing is missing."""
        modules = [name for name in self.modules if importlib.util.find_spec(name) is None]
        programs = [f"{name} (Debian: {self.package})" for name in self.programs if find_program(name) is None]
        return ", ".join([*programs, *modules])


def find_program(name: str) -> str | None:
    """Return the path of a program, None where there is none. Those for root may not be on a user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


PARENTS: dict[str, KnownParent] = {
    "supervisord": KnownParent("supervisord:Supervisord", ("supervisor",)),
    "jupyter": KnownParent("jupyter:Jupyter", ("jupyter_client",)),
    "mcp-host": KnownParent("mcp_host:McpHost", ("mcp",)),
    "watchfiles": KnownParent("watchfiles:Watchfiles", ("watchfiles",)),
    "sshd": KnownParent("sshd:Sshd", ("fabric",), ("sshd", "ssh-keygen"), "openssh-server"),
}
