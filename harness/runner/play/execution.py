"""Plays one scenario and returns its history."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from proctor.harness import history, scenario
from proctor.harness.awaited import ScriptDone
from proctor.harness.errors import HarnessError
from proctor.harness.history import Event
from proctor.harness.programs import PROGRAMS
from proctor.harness.runner import processes
from proctor.harness.runner.observe import ipc_objects, quiescence, timers
from proctor.harness.runner.observe.created_files import CreatedFiles
from proctor.harness.runner.observe.listeners import Listeners
from proctor.harness.runner.observe.notify_socket import ServiceManager
from proctor.harness.runner.observe.pipes import Pipes
from proctor.harness.runner.observe.terminal import Terminal
from proctor.harness.runner.play.expectations import Expectations, ScriptAborted
from proctor.harness.runner.play.invocations import ConcurrentInvocations
from proctor.harness.runner.play.keyboard import Keyboard
from proctor.harness.runner.play.launcher_start import START_WITHIN, LauncherStart
from proctor.harness.runner.play.observer import PATIENCE, SETTLE_LIMIT, Observer
from proctor.harness.runner.play.real_parent import RealParent
from proctor.harness.runner.play.reaper import Reaper
from proctor.harness.runner.play.registry import PARENTS, ProcessRegistry
from proctor.harness.runner.play.steps import POLLING_REST, Steps
from proctor.harness.runner.play.waiting import CERTAIN_AFTER, Waiter
from proctor.harness.runner.recorder import Recorder
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.start import containment, programs, project, spawn
from proctor.harness.runner.start.snapshots import Watched
from proctor.harness.runner.trace.director import Director
from proctor.harness.runner.trace.flags_watch import FlagsWatch
from proctor.harness.runner.trace.held_tasks import Effects
from proctor.harness.runner.trace.tracing import Tracing
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target

START_PATIENCE = 2.0
"""Seconds of quiescence after which a launcher that has not started its command never will."""
MOST_NAMES = 1000
"""Files left behind that are listed by name. A launcher may leave a million."""


def _names_in(directory: Path) -> tuple[str, ...]:
    """Return the names in a directory, at most MOST_NAMES, with bytes that are not UTF-8 escaped."""
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
        polls: bool = False,
        created: CreatedFiles | None = None,
    ) -> None:
        """rests: whether the launcher is known to come to rest; polls: whether it is known to poll while its command
        does nothing; created: notes the files in directories that other programs use too."""
        self._target = target
        self._script = script
        self._place = place
        self._recorder = Recorder()
        self._sources, self._created = sources, created
        self._may_leave_ipc = True
        if created:
            created.begin(sources)
        timers.forget()
        stage = script.stage
        under = stage.parent
        self._parent = RealParent(stage, place) if under in scenario.REAL_PARENTS else None
        self._registry = ProcessRegistry(
            sources,
            listeners,
            self._recorder,
            place.socket,
            status_from="nowhere"
            if under in spawn.SHELLS or self._parent
            else "stage"
            if under in ("job", "init")
            else "wait",
            in_namespace=under == "init",
            is_traced=schedule is not None or stage.watches_flags or stage.watches_programs,
            on_entry=created.saw if created else lambda _: None,
            parent=self._parent,
            runs_program=script.command in PROGRAMS,
            commands=script.commands,
        )
        self._flags = FlagsWatch(self._recorder) if stage.watches_flags else None
        self._streams = (
            Terminal(sources, self._recorder, stage.rows, stage.columns)
            if stage.terminal
            else Pipes(sources, self._recorder)
        )
        self._keyboard = Keyboard(self._recorder, self._streams)
        self._invocations = ConcurrentInvocations(target, script, place, self._recorder, self._registry)
        effects = Effects(self._registry.send, self._keyboard.press_at_point, self._invocations.start)
        programs_alone = stage.watches_programs and not self._flags and schedule is None
        if (self._flags or programs_alone) and schedule is None:
            schedule = Schedule()
        self._director = (
            Director(schedule, self._recorder, effects, self._flags, stage.watches_programs)
            if schedule is not None
            else None
        )
        if self._director:
            self._registry.witnesses.on_command = self._director.has_reported
        tracing = Tracing(self._director)
        self._reaper = Reaper(sources, self._registry, tracing)
        self._wait = Waiter(Observer(sources, self._registry, self._streams, tracing, (str(place.work.parent),)), rests)
        self._expectations = Expectations(
            self._recorder, self._registry, self._wait, tracing, gives_up=self._parent is None
        )
        watched = Watched(target, place) if stage.home != "kept" else None
        self._steps = Steps(
            self._recorder, self._registry, self._streams, self._keyboard, self._wait, self._expectations,
            self._invocations, tracing, watched, script.within, POLLING_REST if polls else SETTLE_LIMIT,
        )  # fmt: skip
        self._manager = ServiceManager(sources, self._recorder, place.notify_socket) if stage.notify else None
        self._launcher = LauncherStart(
            sources, self._recorder, self._registry, self._streams, self._expectations, self._director, script, place,
            self._flags, programs_alone, self._parent,
        )  # fmt: skip
        if self._parent:
            self._registry.witnesses.after_greeting = lambda name, _: self._launcher.find(name)

    @property
    def came_to_rest(self) -> bool:
        """Whether all tasks came to rest each time that was waited for."""
        return self._wait.came_to_rest

    @property
    def polled(self) -> bool | None:
        """Whether the launcher polled at its start; None where the script does not begin with a wait for quiescence."""
        return self._steps.polled

    # -- from start to end

    def play(self) -> tuple[Event, ...]:
        """Play the script, record what is left, end all processes; return what happened."""
        try:
            try:
                self._play()
            except ScriptAborted:
                pass
            self._expectations.step = None
            after = iter(self._script.after)
            try:
                for step in after:
                    self._steps.do(step)
            except ScriptAborted:
                for step in after:  # what a call has done that failed: a comparison needs nothing of what was cut off
                    if isinstance(step, scenario.Compare):
                        self._steps.do(step)
            self._conclude()
        except quiescence.TooMany as error:
            self._contain(error)
        finally:
            self._close()
        return tuple(self._recorder.events)

    def _contain(self, error: quiescence.TooMany) -> None:
        """End all processes; record which there were, and that the script was not finished."""
        containment.stop_all()
        self._recorder.add("runner", history.LimitExceeded(error.what, error.most))
        self._recorder.add("runner", history.WaitFailed(ScriptDone(), round(self._recorder.now(), 6), sure=False))
        self._steps.note_look("end", self._registry.all_processes()[: quiescence.MAX_PROCESSES])

    def _play(self) -> None:
        self._start()
        for command in self._script.awaited_commands:
            # that a traced launcher rests is certain; another may be waiting for what /proc does not show
            patience = CERTAIN_AFTER if self._director else START_PATIENCE
            within = self._script.start_within or START_WITHIN
            self._expectations.fact(scenario.WaitReady(command), self._steps.greeting(command), within, patience)
        if self._script.starts_command and self._script.stage.parent in spawn.SHELLS:
            self._launcher.find(self._script.commands[0])
        self._steps.look("start")
        for number, step in enumerate(self._script.steps):
            self._expectations.step = number
            self._steps.do(step)

    def _conclude(self) -> None:
        containment.check_proc()
        if isinstance(self._streams, Pipes):
            self._streams.read_all()
        self._expectations.settled(open_for=SETTLE_LIMIT if self._expectations.has_been_patient else PATIENCE)
        if self._director:
            self._director.conclude()
        left = self._steps.look("end")
        if self._flags:
            self._flags.look("")
        self._recorder.count_streams()
        self._invocations.close()
        files = (*_names_in(self._place.temporary), *(self._created.left() if self._created else ()))
        if files:
            self._recorder.add("runner", history.TempFilesLeft(files[:MOST_NAMES]))
        objects = ipc_objects.names()
        if objects:
            self._recorder.add("runner", history.IpcLeft(objects[:MOST_NAMES]))
        living = [process for process in left if process.state not in processes.ENDED]
        self._may_leave_ipc = bool(objects or living)
        self._describe([process for process in living if process.role not in PARENTS])

    def _describe(self, left: list[history.Process]) -> None:
        """Record details of processes that are still there. psutil is imported here, as most launchers leave none."""
        if not left:
            return
        from proctor.harness import process_details

        for process in left[: process_details.MOST]:
            if details := process_details.details_of(process.pid, process.role):
                self._recorder.add("runner", details)

    def _close(self) -> None:
        containment.end_all()
        if self._may_leave_ipc:
            ipc_objects.remove()
        if self._created:
            self._created.remove(self._sources)
        self._reaper.close()
        self._streams.close()
        self._invocations.close()
        if self._manager:
            self._manager.close()
        if self._parent:
            self._parent.close()
        self._registry.close()
        self._launcher.close()
        if self._flags:
            self._flags.close()

    def _start(self) -> None:
        stage = self._script.stage
        if not self._place.interpreter:
            self._recorder.add("runner", history.Unobserved("no-other-python"))
            raise ScriptAborted
        if self._parent and self._director:
            raise HarnessError(
                f"a schedule, or what has to be traced, cannot be played below {stage.parent}: only a launcher that "
                "Proctor starts itself is traced from its start. Leave out the schedule, or stage.parent"
            )
        if lacks := programs.missing_here(self._script.command) or programs.missing_here(stage.parent):
            self._recorder.add("runner", history.Unobserved("program-not-installed", detail=lacks))
            raise ScriptAborted
        if stage.parent == "sshd" and not programs.can_give_terminals():
            self._recorder.add("runner", history.Unobserved("sshd-without-tty-group"))
            raise ScriptAborted
        argv = spawn.command_line(self._target, self._script, self._place)
        project.lay_out_commands(self._target, self._script, self._place)
        if self._script.command == "forbidden":
            path = self._place.work / "forbidden-command"
            path.write_text("#!/bin/sh\n")
            path.chmod(0o644)
        if stage.type_ahead:
            self._keyboard.type(stage.type_ahead)
        self._launcher.start(self._target, argv)
        if stage.parent in spawn.SHELLS:
            self._steps.prints("<prompt>")
            self._keyboard.type(spawn.shell_command(argv))
