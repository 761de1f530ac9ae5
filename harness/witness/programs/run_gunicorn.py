"""gunicorn with one worker, on a unix socket. This module is its configuration and its application, too.

Milestones: "worker", when a worker has started; "reloaded", when the configuration was read again; "worker-ended", when
a worker was reaped; "stopped", when the end was graceful.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable

import reporting
from gunicorn.app.wsgiapp import WSGIApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

bind = ""
workers = 1
control_socket_disable = True
timeout = 0  # no limit for a worker, which on a busy machine may be late with its sign of life


def main(directory: str, words: list[str]) -> None:
    """Run gunicorn."""
    global bind
    bind = f"unix:{directory}/gunicorn"
    sys.argv = ["gunicorn", "--config", f"python:{__name__}", *words, f"{__name__}:application"]
    os.environ.pop("GUNICORN_CMD_ARGS", None)  # the settings of another one
    WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]").run()


def application(environ: dict[str, object], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer a request."""
    start_response("200 OK", [])
    return [b""]


def when_ready(server: Arbiter) -> None:
    """Gunicorn's hook: the master has set its handlers."""
    reporting.watch(signal.SIGHUP, signal.SIGTERM)


def post_worker_init(worker: Worker) -> None:
    """Gunicorn's hook, in a worker: it has loaded the application."""
    reporting.reached("worker")


def on_reload(server: Arbiter) -> None:
    """Gunicorn's hook: the configuration was read again."""
    reporting.reached("reloaded")


def child_exit(server: Arbiter, worker: Worker) -> None:
    """Gunicorn's hook: a worker was reaped."""
    reporting.reached("worker-ended")


def on_exit(server: Arbiter) -> None:
    """Gunicorn's hook: the master is about to end, after its workers."""
    reporting.reached("stopped")
