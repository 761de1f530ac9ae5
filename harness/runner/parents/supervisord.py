"""supervisord as the launcher's parent; http://supervisord.org/configuration.html, http://supervisord.org/api.html."""

from __future__ import annotations

import signal
import sys
import xmlrpc.client
from collections.abc import Callable
from typing import Any

from proctor.harness.runner.parents.parent import Parent

NAME = "service"
CONFIGURATION = """\
[supervisord]
nodaemon=true
logfile={folder}/supervisord.log
pidfile={folder}/supervisord.pid
childlogdir={folder}
minfds=64
minprocs=20

[unix_http_server]
file={folder}/c

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface

[program:{name}]
command={command}
autorestart=true
startsecs=0
stopsignal={stopsignal}
stopwaitsecs={stopwaitsecs}
stopasgroup={stopasgroup}
killasgroup={killasgroup}
stdout_logfile={folder}/stdout
stderr_logfile={folder}/stderr
"""
USUAL = {"stopsignal": "TERM", "stopwaitsecs": "4", "stopasgroup": "false", "killasgroup": "false"}
ALREADY_STARTED, NOT_RUNNING = 60, 70
"""Faults that are answers: the service is in the state that was asked for. supervisor.xmlrpc.Faults."""


class Supervisord(Parent):
    """One service below supervisord, which is spoken to on its unix socket. It starts the service itself."""

    def start(self) -> None:
        """Start supervisord. That the service's command runs shows that it serves its socket too."""
        if "\n" in self.job.line:
            raise ValueError("a line break in the launcher's command line would be a new setting of supervisord")
        folder = str(self.job.folder).replace("%", "%%")
        path = self.job.folder / "supervisord.conf"
        values = USUAL | self.job.options | {"command": self.job.line.replace("%", "%%"), "name": NAME}
        path.write_text(CONFIGURATION.format(folder=folder, **values))
        self.run([sys.executable, "-I", "-m", "supervisor.supervisord", "-c", str(path)], start_new_session=True)

    @property
    def verbs(self) -> dict[str, Callable[[], str]]:
        """stop, start, restart: as supervisorctl does. reload: SIGHUP to the service. rehash: SIGHUP to supervisord,
        which restarts all. steady: return when a service that has ended has been started anew."""
        return {
            "stop": lambda: self._want("stopProcess", NAME, True),
            "start": lambda: self._want("startProcess", NAME, True),
            "restart": self._restart,
            "reload": lambda: self._want("signalProcess", NAME, "HUP"),
            "rehash": self._rehash,
            "steady": self._steady,
        }

    def _restart(self) -> str:
        self._want("stopProcess", NAME, True)
        return self._want("startProcess", NAME, True)

    def _rehash(self) -> str:
        self.started[0].send_signal(signal.SIGHUP)
        return ""

    def _steady(self) -> str:
        """The first two questions make sure that supervisord has reaped what had ended by now: it does so after each
        round of requests."""
        for _ in range(2):
            self._ask("getState")
        return self._want("startProcess", NAME, True)

    def _want(self, method: str, *arguments: object) -> str:
        try:
            self._ask(method, *arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode not in (ALREADY_STARTED, NOT_RUNNING):
                raise
        return str(self._ask("getProcessInfo", NAME)["statename"])

    def _ask(self, method: str, *arguments: object) -> Any:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self.job.folder}/c")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)
