"""sshd as the launcher's parent, and Fabric as the client: a connection to this machine that ends.

It has keys and a port of its own, on loopback; sshd(8), sshd_config(5), https://docs.fabfile.org.
"""

from __future__ import annotations

import os
import pwd
import select
import shlex
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from proctor.harness.programs import find_program
from proctor.harness.runner.parents.parent import Parent

CONFIGURATION = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
AllowUsers {user}
PrintMotd no
PrintLastLog no
SetEnv HOME="{home}"
"""
SEPARATION = Path("/run/sshd")
"""The directory that sshd needs as root; sshd(8)."""
NOTICES_WITHIN = 20.0
"""Seconds within which sshd has to notice that the connection has been closed. It has the kernel's word at once."""
LISTENS = b"Server listening on"


class Sshd(Parent):
    """A command that Fabric runs on this machine, with a terminal there."""

    through = ("sshd", "sshd-session", "sshd-auth")
    """sshd has a process for each connection, and one for each session in it."""

    def start(self) -> None:
        """Start sshd, connect to it, and start the launcher there."""
        for name in ("host", "user"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.job.folder / name)]
            subprocess.run(words, check=True, stdin=subprocess.DEVNULL, capture_output=True)
        port = self._listen()
        self._connection = self._connect(port)
        options: dict[str, Any] = {"hide": True, "warn": True, "asynchronous": True, "in_stream": False}
        self._running = self._connection.run(self._line(), pty=self.job.options.get("pty", "true") == "true", **options)

    def _line(self) -> str:
        """Return what the login shell is given, with the whole environment: sshd hands on little of it."""
        values = shlex.join(f"{name}={value}" for name, value in os.environ.items())
        started = f"env -i {values} {self.job.line}"
        there = f"cd {shlex.quote(os.getcwd())}"
        return f"{there}; {started}; :" if self._shell_stays else f"{there}; exec {started}"

    @property
    def shell(self) -> str:
        """The login shell, where it stays."""
        return os.path.basename(pwd.getpwuid(os.geteuid()).pw_shell) if self._shell_stays else ""

    @property
    def _shell_stays(self) -> bool:
        """Whether the login shell stays the launcher's parent. Otherwise it becomes the launcher."""
        return self.job.options.get("shell") == "stays"

    def _listen(self) -> int:
        """Start sshd on a port that is free; return it. sshd has to be called by its whole path."""
        sshd = find_program("sshd") or "sshd"
        with socket.create_server(("127.0.0.1", 0)) as free:
            port: int = free.getsockname()[1]
        path = self.job.folder / "sshd_config"
        user = pwd.getpwuid(os.geteuid()).pw_name
        path.write_text(CONFIGURATION.format(port=port, folder=self.job.folder, user=user, home=os.environ["HOME"]))
        self.run(_with_separation([sshd, "-D", "-e", "-f", str(path)]), start_new_session=True)
        self.until_printed(LISTENS)
        return port

    def _connect(self, port: int) -> Any:
        from fabric import Config, Connection

        how = {"key_filename": str(self.job.folder / "user"), "look_for_keys": False, "allow_agent": False}
        user = pwd.getpwuid(os.geteuid()).pw_name
        config = Config(lazy=True, overrides={"load_ssh_configs": False})
        return Connection("127.0.0.1", user=user, port=port, connect_kwargs=how, config=config)

    @property
    def verbs(self) -> dict[str, Callable[[], str]]:
        """disconnect: close the connection, as when the client ends, and return when sshd has noticed."""
        return {"disconnect": self._disconnect}

    def _disconnect(self) -> str:
        sessions = [os.pidfd_open(process.pid) for process in psutil.Process(self.started[0].pid).children()]
        self._connection.close()
        for session in sessions:
            if not select.select([session], [], [], NOTICES_WITHIN)[0]:
                raise TimeoutError("sshd keeps a session whose client has closed the connection")
            os.close(session)
        return ""


def _with_separation(words: list[str]) -> list[str]:
    """Return the command line that gives sshd the directory that it needs as root. Where there is none it is made for
    sshd and what it starts alone, in a mount namespace: /run is empty there; unshare(1)."""
    if os.geteuid() != 0 or SEPARATION.is_dir():
        return words
    script = f'mount -t tmpfs -o mode=755 tmpfs {SEPARATION.parent} && mkdir {SEPARATION} && exec "$@"'
    return ["unshare", "--mount", "sh", "-c", script, "sh", *words]
