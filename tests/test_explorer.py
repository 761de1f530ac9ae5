"""The explorer on real launchers: the same schedule gives the same history, and known races are found."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from proctor.conformance.checks.files import CODE
from proctor.conformance.exploring.campaign import Campaign
from proctor.conformance.exploring.campaign_verdict import judge_campaign
from proctor.conformance.exploring.campaigns import campaign_named, campaigns_of_any_launcher, whole_run
from proctor.conformance.exploring.extent import Extent
from proctor.conformance.exploring.worker_pool import WorkerPool, explorer_for, survey_of
from proctor.conformance.judging.judge import Bare
from proctor.conformance.scenarios.signals import finish, send
from proctor.harness.descriptions import load
from proctor.harness.execute import execute
from proctor.harness.explorer.explore import Evaluation
from proctor.harness.explorer.sweep import PlannedSchedule
from proctor.harness.history import (
    DirectiveApplied,
    Ended,
    Event,
    History,
    PointReached,
    Reaped,
    Received,
    Sent,
    SignalCall,
    Unobserved,
    WaitFailed,
    WitnessReady,
)
from proctor.harness.scenario import JOB, PIPES, Scenario, Settle, Trace
from proctor.harness.schedule import Schedule, parse
from proctor.harness.target import BARE, Target
from tests.built_for_tests import compiled
from tests.planted import launchers

SENDS = Path("tests/launchers_for_tests/sends.py").resolve()
SOUND = Target("sound", launchers()["sound"].command())
TERM_AT_FORK = "at launcher clone#1 exit: deliver TERM to launcher"
THROUGH = ("launcher", "launcher-exec")


def installed(name: str) -> Target:
    if not shutil.which(name):
        pytest.skip(f"needs {name}: apt-get install {name}")
    return load(name)


def play(target: Target, text: str, campaign: str = "start") -> tuple[History, Evaluation]:
    """Play a schedule once; return what happened and what its campaign says of it."""
    chosen = campaign_named(campaign)
    bare, _ = Bare(execute).of(target, chosen.scenario)
    history = execute(target, chosen.scenario, parse(text))
    return history, chosen.predicate(bare)(history)


def told(history: History) -> list[str]:
    """Return what happened without times and pids."""
    kinds = (PointReached, DirectiveApplied, Sent, Received, Ended)
    facts = [event.fact for event in history.events if isinstance(event.fact, kinds)]
    return [
        f"{fact.process} received {fact.signal}"
        if isinstance(fact, Received)
        else f"{fact.process} ended {fact.code} {fact.signal}"
        if isinstance(fact, Ended)
        else f"sent {fact.signal} to {fact.to}"
        if isinstance(fact, Sent)
        else str(fact)
        for fact in facts
    ]


@pytest.mark.parametrize("name", ["tini", "dumb-init", "timeout", "./launcher"])
def test_the_same_points_each_time(name: str) -> None:
    target = load(name) if name == "./launcher" else installed(name)
    histories = [execute(target, whole_run(PIPES), Schedule(record=True)) for _ in range(10)]
    assert len(histories[0].facts(PointReached)) > 10
    assert all(told(history) == told(histories[0]) for history in histories)


def test_the_command_alone_passes_no_points_but_its_birth() -> None:
    history = execute(BARE, whole_run(PIPES), Schedule(record=True))
    assert [str(fact.at) for fact in history.facts(PointReached)] in ([], ["launcher birth"])


def test_term_at_the_return_of_fork_orphans_the_command_of_timeout() -> None:
    """GNU timeout 9.1: the handler is installed, the pid not stored yet."""
    for _ in range(10):
        history, evaluation = play(installed("timeout"), TERM_AT_FORK)
        assert evaluation.label == "orphan"
        (sent,) = history.facts(Sent)
        assert (sent.signal, sent.to, sent.errno) == (signal.SIGTERM, "launcher", 0)


def test_term_before_setsid_is_lost_by_dumb_init() -> None:
    """dumb-init 1.2.5 signals the group of a child that has not called setsid yet."""
    text = "at child1 setsid#1 entry: deliver TERM to launcher\nat child1 setsid#1 entry: hold until launcher blocks"
    for _ in range(10):
        assert play(installed("dumb-init"), text)[1].label == "lost"


def test_both_orders_after_a_fork_can_be_had() -> None:
    def ends_of(text: str) -> list[str]:
        history, _ = play(installed("tini"), text)
        return [str(fact.directive.action) for fact in history.facts(DirectiveApplied)]

    first = "at launcher clone#1 exit: hold until child1 blocks\n"
    assert ends_of(first + TERM_AT_FORK) == 2 * ["hold until child1 blocks"] + ["deliver TERM to launcher"]
    assert ends_of(TERM_AT_FORK) == ["deliver TERM to launcher"]


def test_a_task_is_held_until_another_comes_to_a_point() -> None:
    at, until = "launcher clone#1 exit", "child1 setpgid#1 exit"
    history, _ = play(installed("tini"), f"at {at}: hold until {until}\n{TERM_AT_FORK}")
    facts = [event.fact for event in history.events if isinstance(event.fact, DirectiveApplied | PointReached | Sent)]
    assert [f"{fact.at}" if isinstance(fact, PointReached) else type(fact).__name__ for fact in facts] == [
        at, "DirectiveApplied", until, "DirectiveApplied", "DirectiveApplied", "Sent",
    ]  # fmt: skip


def test_a_task_held_for_what_never_comes_is_let_go() -> None:
    history, evaluation = play(installed("tini"), f"at launcher clone#1 exit: hold until child7 birth\n{TERM_AT_FORK}")
    assert [fact.what for fact in history.facts(DirectiveApplied)] == ["held", "forced", "done"]
    assert not evaluation.objections


@pytest.mark.parametrize("to", ["child1", "launcher.t2"])
def test_a_signal_can_go_to_a_single_task(to: str, tmp_path: Path) -> None:
    """A launcher that answers USR1 in its second thread, which alone lets it in, or in its child: exit code 9."""
    script = tmp_path / "answers.py"
    script.write_text(ANSWERS)
    target = Target("answers", (sys.executable, "-I", "-S", str(script), to))
    history = execute(target, whole_run(PIPES), parse(f"at launcher mkdir#1 exit: deliver USR1 to {to}"))
    (sent,) = history.facts(Sent)
    assert (sent.to, sent.errno) == (to, 0)
    assert [fact.code for fact in history.facts(Ended) if fact.process == "launcher"] == [9]


ANSWERS = """
import os, signal, subprocess, sys, threading, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
taken = []
child = 0
if sys.argv[1] == "child1":
    child = os.fork()
    if child == 0:
        os._exit(9 if signal.sigwait({signal.SIGUSR1}) else 1)
