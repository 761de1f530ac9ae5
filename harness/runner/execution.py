"""Plays one scenario and returns its history."""

from __future__ import annotations

import itertools
import os
import random
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from harness import history, scenario, signals
from harness.errors import HarnessError
from harness.history import Event
from harness.runner import containment, processes, quiescence, spawn, timers
from harness.runner.cast import Cast
from harness.runner.director import Director
from harness.runner.filter import program
from harness.runner.hold import Hold
from harness.runner.recorder import Recorder
from harness.runner.report import StageReport
from harness.runner.sources import Sources
from harness.runner.terminal import Pipes, Terminal, describe
from harness.runner.tracer import Tracer
from harness.runner.waiting import CERTAIN_AFTER, Outcome, Waiter
from harness.runner.witnesses import Witnesses
from harness.schedule import PressKey, Schedule
from harness.target import Target

START_WITHIN = float(os.environ.get("PROCTOR_START_WITHIN", "30"))
"""Seconds a launcher may take to start its command: npx on a loaded machine takes some."""
START_PATIENCE = 2.0
"""Seconds of quiescence after which a launcher that has not started its command never will."""
_STIMULI = (scenario.Signal, scenario.Press, scenario.Type, scenario.Resize, scenario.HangUp)
MOST_NAMES = 1000
"""Of the files that are left. A launcher may leave a million."""
NO_ANSWER = ("exit", "die", "read", "read-line")


