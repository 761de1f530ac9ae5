"""`proctor export`: the scripts are run as their reader would, on the faulty launcher and on a sound one."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

import hatch_build
from proctor.conformance.cli.export import summary_of
from proctor.conformance.exploring.campaigns import campaign_named
from proctor.conformance.judging import casefile
from proctor.conformance.judging.casefile import CaseFile
from proctor.conformance.scenarios.sequences import load_sequence
from proctor.conformance.scenarios.signals import LONG_REST, STOP_AND_CONTINUE, finish, send
from proctor.harness import orders
from proctor.harness import scenario as s
from proctor.harness.scenario import (
    INIT,
    JOB,
    LEADER,
    PIPES,
    Hold,
    Look,
    Order,
    Press,
    Release,
    Scenario,
    Settle,
    Signal,
    Stage,
    Step,
    Trace,
    WaitEnds,
)
from proctor.harness.schedule import parse
from proctor.harness.target import Target
from proctor.harness.violation import Violation
from proctor.reports.issue import markdown
from proctor.reports.reproducer.script import reproducer
from tests.conftest import ROOT, Run
from tests.planted import FAULTY, launchers

PYTHON = [sys.executable, "-I", "-S"]
SOUND = launchers()["sound"].command()
OLDEST = (3, 8)
MOST_NICE = 13
"""From here on a stage of nice 5 can be raised by one; sched(7)."""
SHORT = 375
"""Lines that the script of a plain signal scenario stays below."""


class Planted(NamedTuple):
    """A planted fault, and a case that shows it."""

    name: str
    requirement: str
    check: str
    steps: tuple[Step, ...]
    stage: Stage = PIPES
    command: str = "witness"
    args: tuple[bytes, ...] = ()


WRONG = Violation("EXIT-1/wrong-status", {}, "one", "none")


def pressed(key: s.Key) -> tuple[Step, ...]:
    return Settle(), Hold(), Press(key), Settle(), Release(), Settle(), *finish()


def stopped_in_a_shell(shell: s.Parent) -> Scenario:
    """Return a dialogue of Ctrl-Z and fg."""
    stop = (Press("ctrl-z"), s.WaitStopped(), s.WaitOutput("Stopped"), s.WaitOutput("<prompt>"))
    again = (s.Type(b"fg\n"), s.WaitContinued(), Settle(), *finish(), s.WaitOutput("<prompt>"))
    steps = (Order(orders.Inherit(int(signal.SIGTSTP))), Settle(), *stop, *again)
    return Scenario(steps, Stage(terminal=True, parent=shell))


TERM, USR2 = int(signal.SIGTERM), int(signal.SIGUSR2)
DIES = (Order(orders.Die(TERM)), WaitEnds("command"), WaitEnds())
ORPHAN = (
    Order(orders.Spawn("orphan", orphan=True)),
    Order(orders.Exit(0), "orphan"),
    WaitEnds("orphan"),
    Settle(),
    Look(),
    *finish(),
)
HELD_TERM = (Settle(), Hold(), Order(orders.Exit(7)), WaitEnds("command"), Signal(TERM), Release(), WaitEnds())
KILLED = (Settle(), Signal(int(signal.SIGKILL), "command"), WaitEnds("command"), WaitEnds())
LAUNCHER_KILLED = (Settle(), Signal(int(signal.SIGKILL)), WaitEnds("launcher"), Settle())
XTERM = replace(JOB, environment={"TERM": b"xterm-256color"})
VIEW = (Settle(), Order(orders.ReportView()), *finish())
LATE = (Settle(), Trace(at_reap=TERM), *finish())
ENDED_INPUT = (Settle(), s.ClosePipe("stdin"), s.MeasureCpu(), *finish())
END_OF_FILE = (Order(orders.Read(1)), Settle(), s.ClosePipe("stdin"), s.WaitAnswer("read"), *finish())
POURS = Order(orders.Write(1 << 20, 7), waits=False)
TAKEN_LATE = (
    s.StopReading(), POURS, Order(orders.Exit(0)), Settle(), s.ReadOn(most=1000), Settle(), s.ReadOn(),
    WaitEnds("command"), WaitEnds(),
)  # fmt: skip
PIPE = int(signal.SIGPIPE)
NO_READER = (
    Order(orders.Inherit(PIPE)), Settle(), s.ClosePipe("stdout"), POURS, WaitEnds("command"), WaitEnds(),
)  # fmt: skip
UNREAD = (Order(orders.Read(2)), s.Type(b"a\nb\n"), s.WaitAnswer("read"), Settle(), *finish(), s.ReadRest())
SHUTDOWN = (
    Order(orders.ExitOn(TERM, 0)), Settle(), s.ClosePipe("stdin"), Settle(), Signal(TERM), WaitEnds("command"),
    WaitEnds(),
)  # fmt: skip
REGROUPED = (
    Settle(), Order(orders.Regroup()), Settle(), Press("ctrl-c"), s.WaitReceived(int(signal.SIGINT)), *finish(),
)  # fmt: skip
BASH = Stage(terminal=True, parent="bash")
SLOW = (Settle(), *send(TERM), LONG_REST, *finish(7))
OTHERS = (
    Planted("exit_1_seven_bits", "EXIT-1", "exit.same_status", finish(200)),
    Planted("exit_2_zero", "EXIT-2", "exit.same_status", DIES),
    Planted("exit_3_stop_is_end", "EXIT-3", "exit.not_before_command", (*STOP_AND_CONTINUE, *finish())),
    Planted("exit_4_one", "EXIT-4", "exit.not_found", (WaitEnds(),), PIPES, "missing"),
    Planted("exit_4_all_127", "EXIT-4", "exit.not_executable", (WaitEnds(),), PIPES, "forbidden"),
    Planted("exit_5_silent", "EXIT-5", "exit.names_the_death", KILLED),
    Planted("exit_5_unnamed", "EXIT-5", "exit.names_the_death", KILLED),
    Planted("exit_7_last_signal", "EXIT-7", "exit.same_status", HELD_TERM),
    Planted("exit_7_gives_up_after_300_ms", "EXIT-7", "exit.status_after_slow_end", SLOW),
    Planted("sig_1_usr2_swallowed", "SIG-1", "signals.reaches_command", (Settle(), *send(USR2), *finish())),
    Planted("sig_1_term_ends_at_once", "SIG-1", "signals.reaches_command", (Settle(), *send(TERM), *finish()), JOB),
    Planted("sig_2_twice", "SIG-2", "signals.each_one_taken_once", (Settle(), Trace(), *send(TERM), *finish())),
    Planted("sig_2_killed_with_a_thread", "SIG-2", "signals.none_unasked", (Settle(), Settle(11.0), *finish())),
    Planted("sig_8_late_signal", "SIG-8", "signals.never_signals_reaped", LATE),
    Planted("sig_9_late", "SIG-9", "signals.forwarded_in_time", (Settle(), *send(TERM), *finish())),
    Planted("tty_1_forwards_ctrl_c", "TTY-1", "terminal.key_arrives_once", pressed("ctrl-c"), JOB),
    Planted("tty_2_forwards_quit", "TTY-2", "terminal.key_arrives_once", pressed("ctrl-\\"), LEADER),
    Planted("tty_6_stdin_null", "TTY-6", "terminal.terminal_is_the_same", VIEW, JOB),
    Planted("tty_7_raw_left", "TTY-7", "terminal.terminal_is_restored", (Settle(), *finish()), JOB),
    Planted("tty_7_nonblocking_left", "TTY-7", "terminal.terminal_is_restored", (Settle(), *finish()), JOB),
    Planted("tty_9_cursor_when_killed", "TTY-9", "terminal.terminal_is_restored_after_kill", LAUNCHER_KILLED, XTERM),
    Planted("tty_10_cursor_hidden_on_signal", "TTY-10", "terminal.screen_is_restored", DIES, XTERM),
    Planted("stdio_1_keeps_the_pipe_open", "STDIO-1", "stdio.end_of_file_arrives", END_OF_FILE),
    Planted("stdio_2_waits_for_the_end_of_stdin", "STDIO-2", "stdio.ends_with_open_stdin", (Settle(), *finish())),
    Planted("stdio_4_cuts_output", "STDIO-4", "stdio.output_arrives_whole", TAKEN_LATE),
    Planted("stdio_5_reads_on", "STDIO-5", "stdio.no_reader", NO_READER),
    Planted("stdio_5_complains", "STDIO-5", "stdio.no_reader", NO_READER),
    Planted("stdio_7_reads_the_rest", "STDIO-7", "stdio.rest_is_left", UNREAD),
    Planted("stdio_8_ends_with_stdin", "STDIO-8", "stdio.nothing_outlives_the_host", SHUTDOWN),
    Planted("stdio_9_spins_after_end_of_file", "STDIO-9", "stdio.rests", ENDED_INPUT),
    Planted("world_8_term_is_the_end", "WORLD-8", "world.can_finish", load_sequence("systemd-mixed").finishing().steps),
    Planted("world_7_leaves_ctrl_c_to_the_terminal", "WORLD-7", "world.interrupted_in_own_group", REGROUPED, BASH),
    Planted("tree_1_helper_left", "TREE-1", "tree.nothing_left", (Settle(), *finish())),
    Planted("tree_2_adopted_zombies", "TREE-2", "tree.no_zombie", ORPHAN),
    Planted("tree_6_term_ignored", "TREE-6", "tree.init_forwards", (Settle(), *send(TERM), *finish()), INIT),
)
SIGNALS, START = "inherit.signal_settings", finish()
NICE_JOB = Stage(terminal=True, parent="job", nice=5)
NOHUP, NO_CHLD = Stage(ignored=(int(signal.SIGHUP),)), Stage(ignored=(int(signal.SIGCHLD),))
ODD = Stage(environment={"EMPTY": b"", "LINES": b"a\nb", "NOT_UTF_8": b"\xff\xfe", "LC_ALL": b"C"})
OF_START = (
    Planted("inherit_1_nohup_undone", "INHERIT-1", SIGNALS, START, NOHUP),
    Planted("inherit_1_realtime_unblocked", "INHERIT-1", SIGNALS, START, Stage(blocked=(signal.SIGRTMIN + 3,))),
    Planted("inherit_1_sigchld_blocked", "INHERIT-1", SIGNALS, START),
    Planted("inherit_1_sigchld_ignored", "INHERIT-1", SIGNALS, START),
    Planted("inherit_1_sigpipe_ignored", "INHERIT-1", SIGNALS, START),
    Planted("inherit_1_waits_for_sigchld", "INHERIT-1", "inherit.settings_change_nothing", finish(7), NO_CHLD),
    Planted("inherit_2_leak", "INHERIT-2", "inherit.descriptors", START),
    Planted("inherit_2_stderr_merged", "INHERIT-2", "inherit.descriptors", START),
    Planted("inherit_2_stdin_closed", "INHERIT-2", "inherit.descriptors", START),
    Planted("inherit_3_double_dash", "INHERIT-3", "inherit.arguments", START, args=(b"-", b"--", b"-h", b"--version")),
    Planted("inherit_3_drops_empty", "INHERIT-3", "inherit.arguments", START, args=(b"", b"a", b"")),
    Planted("inherit_3_long", "INHERIT-3", "inherit.arguments", START, args=(b"x" * 131_000,)),
    Planted("inherit_3_not_bytes", "INHERIT-3", "inherit.arguments", START, args=(b"\xff\xfe", b"caf\xe9")),
    Planted("inherit_4_directory", "INHERIT-4", "inherit.surroundings", START),
    Planted("inherit_4_files", "INHERIT-4", "inherit.surroundings", START, Stage(limits=((7, 200, 1024),))),
    Planted("inherit_4_nice", "INHERIT-4", "inherit.surroundings", START, Stage(nice=5)),
    Planted("inherit_4_nice_on_a_terminal", "INHERIT-4", "inherit.surroundings", START, NICE_JOB),
    Planted("inherit_4_scheduling_reset", "INHERIT-4", "inherit.surroundings", START, Stage(unusual=True)),
    Planted("inherit_4_umask", "INHERIT-4", "inherit.surroundings", START, Stage(umask=0)),
    Planted("inherit_5_adds", "INHERIT-5", "inherit.environment", START),
    Planted("inherit_5_drops_empty", "INHERIT-5", "inherit.environment", START, ODD),
    Planted("inherit_5_locale", "INHERIT-5", "inherit.environment", START, ODD),
    Planted("inherit_5_not_bytes", "INHERIT-5", "inherit.environment", START, ODD),
    Planted("inherit_5_path", "INHERIT-5", "inherit.environment", START),
    Planted("inherit_6_new_session", "INHERIT-6", "inherit.session_and_group", START),
    Planted("inherit_7_sigchld_default", "INHERIT-7", "inherit.ignored_sigchld", START, NO_CHLD),
)
"""Faults in what the command starts with."""
PLAIN = next(fault for fault in OTHERS if fault.name == "sig_1_usr2_swallowed")
FAULTS: tuple[Planted, ...] = (*OTHERS, *OF_START)


class Window(NamedTuple):
    """A planted race window, and the schedule that meets it."""

    name: str
    requirement: str
    campaign: str
    schedule: str


RACES = (
    Window("handler_after_fork", "SIG-6", "start", "at launcher clone#1 exit: deliver TERM to launcher"),
    Window("flag_before_pause", "SIG-6", "start", "at launcher wait4#1 exit: deliver TERM to launcher"),
    Window("wait_before_mask", "EXIT-1", "order", "at launcher clone#1 exit: hold until child1 ends"),
    Window("kill_after_reap", "SIG-8", "end, pids", "at launcher wait4#1 exit in part 2: deliver TERM to launcher"),
    Window(
        "status_after_reap", "SIG-7", "end", "at launcher rt_sigprocmask#1 exit in part 2: deliver TERM to launcher"
    ),
    Window("keyboard_before_fork", "SIG-6", "start, terminal", "at launcher pipe2#1 exit: press ctrl-c"),
)


def launcher_of(fault: Planted) -> Target:
    return Target(fault.name, launchers()[fault.name].command(), profiles=("transparent", "init"))


def case_of(fault: Planted) -> CaseFile:
    scenario = Scenario(fault.steps, fault.stage, fault.command, fault.args)  # type: ignore[arg-type]
    return a_case(launcher_of(fault), fault.requirement, fault.check, scenario)


def a_case(target: Target, requirement: str, judged_by: str, scenario: Scenario, schedule: str = "") -> CaseFile:
    check, campaign = (judged_by, "") if "." in judged_by else ("", judged_by)
    return CaseFile(
        schema=2, requirement=requirement, check=check, campaign=campaign, target=target, scenario=scenario,
        schedule=parse(schedule), objections=(WRONG,), versions={"launcher": "1.0", "system": "Linux"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the race windows: NAME, and NAME-faulty."""
    directory = tmp_path_factory.mktemp("windows")
    for window in RACES:
        for suffix, define in (("", "-DFAULT=0"), ("-faulty", "-DFAULT=1")):
            words = [*hatch_build.compiler(), "-O2", define, "-o", str(directory / f"{window.name}{suffix}")]
            subprocess.run(
                [*words, str(FAULTY / launchers()[window.name].file)], check=True, capture_output=True, timeout=120
            )
    return directory


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Path]:
    """Yield an empty directory for temporary files too, which has to be empty again afterwards."""
    directory = tmp_path / "empty"
    directory.mkdir()
    yield directory
    assert list(directory.iterdir()) == []