else:
    waiter = threading.Thread(target=lambda: taken.append(signal.sigwait({signal.SIGUSR1})))
    waiter.start()
os.mkdir(os.environ["TMPDIR"] + "/here")
os.rmdir(os.environ["TMPDIR"] + "/here")
if child:
    taken += [1] * (os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9)
else:
    waiter.join()
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
subprocess.run(sys.argv[2:])
sys.exit(9 if taken else 0)
"""


OF_MOMENTS = [campaign for campaign in campaigns_of_any_launcher() if not campaign.failing]
"""Those about signals and the order of processes. For failing calls see test_failing_calls.py."""


@pytest.mark.parametrize("name", ["tini", "./launcher", "sound"])
@pytest.mark.parametrize("campaign", OF_MOMENTS, ids=lambda campaign: campaign.name)
def test_complete_sweep_of_a_correct_launcher_finds_nothing(name: str, campaign: Campaign) -> None:
    target = SOUND if name == "sound" else load(name) if name == "./launcher" else installed(name)
    judgement = judge_campaign(campaign, target, execute, Bare(execute), Extent(seconds=60.0))
    assert judgement.verdict == "pass", judgement
    assert judgement.explored and judgement.explored.stretches and " of " in str(judgement.explored)


def test_a_task_that_spins_lets_the_others_run() -> None:
    """It spins for each of sixty helpers, which are stopped meanwhile. A second for each would be more than the start
    may take. A task that goes on yielding is taken to be blocked."""
    target = Target("spins", (sys.executable, "-I", "-S", str(SENDS.with_name("spins.py"))))
    for text in ("", "at child1 birth: hold until launcher blocks"):
        history, _ = play(target, text)
        assert not history.facts(WaitFailed)
        assert history.facts(WitnessReady)
    assert [fact.what for fact in history.facts(DirectiveApplied)] == ["held", "let go"]


def test_a_signal_that_a_thread_takes_because_we_hold_the_first_is_not_judged(tmp_path: Path) -> None:
    """Alone, the first thread takes it, and the command dies of it if execve(2) comes first. No kernel loses it."""
    target = Target("threaded", (str(compiled("execs_with_thread", tmp_path)),))
    campaign = campaign_named("start", (signal.SIGTERM,))
    history = execute(target, campaign.scenario, parse("at launcher execve#1 entry: deliver TERM to launcher"))
    assert [fact.code for fact in history.facts(Unobserved)] == ["signal-ended-by-exec"]
    judgement = judge_campaign(campaign, target, execute, Bare(execute), Extent())
    assert judgement.verdict == "pass", judgement
    assert judgement.explored
    assert judgement.explored.inconclusive


def test_launcher_that_execs_is_the_command() -> None:
    for name in THROUGH[1:]:
        judgement = judge_campaign(campaign_named("start"), load(name), execute, Bare(execute), Extent(seconds=60.0))
        assert judgement.verdict in ("pass", "not applicable"), judgement


def test_two_workers_play_what_one_does() -> None:
    target, campaign = installed("timeout"), campaign_named("start", (signal.SIGTERM,))
    plan = campaign.plan(survey_of(target, campaign), "sweep", exhaustive=False)
    counts = []
    for workers in (1, 2):
        crew = WorkerPool(target, workers, replays=2)
        explored, interrupted = crew.explore(campaign, iter(plan.planned), 60.0, lambda count: None)
        crew.close()
        assert not interrupted
        counts.append((len(explored.played), {finding.evaluation.label for finding in explored.findings}))
    assert counts[0] == counts[1] == (plan.size, {"orphan"})


def test_a_point_that_is_not_passed_is_no_finding() -> None:
    _, evaluation = play(installed("tini"), "at launcher clone#7 exit: deliver TERM to launcher")
    assert not evaluation.objections
    explorer = explorer_for(installed("tini"), campaign_named("start"), replays=1)
    assert not explorer.play_one(PlannedSchedule(parse("at child9 birth: deliver TERM to launcher"), None, "")).reached


# -- launchers that are difficult to follow

DIFFICULT = {
    "threads": "import threading, time\nfor _ in range(20): threading.Thread(target=time.sleep, args=(0.01,)).start()",
    "execs itself": "if os.environ.pop('AGAIN', ''): pass\nelse:\n os.environ['AGAIN'] = '1'\n "
    "os.execv(sys.executable, [sys.executable, '-I', '-S', *sys.orig_argv[3:]])",
    "a setuid program": "os.system('su --version >/dev/null 2>&1')",
    "forks a thousand times": "for _ in range(1000):\n p = os.fork()\n if not p: os._exit(0)\n os.waitpid(p, 0)",
    "a thread that execs": "import threading\nif '--' in sys.argv: threading.Thread(target=lambda: os.execvp("
    "sys.argv[1], sys.argv[1:])).start()",
    "a child that stops": "p = os.fork()\nif not p: os.kill(os.getpid(), 19); os._exit(0)\n"
    "assert os.WIFSTOPPED(os.waitpid(p, os.WUNTRACED)[1])\nos.kill(p, 18); os.waitpid(p, 0)",
}
REST = "\nimport subprocess\nsys.exit(subprocess.run(sys.argv[1:]).returncode)"


@pytest.mark.parametrize("what", DIFFICULT)
def test_difficult_launchers_can_be_followed(what: str, tmp_path: Path) -> None:
    script = tmp_path / "difficult.py"
    script.write_text(f"import os, sys\n{DIFFICULT[what]}{REST}")
    target = Target(what, (sys.executable, "-I", "-S", str(script)))
    plain = execute(target, whole_run(PIPES))
    history = execute(target, whole_run(PIPES), Schedule(record=True))
    assert history.facts(PointReached)
    ends = [[(f.code, f.signal) for f in h.facts(Ended) if f.process == "launcher"] for h in (plain, history)]
    assert ends[0] == ends[1], ends


EXECS_FROM_A_THREAD = """
import os, signal, sys, threading
reader, writer = os.pipe()
def run():
    os.read(reader, 1)
    os.execv("/usr/bin/env", ["env", *sys.argv[1:]])
