"""Further invocations of the launcher, concurrent with that of the execution: a prune, a second run."""

from __future__ import annotations

import os
from collections.abc import Callable

from proctor.harness import history
from proctor.harness.errors import HarnessError
from proctor.harness.runner.play.registry import ProcessRegistry
from proctor.harness.runner.recorder import KEPT_OUTPUT, Recorder
from proctor.harness.runner.start import project, spawn, stage_report
from proctor.harness.runner.start.spawn import Place
from proctor.harness.scenario import Scenario, Stage
from proctor.harness.target import Invocation, Target

LAST_PID = "/proc/sys/kernel/ns_last_pid"
STRANGER = "stranger"
MOST_CALLS = 9


class ConcurrentInvocations:
    """Starts further invocations. Each leads a session without a terminal; their witnesses are named after them."""

    def __init__(
        self,
        target: Target,
        script: Scenario,
        place: Place,
        recorder: Recorder,
        registry: ProcessRegistry,
    ) -> None:
        self._target, self._script, self._place = target, script, place
        self._recorder, self._registry = recorder, registry
        self._outputs: dict[str, int] = {}
        self._reports: dict[str, int] = {}
        """By name, the pipe on which stage.c writes why it could not execute the program."""

    def start(self, invoke: Invocation, name: str) -> None:
        """Invoke the launcher once more."""
        script = self._script
        self._spawn(name, lambda socket: spawn.command_line(self._target, script, self._place, socket, invoke))

    def enter(self, name: str) -> None:
        """Start the tool of the project's environment."""
        tool = os.fsencode(project.tool_of(project.environment_of(self._target, self._place)))
        self._spawn(name, lambda socket: [tool, os.fsencode(socket)])

    def _spawn(self, name: str, line: Callable[[str], list[bytes]]) -> None:
        socket = f"{self._place.socket}{len(self._outputs)}"
        if name in self._outputs or len(self._outputs) > MOST_CALLS:
            raise HarnessError(f"the scenario starts {name!r} twice, or more than {MOST_CALLS} invocations")
        self._registry.witnesses.listen(socket, f"{name}-")
        argv = line(socket)
        self._outputs[name] = output = os.memfd_create(name)
        null = os.open(os.devnull, os.O_RDWR)
        report, theirs = os.pipe()
        try:
            stage = Stage(environment=self._script.stage.environment)
            words = spawn.stage_words(stage, self._place)
            env = spawn.environment(self._target, stage, self._place)
            pid = spawn.spawn(argv, words, env, {0: null, 1: output, 2: output, spawn.REPORT_FD: theirs})
        finally:
            os.close(null)
            os.close(theirs)
        self._reports[name] = report
        self._recorder.add("runner", history.Started(name, pid, tuple(argv)))
        self._registry.enter_invocation(name, pid)

    def reuse(self, process: str) -> bool:
        """Start a process that has the pid which another had; return whether that could be done: it takes a PID
        namespace of our own. It stays until the end of the execution. proc_sys_kernel(5)."""
        wanted = self._registry.pids[process]
        try:
            with open(LAST_PID, "w", encoding="ascii") as file:
                file.write(str(wanted - 1))
        except OSError:
            return False
        null = os.open(os.devnull, os.O_RDWR)
        socket = f"{self._place.socket}-{STRANGER}"
        self._registry.witnesses.listen(socket, f"{STRANGER}-")
        try:
            actions = [(os.POSIX_SPAWN_DUP2, null, fd) for fd in (0, 1, 2)]
            sleeper = [str(spawn.WITNESS), socket]
            pid = os.posix_spawn(spawn.WITNESS, sleeper, {b"PATH": b"/bin"}, file_actions=actions)
        finally:
            os.close(null)
        self._recorder.add("runner", history.Started(STRANGER, pid))
        return pid == wanted

    def close(self) -> None:
        """Record which could not be started, and what they have printed; close what is open."""
        for name, report in self._reports.items():
            if error := stage_report.error_in(report):
                self._recorder.add("runner", history.CallNotStarted(name, *error))
            os.close(report)
        self._reports.clear()
        for name, output in self._outputs.items():
            data = os.pread(output, KEPT_OUTPUT, 0)
            if data:
                self._recorder.add(name, history.Printed(name, data))
            os.close(output)
        self._outputs.clear()
