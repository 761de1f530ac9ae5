"""Which parents there are, and what each needs."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from proctor.harness.runner.parents.parent import Parent

PIP = "pip install 'launch-proctor[world]'"


class KnownParent(NamedTuple):
    """where: its class, as MODULE:CLASS. modules, programs: what has to be installed; how: the line that does it."""

    where: str
    modules: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    how: str = PIP

    def load(self) -> type[Parent]:
        """Return its class."""
        module, _, name = self.where.partition(":")
        found: type[Parent] = getattr(importlib.import_module(f"proctor.harness.runner.parents.{module}"), name)
        return found

    def missing(self) -> str:
        """Return what is not installed, with the line that installs it; "" if nothing is missing."""
        modules = [name for name in self.modules if importlib.util.find_spec(name) is None]
        programs = [name for name in self.programs if find_program(name) is None]
        return f"{', '.join([*modules, *programs])}; {self.how}" if modules or programs else ""


def find_program(name: str) -> str | None:
    """Return the path of a program, None where there is none. Those for root may not be on a user's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/sbin")


PARENTS: dict[str, KnownParent] = {
    "supervisord": KnownParent("supervisord:Supervisord", ("supervisor",)),
    "watchfiles": KnownParent("watchfiles:Watchfiles", ("watchfiles",)),
    "sshd": KnownParent("sshd:Sshd", ("fabric",), ("sshd", "ssh-keygen"), f"{PIP}; apt-get install openssh-server"),
}