threading.Thread(target=run).start()
signal.pthread_sigmask(signal.SIG_BLOCK, [])  # a schedule point: from here on this thread runs until it blocks
os.write(writer, b"x")
signal.sigwait([signal.SIGUSR1])
"""


def test_exec_from_another_thread_is_no_exit_of_the_first_ones_call(tmp_path: Path) -> None:
    """The thread that execs takes the id of the first, whose own call never returns: ptrace(2)."""
    script = tmp_path / "execs.py"
    script.write_text(EXECS_FROM_A_THREAD)
    target = Target("execs from a thread", (sys.executable, "-I", "-S", str(script)))
    history = execute(target, whole_run(PIPES), Schedule(record=True))
    points = [str(fact.at) for fact in history.facts(PointReached)]
    waits = points.index("launcher rt_sigtimedwait#1 entry")
    assert points[waits:][:3] == [
        "launcher rt_sigtimedwait#1 entry", "launcher.t2 execve#1 entry", "launcher.t2 execve#1 exit"
    ]  # fmt: skip
    assert "launcher rt_sigtimedwait#1 exit" not in points
    (ended,) = [fact for fact in history.facts(Ended) if fact.process == "launcher"]
    assert ended.code == CODE


def test_a_step_that_traces_works_under_a_schedule() -> None:
    """A task has one tracer, and that is the schedule's: it records what the step asks for."""
    sends = Target("twice", (sys.executable, "-I", "-S", str(SENDS), "kill+kill"))
    steps = (Settle(), Trace(at_reap=signal.SIGUSR1), *send(signal.SIGTERM), *finish(3))
    for _ in range(5):
        history = execute(sends, Scenario(steps), Schedule(record=True))
        assert not history.facts(Unobserved)
        assert len([fact for fact in history.facts(Received) if fact.signal == signal.SIGTERM]) == 2
        calls = [(fact.call, fact.signal, fact.result) for fact in history.facts(SignalCall)]
        assert calls == [("kill", signal.SIGTERM, 0)] * 2
        reaped = next(event.index for event, _ in history.all(Reaped))
        assert [(event.index, fact.signal) for event, fact in history.all(Sent)][1:] == [(reaped + 1, signal.SIGUSR1)]


