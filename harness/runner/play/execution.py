"""Plays one scenario and returns its history."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from proctor.harness import history, scenario
from proctor.harness.awaited import LauncherStarted, LauncherTraceable, ScriptDone
from proctor.harness.history import Event
from proctor.harness.runner import processes
from proctor.harness.runner.observe import quiescence, timers
from proctor.harness.runner.observe.notify_socket import ServiceManager
from proctor.harness.runner.observe.terminal import Pipes, Terminal, describe
from proctor.harness.runner.observe.witnesses import Listeners, Witnesses
from proctor.harness.runner.play.expectations import Expectations, ScriptAborted
from proctor.harness.runner.play.invocations import ConcurrentInvocations
from proctor.harness.runner.play.registry import ProcessRegistry
from proctor.harness.runner.play.steps import Steps
from proctor.harness.runner.play.waiting import CERTAIN_AFTER, Waiter
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.start import containment, spawn
from proctor.harness.runner.start.snapshots import Watched
from proctor.harness.runner.start.stage_report import StageReport
from proctor.harness.runner.trace.director import Director
from proctor.harness.runner.trace.seccomp import program
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

START_WITHIN = float(os.environ.get("PROCTOR_START_WITHIN", "30"))
"""Seconds a launcher may take to start its command: npx on a loaded machine takes some."""
START_PATIENCE = 2.0
"""Seconds of quiescence after which a launcher that has not started its command never will."""
MOST_NAMES = 1000
"""Of the files that are left. A launcher may leave a million."""


def _names_in(directory: Path) -> tuple[str, ...]:
    """Return what is in a directory, safe to be encoded, and not all of it where that is too much to tell."""
    try:
        with os.scandir(os.fsencode(directory)) as entries:
            names = [entry.name.decode("utf-8", "backslashreplace") for entry in itertools.islice(entries, MOST_NAMES)]
    except OSError:
        return ()  # the launcher has removed it, or closed it to us
    return tuple(sorted(names))


class Execution:
    """One launcher, one scenario. `play` may be called once."""

    def __init__(
        self,
        sources: Sources,
        listeners: Listeners,
        target: Target,
        script: scenario.Scenario,
        place: spawn.Place,
        schedule: Schedule | None = None,
        rests: bool = True,
    ) -> None:
        self._target = target
        self._script = script
        self._place = place
        self._sources = sources
        self._recorder = Recorder()
        timers.forget()
        self._witnesses = Witnesses(sources, listeners, self._recorder, place.socket)
        self._cast = ProcessRegistry(sources, self._recorder, self._witnesses)
        stage = script.stage
        self._streams = (
            Terminal(sources, self._recorder, stage.rows, stage.columns)
            if stage.terminal
            else Pipes(sources, self._recorder)
        )
        self._wait = Waiter(sources, self._cast, self._streams, rests)
        self._awaited = Expectations(self._recorder, self._cast, self._wait)
        self._beside = ConcurrentInvocations(target, script, place, self._recorder, self._cast, self._witnesses)
        watched = Watched(target, place) if stage.home != "kept" else None
        self._steps = Steps(
            self._recorder, self._cast, self._witnesses, self._streams, self._wait, self._awaited, self._beside,
            watched, script.within,
        )  # fmt: skip
        self._manager = ServiceManager(sources, self._recorder, place.notify_socket) if stage.notify else None
        if schedule:
            self._cast.director = Director(
                schedule, self._recorder, self._cast.send, self._steps.press_at_point, self._beside.start
            )
        self._report: StageReport | None = None
        self._argv: tuple[bytes, ...] = ()
        self._stdio: tuple[history.Descriptor, ...] = ()
        self._gate = -1

    @property
    def came_to_rest(self) -> bool:
        """Whether everyone always came to rest when that was waited for."""
        return self._wait.came_to_rest

    # -- from start to end

    def play(self) -> tuple[Event, ...]:
        """Play the script, look at what is left, end everything; return what happened."""
        try:
            try:
                self._play()
            except ScriptAborted:
                pass
            self._awaited.step = None
            try:
                for step in self._script.after:
                    self._steps.do(step)
            except ScriptAborted:
                pass
            self._conclude()
        except quiescence.TooMany as error:
            self._contain(error)
        finally:
            self._close()
        return tuple(self._recorder.events)

    def _contain(self, error: quiescence.TooMany) -> None:
        """Step in. What was there is in the history, and that the script did not come to its end."""
        containment.stop_everyone()
        self._recorder.add("runner", history.LimitExceeded(error.what, error.most))
        self._recorder.add("runner", history.WaitFailed(ScriptDone(), round(self._recorder.now(), 6), sure=False))
        self._steps.note_look("end", self._cast.everyone()[: quiescence.MAX_PROCESSES])

    def _play(self) -> None:
        self._start()
        if self._script.starts_command:
            # traced, a launcher that rests is seen to rest; else it may be at work where /proc does not show it
            patience = CERTAIN_AFTER if self._cast.director else START_PATIENCE
            ready = scenario.WaitReady("command")
            self._awaited.fact(ready, lambda: self._steps.has_greeted("command"), START_WITHIN, patience)
            if self._script.stage.under in spawn.SHELLS:
                self._find_launcher_of_shell()
        self._steps.look("start")
        for number, step in enumerate(self._script.steps):
            self._awaited.step = number
            self._steps.do(step)

    def _conclude(self) -> None:
        containment.check_proc()
        self._recorder.add("runner", self._wait.settle())
        if self._cast.director:
            self._cast.director.conclude()
        self._steps.look("end")
        self._recorder.count_streams()
        self._beside.close()
        if left := _names_in(self._place.temporary):
            self._recorder.add("runner", history.TempFilesLeft(left))

    def _close(self) -> None:
        containment.end_everyone()
        self._sources.on_child = lambda: None
        self._streams.close()
        self._witnesses.close()
        self._beside.close()
        if self._manager:
            self._manager.close()
        self._cast.close()
        if self._report:
            self._report.close()
        if self._gate >= 0:
            os.close(self._gate)

    # -- the start

    def _start(self) -> None:
        stage = self._script.stage
        if not self._place.interpreter:
            self._recorder.add("runner", history.Unobserved("no-other-python"))
            raise ScriptAborted
        argv = spawn.command_line(self._target, self._script, self._place)
        env = spawn.environment(self._target, stage, self._place)
        if self._script.command == "forbidden":
            path = self._place.work / "forbidden-command"
            path.write_text("#!/bin/sh\n")
            path.chmod(0o644)
        if stage.type_ahead:
            self._steps.type(stage.type_ahead)
        shell = spawn.find_shell(stage.under) if stage.under in spawn.SHELLS else None
        whole = [os.fsencode(word) for word in shell] if shell else argv
        stdio = self._streams.launcher_end()
        described = tuple(describe(fd, number) for number, fd in enumerate(stdio))
        self._report = StageReport(self._sources, self._started, self._cast.changed, self._cast.lost_status)
        descriptors = {**dict(enumerate(stdio)), spawn.REPORT_FD: self._report.theirs}
        words = spawn.stage_words(stage, self._place)
        if self._cast.director:
            gate, self._gate = os.pipe()
            descriptors[spawn.GATE_FD] = gate
            words += [f"gate={spawn.GATE_FD}", f"filter={program().hex()}"]
        pid = spawn.spawn(whole, words, env, descriptors)
        if self._cast.director:
            os.close(gate)
        self._report.spawned()
        self._streams.forget_launcher_end()
        role = "shell" if shell else "leader" if stage.under in ("job", "init") else "launcher"
        self._cast.in_namespace = stage.under == "init"
        self._cast.status_from = "nobody" if shell else "stage" if role == "leader" else "wait"
        self._argv, self._stdio = tuple(argv), described
        self._enter(role, pid)
        if self._cast.director:
            self._follow()
        self._awaited.fact(LauncherStarted(), self._report.done_with_start, START_WITHIN, START_WITHIN)
        if self._report.error:
            self._recorder.add("runner", history.NotStarted(*self._report.error))
            raise ScriptAborted
        if shell:
            self._steps.prints("<prompt>")
            self._steps.type(spawn.shell_command(argv))

    def _follow(self) -> None:
        """Trace the launcher-to-be, which waits for that, and let it become the launcher."""
        report = self._report
        assert report is not None and self._cast.director is not None

        def is_ready() -> bool:
            return report.error is not None or (report.is_ready and "launcher" in self._cast.pids)

        self._awaited.fact(LauncherTraceable(), is_ready, START_WITHIN, START_WITHIN)
        if report.error is None:
            try:
                self._cast.director.seize(self._cast.pids["launcher"])
            except OSError as error:
                self._recorder.add("runner", history.Unobserved("ptrace-refused", detail=str(error)))
                raise ScriptAborted from None
            os.write(self._gate, b"!")
        os.close(self._gate)
        self._gate = -1

    def _enter(self, role: str, pid: int) -> None:
        launcher = role == "launcher"
        self._recorder.add(
            "runner", history.Started(role, pid, self._argv if launcher else (), self._stdio if launcher else ())
        )
        if launcher:
            self._cast.launcher_pgid = pid  # a group of its own, by session=1 or job=1
        self._cast.enter(role, pid)

    def _started(self, pid: int) -> None:
        self._enter("launcher", pid)

    def _find_launcher_of_shell(self) -> None:
        """The child of the shell that is the command, or an ancestor of it, is the launcher."""
        everyone = processes.table()
        shell, pid = self._cast.pids["shell"], self._cast.pids["command"]
        while pid in everyone and everyone[pid].ppid not in (shell, 0):
            pid = everyone[pid].ppid
        if pid not in everyone or everyone[pid].ppid != shell:
            self._recorder.add("runner", history.Unobserved("launcher-not-found"))
            return
        self._enter("launcher", pid)
        self._cast.launcher_pgid = everyone[pid].pgid