def exported(case: CaseFile, tmp_path: Path) -> str:
    """Return the script of a case, as `proctor export` makes it, without a process of its own."""
    return reproducer(summary_of(casefile.read(casefile.write(case, tmp_path / "cases"))))


def printed(proctor: Run, case: CaseFile, tmp_path: Path, *words: str) -> str:
    """Return what `proctor export` prints."""
    done = proctor("export", str(casefile.write(case, tmp_path / "cases")), *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def play(script: str, where: Path, *words: str, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """Run a script as its reader would, where there is nothing of ours."""
    path = where.parent / "repro.py"
    path.write_text(script)
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(where)}
    line = [python, "-I", str(path), *words]
    for _ in range(5):
        done = subprocess.run(line, cwd=where, env=env, capture_output=True, text=True, timeout=100, check=False)
        if "this machine is so busy" not in done.stderr:  # then it cannot measure milliseconds
            break
    return done


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_script_shows_the_fault_and_no_other(fault: Planted, tmp_path: Path, empty: Path) -> None:
    if fault.name == "inherit_4_nice" and os.nice(0) > MOST_NICE:
        pytest.skip("these tests were started with so high a nice value that the fault cannot raise it")
    script = exported(case_of(fault), tmp_path)
    ast.parse(script, feature_version=OLDEST)
    faulty = play(script, empty)
    assert faulty.returncode == 1, faulty.stdout + faulty.stderr
    assert "FAULT REPRODUCED" in faulty.stdout
    sound = play(script, empty, "--", *SOUND)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert "FAULT NOT REPRODUCED" in sound.stdout


POLLS = [*PYTHON, str(ROOT / "tests" / "launchers_for_tests" / "polls.py"), "3"]


@pytest.mark.parametrize(
    ("fault", "status"), [(PLAIN, 0), (PLAIN._replace(steps=(Settle(), *send(TERM), *DIES), stage=JOB), 0)]
)
def test_a_launcher_that_sleeps_for_longer_than_a_script_waits_has_no_fault(
    fault: Planted, status: int, tmp_path: Path, empty: Path
) -> None:
    done = play(exported(case_of(fault), tmp_path), empty, "--", *POLLS)
    assert done.returncode == status, done.stdout + done.stderr


@pytest.mark.parametrize("window", RACES, ids=lambda window: f"{window.name}-{window.campaign}".replace(" ", "-"))
def test_a_script_with_a_schedule_meets_the_window(window: Window, tmp_path: Path, empty: Path, windows: Path) -> None:
    target = Target(window.name, (str(windows / f"{window.name}-faulty"),))
    scenario = campaign_named(window.campaign).scenario
    script = exported(a_case(target, window.requirement, window.campaign, scenario, window.schedule), tmp_path)
    faulty = play(script, empty)
    assert faulty.returncode == 1, faulty.stdout + faulty.stderr
    sound = play(script, empty, "--", str(windows / window.name))
    assert sound.returncode == 0, sound.stdout + sound.stderr


@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_job_control_in_a_shell(tmp_path: Path, empty: Path) -> None:
    target = launcher_of(Planted("tty_3_never_stops", "TTY-3", "", ()))
    case = a_case(target, "TTY-3", "terminal.job_control", stopped_in_a_shell("bash"))
    script = exported(case, tmp_path)
    assert play(script, empty).returncode == 1
    assert play(script, empty, "--", *SOUND).returncode == 0


def old_python() -> str:
    """Return the oldest Python that is here and that scripts are made for; skip where there is only our own."""
    names = [f"python3.{minor}" for minor in range(OLDEST[1], sys.version_info.minor)]
    known = [(name, Path(path)) for name in names if (path := shutil.which(name))]
    # a shim of pyenv runs only what is chosen just now; what is installed lies beside the shims
    each = [str(one) for name, path in known for one in (path, *path.parents[1].glob(f"versions/*/bin/{name}"))]
    found = [path for path in each if runs(path)]
    if not found:
        pytest.skip("no older Python is installed")
    return found[0]


def runs(python: str) -> bool:
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


def test_it_runs_on_an_old_python(tmp_path: Path, empty: Path) -> None:
    python = old_python()
    script = exported(case_of(PLAIN), tmp_path)
    assert play(script, empty, python=python).returncode == 1
    assert play(script, empty, "--", *SOUND, python=python).returncode == 0


def test_a_plain_signal_scenario_is_short_and_has_only_what_it_needs(tmp_path: Path) -> None:
    script = exported(case_of(PLAIN), tmp_path)
    assert script.count("\n") < SHORT
    # the command line of this launcher is a path, which may be in a directory of any name and of any length
    lines = [line for line in script.splitlines() if not line.startswith("LAUNCHER = ")]
    for absent in ("openpty", "ptrace", "PS1", "SCHEDULE", "unshare", "proctor", "harness"):
        assert not [line for line in lines if absent in line]
    assert max(map(len, lines)) <= 120


def test_the_head_says_what_it_is_about(proctor: Run, tmp_path: Path) -> None:
    script = printed(proctor, case_of(PLAIN), tmp_path)
    assert script == exported(case_of(PLAIN), tmp_path)
    head = ast.get_docstring(ast.parse(script)) or ""
    words = " ".join(head.split())
    for said in ("SIG-1 (MUST)", "reaches the command", "1.0", "python3 FILE -- LAUNCHER", "1: the fault is there"):
        assert said in words


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--", "/no/such/launcher"), "there is no /no/such/launcher here"),
        (("--", "true"), "the command was never started"),
    ],
    ids=["missing", "starts-nothing"],
)
def test_an_inconclusive_script_exits_with_2(words: tuple[str, ...], says: str, tmp_path: Path, empty: Path) -> None:
    done = play(exported(case_of(PLAIN), tmp_path), empty, *words)
    assert done.returncode == 2, done.stdout
    assert f"INCONCLUSIVE: {says}" in done.stderr
    assert "Traceback" not in done.stderr