@pytest.mark.parametrize("script", ["import time; time.sleep(1000)", "while True: pass", "import os; os._exit(3)"])
def test_launcher_that_starts_nothing_is_no_error_of_ours(script: str) -> None:
    target = Target("starts nothing", (sys.executable, "-I", "-S", "-c", script))
    scenario = msgspec.structs.replace(whole_run(JOB), start_within=3.0)
    history = execute(target, scenario, parse(TERM_AT_FORK))
    assert not any(fact.process == "command" for fact in history.facts(Ended))


def test_where_nothing_can_be_traced_it_is_not_observable() -> None:
    """No verdict, least of all a pass, comes of a stage that cannot be set up or a launcher that cannot be followed."""

    def refused(target: Target, script: Scenario, schedule: Schedule | None = None) -> History:
        played = execute(target, script)
        facts = [Unobserved("ptrace-refused")] if schedule else []
        events = tuple(Event(len(played.events) + n, 1.0, "runner", fact) for n, fact in enumerate(facts))
        return msgspec.structs.replace(played, events=(*played.events, *events))

    judgement = judge_campaign(campaign_named("start"), load("./launcher"), refused, Bare(execute), Extent(seconds=1.0))
    assert (judgement.verdict, "ptrace is refused" in judgement.reason) == ("not observable", True)


def test_where_no_point_is_passed_again_it_is_not_observable() -> None:
    """A launcher whose calls are other ones each time shows nothing."""

    def another_way(target: Target, script: Scenario, schedule: Schedule | None = None) -> History:
        return execute(target, script, schedule if schedule and schedule.record else schedule and Schedule())

    judgement = judge_campaign(
        campaign_named("end"), load("./launcher"), another_way, Bare(execute), Extent(seconds=1.0)
    )
    assert judgement.verdict == "not observable", judgement
