"""execute(): the only door to a process. Starts the runner when it is first needed, and again when it has failed; and a
second one, without a PID namespace, for what is to be compared or judged there."""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from proctor.harness import settings, stopped, system, wire
from proctor.harness.errors import HarnessError, UsageError
from proctor.harness.history import History
from proctor.harness.scenario import Scenario
from proctor.harness.schedule import Schedule
from proctor.harness.target import Target
from proctor.harness.words import harmless

Message = TypeVar("Message", bound=msgspec.Struct)

GUARDIAN_REFUSED = "refused: "
"""How the guardian's complaint begins when it cannot contain as asked. Its exit status says the same, but cannot be
read where this process ignores SIGCHLD; wait(2)."""
LONGEST_EXECUTION = 300.0
"""Seconds. The runner's own deadlines are far below; this is for a runner that hangs."""
LOOK_AGAIN = 1.0
"""Seconds until it is looked whether the guardian was stopped."""
MOST_RESUMES = 5
"""How often a stopped guardian is continued while a scenario is played."""


LIMITS = "Check the limits too: `ulimit -n` (descriptors), `ulimit -u` and pids.max of the control group (processes)"
"""What to do where the system refuses a descriptor or a process."""


def _need_descriptors() -> None:
    """Raise HarnessError where a process may have too few descriptors for a runner."""
    most = system.most_descriptors()
    if most is not None and most < system.FEWEST_DESCRIPTORS:
        raise HarnessError(
            f"a process may have only {most} descriptors here, and Proctor needs {system.FEWEST_DESCRIPTORS}. This "
            "says nothing about the launcher. Raise the limit: ulimit -n 1024"
        )


def _need_pidfds() -> None:
    """Raise HarnessError where the system refuses what the runner waits for processes by."""
    if why := system.why_no_pidfds():
        raise HarnessError(
            f"{why}. Without it Proctor cannot wait for processes. This says nothing about the launcher. "
            f"{system.HOW_TO_GET_PIDFDS}"
        )


def _temporary() -> dict[str, str]:
    """Return TMPDIR as an absolute path, where it is set: the launcher and its command have another working
    directory."""
    directory = os.environ.get("TMPDIR", "")
    return {"TMPDIR": os.path.abspath(directory)} if directory else {}


def _environment() -> dict[str, str]:
    """Return the environment of the guardian and the runner."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "0")
    return {"PROCTOR_WORKER": worker, **os.environ, **_temporary(), **_interpreters()}


def _interpreters() -> dict[str, str]:
    """Return the variable that names the directories of interpreters for the guardian, which makes them read-only: the
    one below the virtual environment in which Proctor runs, those beside it, and those on PATH. Left out is what holds
    the user's own files."""
    ours = Path(sys.base_prefix)
    programs = [*ours.parent.glob("*/bin/python3"), *map(shutil.which, ("python3", "python"))]
    found = {ours, *(Path(os.path.realpath(program)).parent.parent for program in programs if program)}
    private = [Path(os.path.realpath(path)) for path in (os.environ.get("TMPDIR") or "/tmp", os.path.expanduser("~"))]
    kept = [prefix for prefix in found if not any(path.is_relative_to(prefix) for path in private)]
    return {"PROCTOR_READ_ONLY": os.pathsep.join(sorted(map(str, kept)))}


