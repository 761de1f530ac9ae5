"""What a wait does in each round: serve events, look at all tasks, let the director act."""

from __future__ import annotations

import os
import time

from proctor.harness import settings
from proctor.harness.runner import processes
from proctor.harness.runner.observe import programs, quiescence, timers
from proctor.harness.runner.observe.descriptors import Given
from proctor.harness.runner.observe.pipes import Pipes
from proctor.harness.runner.observe.terminal import Terminal
from proctor.harness.runner.play.registry import ProcessRegistry
from proctor.harness.runner.play.resting import Resting
from proctor.harness.runner.sources import Sources
from proctor.harness.runner.trace.tracing import Tracing

PATIENCE = settings.seconds(settings.PATIENCE)
"""Seconds for which a wait that may end by what we do not see is waited for before something counts as absent. The
start of a command has more: START_WITHIN."""
SETTLE_LIMIT = 1.0
"""Seconds. A timer that is set for less is waited for; where timers cannot be read, this long is waited."""
DRAIN_LIMIT = 0.05
"""Seconds for which one draining goes on: a launcher may print for ever."""
COUNT_EVERY = {True: 0.005, False: 0.1}
"""Seconds from one count of the processes to the next; in a PID namespace of our own a count is one listing."""
OTHER_ENTRIES = 100
"""What else may be in /proc, generously: it has about 60 entries that are not processes."""
MOST_YIELDS = 4
"""How often the CPU is yielded before sleeping."""
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.01
"""Seconds from one look to the next."""


class Observer:
    """Serves the sources and looks at all tasks."""

    def __init__(
        self,
        sources: Sources,
        registry: ProcessRegistry,
        streams: Terminal | Pipes,
        tracing: Tracing,
        places: tuple[str, ...],
    ) -> None:
        """places: the directories that only this execution uses."""
        self._sources, self._registry, self._streams = sources, registry, streams
        self._tracing, self._director, self._places = tracing, tracing.director, places
        self.readable = quiescence.can_be_read()
        self.yields = 0
        """How often in a row the CPU was yielded instead of sleeping."""
        self._looked: quiescence.Rest | None = None
        self._without_timers: tuple[object, ...] | None = None
        """What a look showed when no timer was set. As long as looks show the same nothing has run, so none is set."""
        self._alone = os.getpid() == 1
        self._next_count = time.monotonic() + COUNT_EVERY[self._alone]

    # -- serving events

    def drain(self) -> bool:
        """Serve all that is ready now; return whether there was anything."""
        self._streams.flush_input()
        deadline = time.monotonic() + DRAIN_LIMIT
        any_event = self._streams.feed() or self._streams.drain(deadline)
        while self.pump(0):
            any_event = True
            if time.monotonic() > deadline:
                break
        return any_event

    def pump(self, seconds: float) -> bool:
        """Serve what is ready within so many seconds; return whether there was anything. The processes are counted now
        and then: a fork bomb causes an event every moment, so there would be no look."""
        now = time.monotonic()
        if now >= self._next_count:
            count = (
                processes.count_entries() - OTHER_ENTRIES if self._alone else len(quiescence.descendants(os.getpid()))
            )
            if count > quiescence.MAX_PROCESSES:
                raise quiescence.TooMany("processes", quiescence.MAX_PROCESSES)
            self._next_count = time.monotonic() + COUNT_EVERY[self._alone]
        return self._sources.pump(seconds)

    def pause(self, seconds: float) -> bool:
        """Serve what is ready within so many seconds; return whether there was anything. A traced launcher shares our
        core: it runs as soon as we yield, and has reached a stop when we run again. So sleep only if it takes long."""
        if seconds and self._director and self.yields < MOST_YIELDS:
            self.yields += 1
            os.sched_yield()
            seconds = 0.0
        any_event = self.pump(seconds)
        if any_event or seconds:
            self.yields = 0
        return any_event

    @property
    def has_unwritten(self) -> bool:
        """Whether there is input that the launcher's side has had no room for yet."""
        return self._streams.has_unwritten

    # -- looking at all tasks

    def look(self) -> quiescence.Rest:
        """Look at all tasks."""
        pids, witnesses = self._registry.watched(), self._registry.witness_pids()
        kept_still, in_vfork = self._tracing.kept_still(), self._tracing.in_vfork()
        given = Given(self._places, self._streams.given())
        self._looked = quiescence.look(pids, witnesses, given, kept_still, in_vfork, self._looked)
        return self._looked

    def cpu_seconds(self) -> float:
        """Return the CPU time that all watched processes have used, also those that were reaped."""
        return quiescence.usage().cpu_seconds

    def delays(self) -> tuple[dict[int, float], bool]:
        """Return the seconds for which each task was ready to run but got no CPU, since it was started; and whether
        one waits for a disk now. Tasks that we trace also wait while we get no CPU."""
        pids = self._registry.watched()
        if self.is_traced:
            pids.append(os.getpid())
        tids = [tid for pid in pids for tid in processes.threads(pid)]
        for_disk = any(map(processes.waits_for_disk, set(tids) - self._tracing.in_vfork()))
        return {tid: processes.delay(tid) for tid in tids}, for_disk

    def nothing_hidden(self, look: quiescence.Rest, rest: Resting) -> bool:
        """Take the timers that no process shows into rest.wakes; return whether all tasks rested while that was read,
        False where it cannot be read. Reading them takes a millisecond, so it is done only where there may be any."""
        director = self._director
        # interactive bash and zsh catch SIGALRM, but set a timer only for `read -t` and TMOUT
        may_have = look.alarm - {self._registry.pids.get("shell", 0)}
        if not look.posix and not (may_have and (director is None or director.may_have_timers)):
            return True
        if look.fingerprint == self._without_timers:
            return True
        hidden = timers.hidden()
        if hidden is None:
            rest.hidden_timer = look.posix or any(map(programs.may_set_timer, may_have))
            return not rest.hidden_timer
        still = rest.seen(self.look()) and not self.drain()
        rest.expect(hidden)
        if still and hidden == timers.FOREVER:
            self._without_timers = look.fingerprint
        return still

    # -- the director

    @property
    def is_traced(self) -> bool:
        """Whether a director traces the launcher."""
        return self._director is not None

    @property
    def director_waits(self) -> bool:
        """Whether the director has something to do once all tasks are at rest."""
        return self._director is not None and self._director.is_waiting

    def let_director_act(self, at_rest: bool, rest: Resting) -> bool:
        """Let the director do its next thing if all tasks are at rest; return whether it did. A launcher that never
        comes to rest is waited for SETTLE_LIMIT seconds and no longer."""
        if not self._director or not self._director.is_waiting:
            return False
        if not at_rest and time.monotonic() - rest.began < SETTLE_LIMIT:
            return False
        return self._director.on_rest()

    def is_current_running(self, rest: Resting) -> bool:
        """Return whether a look would only show that the current task runs: a look takes CPU time from it."""
        if not self._director or not self._director.is_waiting or time.monotonic() - rest.began >= SETTLE_LIMIT:
            return False
        return self._director.is_busy()

    def until_look(self, pause: float, busy: int) -> float:
        """Return for how many seconds to wait for an event before the next look. busy: how many times in a row the
        current task was running."""
        if self.has_unwritten or self.director_waits:
            # no event tells that the terminal has room again, or that all tasks are at rest
            return min(pause, FIRST_PAUSE / 4 * (1 + min(busy, 3)))
        if self._director:
            return LONGEST_PAUSE  # a traced task causes an event at its next stop; a look would only take CPU time
        return pause