def descendants(of: str) -> list[str]:
    """Return the command lines of processes that have this in theirs."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if of in line and path.parent.name != str(os.getpid()):
            found.append(line)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("stage", [PIPES, JOB], ids=["pipes", "job"])
def test_interrupted_it_leaves_nothing(number: int, stage: Stage, tmp_path: Path, empty: Path) -> None:
    fault = PLAIN._replace(stage=stage, steps=(Settle(), s.WaitReceived(USR2), *finish()))
    path = tmp_path / "repro.py"
    path.write_text(exported(case_of(fault), tmp_path))
    env = {"PATH": os.environ["PATH"], "TMPDIR": str(empty)}
    script = subprocess.Popen(
        [sys.executable, "-I", str(path)], env=env, cwd=empty, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert script.stdout
    for line in script.stdout:  # the command waits for a signal that is never sent
        if "command runs" in line:
            break
    script.send_signal(number)
    _, errors = script.communicate(timeout=60)
    assert (script.returncode, "Traceback" in errors) == (2, False), errors
    deadline = time.monotonic() + 10
    while (left := descendants(str(path))) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert left == []


HOSTILE = (
    "@someone #1", "\u2028",
    "</details>", "```", "`", "\'\'\'", '\"\"\"', "\\", "\x1b[31m", "a\nb", "{command} {here}", "%s %d",
)  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_strings_are_harmless(text: str, tmp_path: Path, empty: Path) -> None:
    target = Target(f"evil {text}", (*SOUND,), description=text, environment={"ODD": text})
    scenario = Scenario((Settle(), s.Type(text.encode()), *finish()), JOB)
    case = a_case(target, "EXIT-1", "exit.same_status", scenario)
    case = replace(case, objections=(Violation(text, {}, text, text),), versions={"launcher": text, "system": text})
    summary = summary_of(casefile.read(casefile.write(case, tmp_path / "cases")))
    script = reproducer(summary)
    ast.parse(script, feature_version=OLDEST)
    assert "\x1b" not in script
    done = play(script, empty)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    issue = markdown(summary, script)
    assert "\x1b" not in issue
    outside = outside_of_code(issue)
    assert outside.count("</details>") == outside.count("<details>") == 1
    assert "@someone" not in outside


def outside_of_code(text: str) -> str:
    """Return Markdown without its fenced blocks and code spans."""
    kept, fence = [], ""
    for line in text.split("\n"):
        ticks = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(ticks) >= 3:
            fence = ticks
        else:
            kept.append(line)
    assert not fence
    whole = "\n".join(kept)
    for size in (3, 2, 1):
        parts = whole.split("`" * size)
        whole = "".join(parts[::2]) if len(parts) % 2 else whole
    return whole


def test_markdown_tells_what_happens(proctor: Run, tmp_path: Path) -> None:
    text = printed(proctor, case_of(PLAIN), tmp_path, "--format", "markdown", "--trust")
    for said in (
        "# `sig_1_usr2_swallowed`: SIG-1",
        "## Steps",
        "we sent SIGUSR2 to launcher",
        "<details>",
        "def play(run)",
    ):
        assert said in text
    assert "1. Start `" in text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        ("{", "not JSON, or it is incomplete"),
        ("[1]", "the document must be a table"),
        ('{"schema": 2, "requirment": "SIG-6"}', "did you mean 'requirement'"),
        ('{"schema": "1"}', "'schema' must be an integer"),
        ('{"schema": 3, "new": {}, "target": 3}', "has schema 3; this Proctor reads schema 2. Update Proctor"),
        ('{"schema": 1, "new": {}}', "has schema 1; this Proctor reads schema 2. Record it again"),
        ("newer", "this file has schema 3; this Proctor reads schema 2. Update Proctor"),
        ("nowhere", "there is no check 'signals.nonsense'"),
        ("environments", "cannot be exported"),
        ("service", "a service manager"),
        ("unknown", "there is no requirement 'SIG-99'"),
    ],
)
def test_what_cannot_be_exported_is_said(content: str | None, says: str, proctor: Run, tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    case = case_of(PLAIN)
    made = {
        "newer": lambda: casefile.write(replace(case, schema=3), tmp_path),
        "nowhere": lambda: casefile.write(replace(case, check="signals.nonsense"), tmp_path),
        "environments": lambda: casefile.write(replace(case, check="cache.works_afterwards"), tmp_path),
        "service": lambda: casefile.write(replace(case, scenario=Scenario(finish(), Stage(notify=True))), tmp_path),
        "unknown": lambda: casefile.write(replace(case, requirement="SIG-99"), tmp_path),
    }
    if content in made:
        path = made[content]()
    elif content is not None:
        path.write_text(content)
    done = proctor("export", str(path))
    assert done.returncode == 2, done.stdout + done.stderr
    assert says in done.stderr
    assert (done.stdout, "Traceback" in done.stderr) == ("", False)


def test_markdown_of_a_launcher_that_is_not_here(proctor: Run, tmp_path: Path) -> None:
    target = Target("gone", ("/no/such/launcher",))
    case = a_case(target, "EXIT-1", "exit.same_status", Scenario(finish()))
    path = str(casefile.write(case, tmp_path))
    done = proctor("export", path, "--format", "markdown", "--trust")
    assert (done.returncode, "--no-play" in done.stderr) == (2, True), done.stderr
    assert proctor("export", path, "--format", "markdown", "--no-play").returncode == 0
    assert proctor("export", path).returncode == 0