class RunnerProcess:
    """A runner and its guardian, on the other end of a socket."""

    def __init__(self, containment: str) -> None:
        settings.check()
        _need_descriptors()
        _need_pidfds()
        from proctor.harness.runner.start.spawn import ADD_ON, GUARDIAN, LIBRARY, STAGE, WITNESSES

        for program in (GUARDIAN, STAGE, *WITNESSES.values(), LIBRARY, ADD_ON):
            if not os.access(program, os.X_OK):
                found = "may not be executed" if program.exists() else "is missing"
                raise HarnessError(f"{program} {found}: the package was not built here. Run: pip install -e .")
        self._link, theirs = socket.socketpair()
        lifeline, self._lifeline = os.pipe()
        # options such as -X importtime are not passed on; -I would hide the paths of an editable install
        # -P: a module in the current directory must not shadow one of ours
        runner = [sys.executable, "-P", "-m", "proctor.harness.runner", str(theirs.fileno())]
        try:
            self._process = subprocess.Popen(
                [str(GUARDIAN), str(lifeline), containment, "--", runner[0], *runner],
                pass_fds=(theirs.fileno(), lifeline),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                env={
                    "PROCTOR_WORKER": os.environ.get("PYTEST_XDIST_WORKER", "0"),
                    **os.environ,
                    **_temporary(),
                    **_interpreters(),
                },
            )
        except OSError as error:
            self._link.close()
            os.close(self._lifeline)
            raise HarnessError(f"cannot start {GUARDIAN}: {error.strerror}. {LIMITS}") from error
        finally:
            theirs.close()
            os.close(lifeline)
        self._link.settimeout(LONGEST_EXECUTION)
        try:
            hello = self._receive(wire.Hello)
        except TimeoutError:
            self.end()
            raise HarnessError(f"the runner did not start within {LONGEST_EXECUTION:.0f} s") from None
        except BaseException:
            self.end()  # interrupted: no other code has a reference to it
            raise
        if hello is None:
            complaint, status = self.end()
            if complaint.startswith(GUARDIAN_REFUSED):
                raise _Refused(complaint.removeprefix(GUARDIAN_REFUSED))
            said = complaint or f"exit status {status}"
            raise HarnessError(f"the runner did not start: {said}. Check that TMPDIR can be written. {LIMITS}")
        self.scratch = hello.scratch
        self._runner_pid = hello.pid if hello.containment == "subreaper" else 0
        self.containment = hello.containment

    def _receive(self, kind: type[Message]) -> Message | None:
        """Return the next message of the runner, None when it has gone; TimeoutError after LONGEST_EXECUTION. Meanwhile
        continue the guardian where a launcher has stopped it, and a stopped runner whose guardian was killed."""
        poller = select.poll()
        poller.register(self._link, select.POLLIN)
        deadline, resumes = time.monotonic() + LONGEST_EXECUTION, 0
        while not poller.poll(max(1.0, 1e3 * min(LOOK_AGAIN, deadline - time.monotonic()))):
            if time.monotonic() > deadline:
                raise TimeoutError
            resumes += stopped.resume(self.pid)
            if resumes > MOST_RESUMES:
                return None
            if self._process.poll() is not None and self._runner_pid:
                with contextlib.suppress(ProcessLookupError):  # it has ended as well
                    os.kill(self._runner_pid, signal.SIGCONT)
        return wire.receive(self._link, kind)

    def perform(self, request: wire.Request) -> wire.Reply:
        """Play one scenario; raise HarnessError when the runner dies or hangs."""
        try:
            wire.send(self._link, request)
            reply = self._receive(wire.Reply)
        except TimeoutError:
            there = self.describe_processes()
            self.end()
            raise HarnessError(
                f"the runner did not answer within {LONGEST_EXECUTION:.0f} s. This says nothing about the launcher"
                f"\n{there}"
            ) from None
        except OSError:
            reply = None
        if reply is None:
            complaint, _ = self.end()
            raise HarnessError(f"the runner died. This says nothing about the launcher. It printed: {complaint or '-'}")
        return reply

    def describe_processes(self) -> str:
        """Describe the guardian, the runner and what it has started, for a message about a run that hangs."""
        from proctor.harness.process_details import describe_with_children

        return "\n".join(["the processes at that time:", *(f"  {line}" for line in describe_with_children(self.pid))])

    @property
    def pid(self) -> int:
        """The pid of the guardian, below which all others are."""
        return self._process.pid

    def end(self) -> tuple[str, int]:
        """End the runner and all that it started; return what it printed and the guardian's exit status."""
        self._link.close()
        with contextlib.suppress(OSError):
            os.close(self._lifeline)
        self._lifeline = -1
        complaint = self._wait_for_guardian()
        if complaint is None:
            return (
                f"its guardian did not end, so something that it started may be left; {self.describe_processes()}",
                -1,
            )
        if scratch := getattr(self, "scratch", ""):
            from proctor.harness.runner.start.removal import remove

            remove(Path(scratch))  # in case the guardian itself was killed
        return complaint.decode(errors="backslashreplace").strip(), self._process.returncode

    def _wait_for_guardian(self) -> bytes | None:
        """Return what guardian and runner have printed when they have ended; None if they do not."""
        deadline = time.monotonic() + LONGEST_EXECUTION
        while time.monotonic() < deadline:
            try:
                return self._process.communicate(timeout=LOOK_AGAIN)[1]
            except subprocess.TimeoutExpired:
                if stopped.resume(self.pid):
                    # a launcher may stop it as often as we continue it
                    stopped.end_below(self.pid)
                    os.kill(self.pid, signal.SIGCONT)
        return None


class _Refused(Exception):
    """The guardian cannot contain as asked on this system."""


