"""Starts the launcher on its stage, and finds it there."""

from __future__ import annotations

import os

from proctor.harness import history, settings
from proctor.harness.awaited import LauncherStarted, LauncherTraceable
from proctor.harness.runner import processes
from proctor.harness.runner.observe.pipes import Pipes
from proctor.harness.runner.observe.streams import describe
from proctor.harness.runner.observe.terminal import Terminal
from proctor.harness.runner.play.expectations import Expectations, ScriptAborted
from proctor.harness.runner.play.real_parent import ROLE, RealParent, launcher_above
from proctor.harness.runner.play.registry import ProcessRegistry, is_launcher
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.start import spawn
from proctor.harness.runner.start.stage_report import StageReport
from proctor.harness.runner.trace.director import Director
from proctor.harness.runner.trace.flags_watch import FlagsWatch
from proctor.harness.runner.trace.seccomp import program
from proctor.harness.scenario import Scenario
from proctor.harness.target import Target

START_WITHIN = settings.seconds(settings.START_WITHIN)
"""Seconds a launcher may take to start its command: npx on a loaded machine takes some."""


class LauncherStart:
    """Starts one launcher, once. Its parent on the stage is the runner, stage.c ("leader") or a shell."""

    def __init__(
        self,
        sources: Sources,
        recorder: Recorder,
        registry: ProcessRegistry,
        streams: Terminal | Pipes,
        expectations: Expectations,
        director: Director | None,
        script: Scenario,
        place: spawn.Place,
        flags: FlagsWatch | None = None,
        programs_alone: bool = False,
        parent: RealParent | None = None,
    ) -> None:
        """flags: what watches the flags of the descriptors that the launcher is given; None for nothing.
        programs_alone: it is traced only to note its programs, so no filter is needed, and it may go on untraced.
        parent: the real program that starts the launcher."""
        self._recorder, self._registry, self._streams = recorder, registry, streams
        self._expectations, self._director = expectations, director
        self._stage, self._place, self._flags = script.stage, place, flags
        self._report = StageReport(sources, self._started, registry.changed, registry.lost_status)
        self._traces_for_programs_alone = programs_alone
        self._argv: tuple[bytes, ...] = ()
        self._stdio: tuple[history.Descriptor, ...] = ()
        self._parent = parent
        self._gate = -1
        """While stage.c waits to be traced: the end of a pipe on which it is told to go on."""

    def start(self, target: Target, argv: list[bytes]) -> None:
        """Start this command line; ScriptAborted where it is not started. Under a shell only the shell is started."""
        stage = self._stage
        shell = spawn.find_shell(stage.parent) if stage.parent in spawn.SHELLS else None
        whole = [os.fsencode(word) for word in shell] if shell else argv
        if self._parent:
            whole = self._parent.command_line(argv)
        self._argv = tuple(argv)
        pid = self._spawn(whole, spawn.environment(target, stage, self._place))
        self._report.spawned()
        self._streams.forget_launcher_end()
        role = "shell" if shell else "leader" if stage.parent in ("job", "init") else "launcher"
        role = ROLE if self._parent else role
        self._enter(role, pid)
        if self._director:
            self._seize(self._director)
        self._expectations.fact(LauncherStarted(), self._report.done_with_start, START_WITHIN, START_WITHIN)
        if self._report.error:
            self._recorder.add("runner", history.NotStarted(*self._report.error))
            raise ScriptAborted

    def _spawn(self, argv: list[bytes], env: dict[bytes, bytes]) -> int:
        """Start stage.c; return its pid."""
        stdio = self._streams.launcher_end()
        self._stdio = tuple(describe(fd, number) for number, fd in enumerate(stdio))
        descriptors = {**dict(enumerate(stdio)), spawn.REPORT_FD: self._report.theirs}
        words = spawn.stage_words(self._stage, self._place)
        if self._flags:
            self._flags.keep(stdio)
        if not self._director:
            return spawn.spawn(argv, words, env, descriptors)
        gate, self._gate = os.pipe()
        try:
            words.append(f"gate={spawn.GATE_FD}")
            if not self._traces_for_programs_alone:
                director = self._director
                code = program(self._flags is not None, director.stops_where_calls_fail, director.is_in_order)
                words.append(f"filter={code.hex()}")
            return spawn.spawn(argv, words, env, {**descriptors, spawn.GATE_FD: gate})
        finally:
            os.close(gate)

    def _seize(self, director: Director) -> None:
        """Trace stage.c, which waits for that, and let it execute the launcher."""
        report = self._report

        def is_ready() -> bool:
            return report.error is not None or (report.is_ready and "launcher" in self._registry.pids)

        self._expectations.fact(LauncherTraceable(), is_ready, START_WITHIN, START_WITHIN)
        if report.error is None:
            try:
                director.seize(self._registry.pids["launcher"])
            except OSError as error:
                if not self._traces_for_programs_alone:
                    self._recorder.add("runner", history.Unobserved("ptrace-refused", detail=str(error)))
                    raise ScriptAborted from None
            os.write(self._gate, b"!")
        self._close_gate()

    def _enter(self, role: str, pid: int) -> None:
        if role == "launcher":
            self._started(pid)
        else:
            self._recorder.add("runner", history.Started(role, pid))
            self._registry.enter(role, pid)

    def _started(self, pid: int, pgid: int = 0, role: str = "launcher") -> None:
        stdio = () if self._parent else self._stdio
        self._recorder.add("runner", history.Started(role, pid, self._argv, stdio))
        self._registry.enter_launcher(pid, pgid or pid, role)  # a group of its own, by session=1 or job=1

    def find(self, command: str = "command") -> None:
        """Enter the launcher that a shell or a real parent has started, of this command: their child that is the
        command, or an ancestor of it. That of command-2 is launcher-2."""
        if not command.startswith("command"):
            return  # a process that the command has started
        table = processes.table()
        own = self._registry.of_parent(table) or {self._registry.pids["shell"]}
        found = launcher_above(self._registry.pids[command], own, table)
        if found is None:
            self._recorder.add("runner", history.Unobserved("launcher-not-found"))
        elif found.pid not in (pid for role, pid in self._registry.pids.items() if is_launcher(role)):
            self._started(found.pid, found.pgid, command.replace("command", "launcher"))

    def close(self) -> None:
        """Close what is open."""
        self._report.close()
        self._close_gate()

    def _close_gate(self) -> None:
        if self._gate >= 0:
            os.close(self._gate)
        self._gate = -1