class _Over(Exception):
    """The script ends here: an awaited fact did not come."""


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
        target: Target,
        script: scenario.Scenario,
        place: spawn.Place,
        schedule: Schedule | None = None,
    ) -> None:
        self._target = target
        self._script = script
        self._place = place
        self._sources = sources
        self._recorder = Recorder()
        timers.forget()
        self._witnesses = Witnesses(sources, self._recorder, place.socket)
        self._cast = Cast(sources, self._recorder, self._witnesses)
        stage = script.stage
        self._terminal = Terminal(sources, self._recorder, stage.rows, stage.columns) if stage.terminal else None
        self._streams = self._terminal or Pipes(sources, self._recorder)
        self._wait = Waiter(sources, self._cast, self._streams)
        if schedule:
            self._cast.director = Director(schedule, self._recorder, self._cast.send, self._press_at_point)
        self._report: StageReport | None = None
        self._argv: tuple[bytes, ...] = ()
        self._stdio: tuple[history.Descriptor, ...] = ()
        self._claimed: Counter[tuple[str, int]] = Counter()
        self._gate = -1

    # -- from start to end

    def play(self) -> tuple[Event, ...]:
        """Play the script, look at what is left, end everything; return what happened."""
        try:
            try:
                self._play()
            except _Over:
                pass
            self._conclude()
        except quiescence.TooMany as error:
            self._contain(str(error))
        finally:
            self._close()
        return tuple(self._recorder.events)

    def _contain(self, why: str) -> None:
        """Step in. What was there is in the history, and that the script did not come to its end."""
        containment.stop_everyone()
        self._recorder.add("runner", history.Contained(f"{why}: all were ended"))
        seconds = round(self._recorder.now(), 6)
        self._recorder.add("runner", history.Missed("the script comes to its end", seconds, False, why))
        self._note_look("end", self._cast.everyone()[: quiescence.MAX_PROCESSES])

    def _play(self) -> None:
        self._start()
        if self._script.command == "witness":
            # traced, a launcher that rests is seen to rest; else it may be at work where /proc does not show it
            patience = CERTAIN_AFTER if self._cast.director else START_PATIENCE
            self._await("the command runs", lambda: self._came("command"), START_WITHIN, patience)
            if self._script.stage.under in spawn.SHELLS:
                self._find_launcher_of_shell()
        self._look("start")
        for step in self._script.steps:
            self._do(step)

    def _conclude(self) -> None:
        containment.check_proc()
        self._recorder.add("runner", self._wait.settle())
        if self._cast.director:
            self._cast.director.conclude()
        self._look("end")
        self._recorder.count_streams()
        if left := _names_in(self._place.temporary):
            self._recorder.add("runner", history.Remained(left))

    def _close(self) -> None:
        containment.end_everyone()
        self._sources.on_child = lambda: None
        self._streams.close()
        self._witnesses.close()
        self._cast.close()
        if self._report:
            self._report.close()
        if self._gate >= 0:
            os.close(self._gate)

    # -- the start

    def _start(self) -> None:
        stage = self._script.stage
        argv = spawn.command_line(self._target, self._script, self._place)
        env = spawn.environment(self._target, stage, self._place)
        if self._script.command == "forbidden":
            path = self._place.work / "forbidden-command"
            path.write_text("#!/bin/sh\n")
            path.chmod(0o644)
        if stage.type_ahead:
            self._type(stage.type_ahead)
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
        self._await("the launcher is started", self._report.done_with_start, START_WITHIN, START_WITHIN)
        if self._report.error:
            self._recorder.add("runner", history.NotStarted(*self._report.error))
            raise _Over
        if shell:
            self._prints("<prompt>")
            self._type(spawn.shell_command(argv))

    def _follow(self) -> None:
        """Trace the launcher-to-be, which waits for that, and let it become the launcher."""
        report = self._report
        assert report is not None and self._cast.director is not None

        def is_ready() -> bool:
            return report.error is not None or (report.is_ready and "launcher" in self._cast.pids)

        self._await("the launcher can be traced", is_ready, START_WITHIN, START_WITHIN)
        if report.error is None:
            try:
                self._cast.director.seize(self._cast.pids["launcher"])
            except OSError as error:
                why = f"ptrace is refused: {error}; see kernel.yama.ptrace_scope and a container's seccomp profile"
                self._recorder.add("runner", history.Unobserved("the launcher's calls", why))
                raise _Over from None
            os.write(self._gate, b"!")
        os.close(self._gate)
        self._gate = -1

    def _press_at_point(self, action: PressKey) -> None:
        self._recorder.add("runner", history.Pressed(action.key))
        terminal = self._needs_terminal("a key")
        terminal.write(scenario.KEYS[action.key])
        terminal.flush_input()

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
            self._recorder.add("runner", history.Unobserved("launcher", "the command is not below the shell"))
            return
        self._enter("launcher", pid)
        self._cast.launcher_pgid = everyone[pid].pgid

    # -- waiting

    def _await(self, what: str, is_there: Callable[[], bool], within: float, patience: float = CERTAIN_AFTER) -> None:
        def there_or_impossible() -> bool:
            return is_there() or self._nobody_left()

        outcome = self._wait.for_fact(there_or_impossible, within, patience)
        if is_there():
            self._recorder.add("runner", history.Waited(what, round(outcome.seconds, 6), round(outcome.idle, 6)))
            return
        self._miss(what, outcome)

    def _miss(self, what: str, outcome: Outcome) -> None:
        rows = [f"{p.role or p.name} (pid {p.pid}) {p.state}" for p in self._cast.everyone() if p.role != "leader"]
        seen = ", ".join(rows) or "no process"
        sure = outcome.sure or outcome.came
        if not sure:
            self._wait.expect_no_rest()
        self._recorder.add("runner", history.Missed(what, round(outcome.seconds, 6), sure, seen))
        raise _Over

    def _nobody_left(self) -> bool:
        """Whether everyone who could still do something has ended."""
        roles = self._cast.pids.keys() - {"leader"}
        return bool(roles) and roles <= self._recorder.ended and not self._others_alive()

    def _others_alive(self) -> bool:
        return any(p.role != "leader" and p.state not in "ZX" for p in self._cast.everyone())

    def _came(self, role: str) -> bool:
        return role in self._recorder.greeted

    # -- steps

    def _do(self, step: scenario.Step) -> None:
        within = self._script.within
        self._wait.stirred |= isinstance(step, _STIMULI)
        match step:
            case scenario.Signal(signal=number, to=to):
                self._recorder.add("runner", self._cast.send(number, to))
            case scenario.Press(key=key):
                self._recorder.add("runner", history.Pressed(key))
                self._needs_terminal("a key").write(scenario.KEYS[key])
            case scenario.Type(data=data):
                self._type(data)
            case scenario.TypePattern(count=count, seed=seed):
                self._type(random.Random(seed).randbytes(count))
            case scenario.Resize(rows=rows, columns=columns):
                self._recorder.add("runner", history.Resized(rows, columns))
                self._needs_terminal("a resize").resize(rows, columns)
            case scenario.HangUp():
                self._recorder.add("runner", history.HungUp())
                self._needs_terminal("a hang-up").hang_up()
            case scenario.Order(text=text, to=to):
                self._order(to, text)
            case scenario.Hold():
                self._hold()
            case scenario.Release():
                self._release()
            case scenario.Trace(at_reap=at_reap):
                self._trace(at_reap)
            case scenario.Part():
                if self._cast.director:
                    self._cast.director.next_part()
            case scenario.Settle():
                self._recorder.add("runner", self._wait.settle())
            case scenario.Look():
                self._look("step")
            case scenario.Greets(process=process):
                self._await(f"{process} runs", lambda: self._came(process), within)
            case scenario.Receives(process=process, signal=number):
                self._receives(process, number)
            case scenario.Ends(process=process):
                self._await(f"{process} ends", lambda: process in self._recorder.ended, within)
            case scenario.Stops(process=process):
                self._await(f"{process} stops", lambda: self._state(process) == "T", within)
                self._recorder.add("runner", history.Stopped(process))
            case scenario.Runs(process=process):
                self._await(f"{process} goes on", lambda: self._state(process) != "T", within)
                self._recorder.add("runner", history.Continued(process))
            case scenario.Answers(process=process, order=order):
                word = "read" if order == "read-line" else order
                self._await(f"{process} answers {order}", lambda: self._recorder.answered[process, word] > 0, within)
            case scenario.Prints(text=text):
                self._prints(text)

    def _needs_terminal(self, what: str) -> Terminal:
        if not self._terminal:
            raise HarnessError(f"the scenario has {what} but no terminal: set stage.terminal")
        return self._terminal

    def _type(self, data: bytes) -> None:
        self._recorder.add("runner", history.Typed(len(data), zlib.crc32(data)))
        self._streams.write(data)

    def _order(self, to: str, text: str) -> None:
        word, *rest = text.split()
        before = self._recorder.answered[to, word]
        if word == "write":  # counted by itself, from here to its answer
            self._wait.drain()
            self._recorder.count_streams()
        self._recorder.add("runner", history.Ordered(to, text))
        if not self._witnesses.order(to, text):
            self._miss(f"{to} takes the order {text!r}", Outcome(False, True, 0.0, 0.0))
        if word in NO_ANSWER:
            return
        self._await(f"{to} does {text!r}", lambda: self._recorder.answered[to, word] > before, self._script.within)
        if word == "write":
            self._wait.drain()
            self._recorder.count_streams()
        if word == "spawn":
            self._await(f"{rest[0]} runs", lambda: self._came(rest[0]), self._script.within)

    def _receives(self, process: str, number: int) -> None:
        key = (process, number)
        self._claimed[key] += 1
        what = f"{process} receives {signals.name(number)}"
        self._await(what, lambda: self._recorder.received[key] >= self._claimed[key], self._script.within)

    def _prints(self, text: str) -> None:
        wanted = spawn.PROMPT.encode() if text == "<prompt>" else text.encode()

        def there() -> bool:
            return wanted in self._recorder.text

        self._await(f"the terminal shows {text!r}", there, self._script.within)
        self._recorder.text = self._recorder.text.partition(wanted)[2]

    def _state(self, role: str) -> str:
        process = processes.read_process(self._cast.pids.get(role, 0))
        return process.state if process else "X"

    def _hold(self) -> None:
        self._cast.held = Hold(self._cast.between(), self._wait.until_stopped)
        self._recorder.add("runner", history.Held(self._cast.held.pids, self._cast.held.how))

    def _release(self) -> None:
        if self._cast.held:
            self._cast.held.release()
            self._recorder.add("runner", history.Released(self._cast.held.pids))
        self._cast.held = None

    def _trace(self, at_reap: int) -> None:
        def send() -> None:
            if at_reap:
                self._recorder.add("runner", self._cast.send(at_reap, "launcher"))

        pids = self._cast.between()
        try:
            self._cast.tracer = Tracer(pids, self._cast.pids["command"], self._recorder, send)
        except OSError as error:
            self._recorder.add("runner", history.Unobserved("the launcher's calls", f"ptrace is refused: {error}"))
            raise _Over from None
        self._recorder.add("runner", history.Traced(tuple(pids)))

    def _look(self, when: Literal["start", "step", "end"]) -> None:
        self._wait.drain()
        self._cast.reap()
        self._note_look(when, self._cast.everyone())

    def _note_look(self, when: Literal["start", "step", "end"], everyone: tuple[history.Process, ...]) -> None:
        terminal = self._terminal
        rows, columns = terminal.size() if terminal else (0, 0)
        self._recorder.add(
            "runner",
            history.Looked(
                when,
                everyone,
                terminal.foreground() if terminal else 0,
                terminal.modes() if terminal else (),
                terminal.characters() if terminal else "",
                rows,
                columns,
            ),
        )