_lock = threading.Lock()
_runner: RunnerProcess | None = None
_uncontained: RunnerProcess | None = None
"""Without a PID namespace, where the other one has one."""
_why_weaker = ""
_containment = ""


def choose_containment(wish: settings.Containment) -> None:
    """Contain launchers like this from now on, in the workers of this process too; "" is the strongest that the system
    allows. Raise UsageError where the system refuses a namespace that was asked for."""
    if wish and wish != settings.containment():
        stop()
        os.environ[settings.CONTAINMENT] = wish
    if wish == "namespace" and not has_namespace():
        raise UsageError(
            f"--containment=namespace: this system refuses PID namespaces: {_why_weaker}; `proctor doctor` says how to "
            "allow them, or use --containment=auto"
        )


def _get_runner() -> RunnerProcess:
    global _runner, _why_weaker, _containment
    if _runner is None:
        wish = settings.containment() or "namespace"
        try:
            _runner = RunnerProcess("subreaper" if _why_weaker else wish)
        except _Refused as refusal:
            _why_weaker = str(refusal)
            _runner = RunnerProcess("subreaper")
        _containment = _runner.containment
        atexit.register(stop)
    return _runner


def _get_uncontained() -> RunnerProcess:
    """Return a runner without a PID namespace."""
    global _uncontained
    if _get_runner().containment == "subreaper":
        return _get_runner()
    if _uncontained is None:
        _uncontained = RunnerProcess("subreaper")
    return _uncontained


def stop() -> None:
    """End this worker's runners; the next execution starts another."""
    global _containment
    with _lock:
        for runner in filter(None, (_runner, _uncontained)):
            _forget(runner)
            _end_and_say_what_is_left(runner)
        _containment = ""


def stop_uncontained() -> None:
    """End the runner without a PID namespace, where there is one with one."""
    with _lock:
        if runner := _uncontained:
            _forget(runner)
            _end_and_say_what_is_left(runner)


def _end_and_say_what_is_left(runner: RunnerProcess) -> None:
    complaint, _ = runner.end()
    if sys.stderr and os.path.lexists(runner.scratch):
        sys.stderr.write(f"proctor: {runner.scratch} is left; remove it by hand: {harmless(complaint)}\n")


def abandon() -> None:
    """End this process' runners at once. For a signal handler after which the process ends itself: it takes no lock,
    because the code that holds it is interrupted by the handler."""
    for runner in filter(None, (_runner, _uncontained)):
        runner.end()


def containment() -> str:
    """Return how launchers are contained unless something else is asked for, and why not better."""
    with _lock:
        if not _containment:
            _get_runner()
    return _containment + (f" (no PID namespace: {_why_weaker})" if _why_weaker else "")


def has_namespace() -> bool:
    """Whether launchers run in a PID namespace of their own on this system."""
    containment()
    return _containment != "subreaper"


def execute(target: Target, scenario: Scenario, schedule: Schedule | None = None, uncontained: bool = False) -> History:
    """Play `scenario` on `target` and return everything that happened.

    `schedule` says which task runs when; None leaves that to the system. uncontained: without a PID namespace, even
    where there could be one. Raises HarnessError if the harness itself fails, which says nothing about the launcher,
    and if the launcher cannot create its environment undisturbed.
    """
    with _lock:
        runner = _get_uncontained() if uncontained else _get_runner()
        try:
            reply = runner.perform(wire.Request(target, scenario, schedule))
        except HarnessError:
            _forget(runner)
            raise
        except BaseException as error:
            # interrupted within an answer: the rest of it would be read as the next one
            _forget(runner)
            if not isinstance(error, KeyboardInterrupt):  # someone who presses Ctrl-C does not ask what hangs
                error.add_note(runner.describe_processes())
            runner.end()
            raise
        if reply.error:
            # the cause may last, such as a full disk or an unmounted /proc: the next execution gets a new runner
            _forget(runner)
            runner.end()
            raise HarnessError(reply.error)
    if reply.refused:
        raise HarnessError(
            f"{target.name} cannot create its environment here, even undisturbed. It printed: {reply.refused}. Check "
            "its description: command, sync, environment, files"
        )
    return History(target.name, scenario, runner.containment, reply.events)


def execute_uncontained(target: Target, scenario: Scenario, schedule: Schedule | None = None) -> History:
    """Play a scenario without a PID namespace; as execute()."""
    return execute(target, scenario, schedule, uncontained=True)


def _forget(runner: RunnerProcess) -> None:
    """Do not use this runner again: the next execution starts another."""
    global _runner, _uncontained
    if runner is _runner:
        _runner = None
    else:
        _uncontained = None
