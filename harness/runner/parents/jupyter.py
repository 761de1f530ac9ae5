"""jupyter_client as the launcher's parent: it starts a kernel, interrupts it, restarts it and shuts it down, as the
buttons of a notebook do.

https://jupyter-client.readthedocs.io/en/stable/kernels.html (interrupt_mode "signal", the default)
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from proctor.harness.runner.parents.parent import Parent

READY_WITHIN = 40.0
"""Seconds that a kernel gets to answer."""
CELL = """\
import reporting, signal
def until_told():
    with open({told!r}) as fifo:
        fifo.read()
try:
    reporting.watch(signal.SIGINT)
    reporting.reached("running")
    while True:
        signal.pause()
except KeyboardInterrupt:
    reporting.reached("interrupted")
    while True:
        try:
            until_told()
            break
        except KeyboardInterrupt:
            reporting.reached("interrupted-again")
"""
"""It runs until it is interrupted, and then until it is told to end: so a second interrupt is seen, too."""


class Jupyter(Parent):
    """One kernel."""

    def start(self) -> None:
        """Start the kernel. That it answers is awaited where it is used: a launcher may not start it at all."""
        from jupyter_client.kernelspec import KernelSpecManager
        from jupyter_client.manager import KernelManager

        folder = self.job.folder
        os.environ.update(JUPYTER_RUNTIME_DIR=str(folder), IPYTHONDIR=str(folder / "ipython"))
        self._told = folder / "told"
        os.mkfifo(self._told)
        spec = folder / "kernels" / "proctor"
        spec.mkdir(parents=True)
        argv = [*self.job.argv, "-f", "{connection_file}"]
        (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "proctor", "language": "python"}))
        specs = KernelSpecManager(kernel_dirs=[str(spec.parent)], ensure_native_kernel=False)
        self._manager: Any = KernelManager(kernel_name="proctor", kernel_spec_manager=specs)
        self._manager.start_kernel(cwd=os.getcwd(), env=dict(os.environ))
        self._client: Any = None

    @property
    def verbs(self) -> dict[str, Callable[[], str]]:
        """run: start a cell that goes on until it is interrupted. interrupt: the stop button. finish: end the cell,
        and return its status. restart, restart-now: with and without a request to the kernel. shutdown."""
        return {
            "run": self._run,
            "interrupt": lambda: self._press(self._manager.interrupt_kernel),
            "finish": self._finish,
            "restart": lambda: self._press(self._manager.restart_kernel, now=False),
            "restart-now": lambda: self._press(self._manager.restart_kernel, now=True),
            "shutdown": lambda: self._press(self._manager.shutdown_kernel, now=False),
        }

    def _run(self) -> str:
        self._connect()
        self._cell = self._client.execute(CELL.format(told=str(self._told)))
        return ""

    def _connect(self) -> None:
        """Wait until the kernel answers."""
        if self._client:
            self._client.stop_channels()
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=READY_WITHIN)

    def _finish(self) -> str:
        with self._told.open("w") as fifo:
            fifo.write("\n")
        while True:
            reply = self._client.get_shell_msg(timeout=READY_WITHIN)
            if reply["parent_header"].get("msg_id") == self._cell:
                return str(reply["content"]["status"])

    def _press(self, action: Callable[..., object], **how: bool) -> str:
        """Do what a button does. That it fails is the notebook's message to its user, not our trouble."""
        try:
            action(**how)
        except RuntimeError as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def close(self) -> None:
        """Shut the kernel down, if it is still there."""
        if self._client:
            self._client.stop_channels()
        if self._manager.has_kernel:
            self._manager.shutdown_kernel(now=True)
        self._manager.cleanup_resources()
