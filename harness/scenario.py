"""A scenario: the stage on which a launcher wakes up, and our stimuli in order. Data only.

The script ends early at the first awaited fact that does not come; what was missed is in the history. After the
last step the runner waits until everything is quiescent, looks, and ends whatever is left.
"""

from __future__ import annotations

import signal
from typing import Literal, get_args

import msgspec

from proctor.harness.bounds import (
    ByteCount,
    FileModeMask,
    Niceness,
    Number32,
    OptionName,
    OptionValue,
    Resource,
    ResourceLimit,
    Seconds,
    SignalNumber,
    SignalOrNone,
    WindowSize,
)
from proctor.harness.orders import OrderToWitness
from proctor.harness.programs import PROGRAMS, Program
from proctor.harness.strict import kebab
from proctor.harness.target import Invocation

Parent = Literal[
    "runner",
    "job",
    "init",
    "bash",
    "dash",
    "zsh",
    "supervisord",
    "sshd",
    "jupyter",
    "watchfiles",
    "nodemon",
    "mcp-host",
]
SHELLS = ("bash", "dash", "zsh")
REAL_PARENTS = ("supervisord", "sshd", "jupyter", "watchfiles", "nodemon", "mcp-host")
"""Whose child the launcher is. runner: leader of a session of its own. job: foreground job of a session leader
which, like a shell, is its parent. init: PID 1 of a PID namespace. bash, dash, zsh: typed into that shell. The others
are real programs (harness/runner/parents), which start the launcher anew as they do; then there is a launcher-2 with a
command-2. They do what `Order(Ask(VERB), to="parent")` asks for."""

NAMES_WITHOUT_TERMINAL: dict[Parent, str] = {"runner": "pipes", "job": "pipes-job"}
STAGE_NAMES = ("pipes", "pipes-job", "job", "leader", "init", *SHELLS, *REAL_PARENTS)
"""Short names of stages, as in the names of cases, in results and in declared deviations."""

Pipe = Literal["stdin", "stdout", "stderr"]
OutputPipe = Literal["stdout", "stderr"]
Key = Literal["ctrl-c", "ctrl-\\", "ctrl-z", "ctrl-d"]
KEYS: dict[Key, bytes] = {"ctrl-c": b"\x03", "ctrl-\\": b"\x1c", "ctrl-z": b"\x1a", "ctrl-d": b"\x04"}
SIGNALS_OF_KEYS: dict[Key, int] = {"ctrl-c": signal.SIGINT, "ctrl-\\": signal.SIGQUIT}
"""The keys whose signals a command can catch and go on, and those signals."""
ORDERS_WITHOUT_ANSWER = tuple(kind.__struct_config__.tag for kind in get_args(OrderToWitness) if not kind.answers)
"""The first words of orders after which a command has nothing to say, or only later."""

NAMES_IN_GROUP = "abc"
"""The names of several commands, in the order in which the launcher is given them."""

USUALLY_WITHIN = 5.0
"""Seconds within which what is awaited has to come."""


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the launcher is started with. Signals are numbers; limits are (resource, soft, hard)."""

    terminal: bool = False
    parent: Parent = "runner"
    options: dict[OptionName, OptionValue] = {}
    """How a real parent is configured, such as stopsignal for supervisord."""
    blocked: tuple[SignalNumber, ...] = ()
    ignored: tuple[SignalNumber, ...] = ()
    limits: tuple[tuple[Resource, ResourceLimit, ResourceLimit], ...] = ()
    nice: Niceness = 0
    umask: FileModeMask = 0o022
    environment: dict[str, bytes] = {}
    groups: tuple[Number32, ...] = ()
    """Supplementary groups, where we may set them (as root); as they are where this is empty or we may not."""
    unusual: bool = False
    """Whether what else the kernel keeps for a process has values that few processes have, as far as the system allows
    it: one CPU, batch scheduling, another I/O priority, memory policy, timer slack, personality, OOM score."""
    rows: WindowSize = 24
    columns: WindowSize = 80
    type_ahead: bytes = b""
    """Typed before the launcher is started."""
    home: Literal["kept", "cold", "warm", "stale"] = "kept"
    """What the launcher finds in HOME and the working directory. kept: what its last run left. cold: nothing but its
    target's files. warm: what undisturbed runs leave. stale: the same, but the project has changed since. But for
    "kept" it is noted what becomes of them."""
    build_waits: bool = False
    """Whether the build backend of the project says that it is there, as "backend", and waits to be told to go on."""
    watches_flags: bool = False
    """Whether the launcher is traced from its start, and each change of the flags of its descriptors 0, 1, 2 noted."""
    watches_programs: bool = False
    """Whether each program that the launcher's own process executes is noted, as far as the system allows it."""
    reads_attributes: bool = False
    """Whether the command reports all that the kernel keeps for it (Inherited.attributes): this takes a tenth of the
    time of an execution."""
    notify: bool = False
    """Whether NOTIFY_SOCKET is set, and listened to, as a service manager does; sd_notify(3)."""

    @property
    def name(self) -> str:
        """One of STAGE_NAMES: whose child the launcher is, and whether there is a terminal."""
        names: dict[Parent, str] = {"runner": "leader", "job": "job"} if self.terminal else NAMES_WITHOUT_TERMINAL
        return names.get(self.parent, self.parent)


PIPES = Stage()
"""No terminal; the launcher leads a session of its own, as under a service manager."""
JOB = Stage(terminal=True, parent="job")
"""A terminal; the launcher is a shell's foreground job."""
LEADER = Stage(terminal=True)
"""A terminal; the launcher is its session's leader, as in a terminal window or `docker run -t`."""
INIT = Stage(parent="init")
"""PID 1 of a PID namespace."""


class _Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag_field="do", tag=kebab):
    pass


class Signal(_Step, frozen=True):
    """Send a signal to the launcher alone, to its process group, or to another process by its name."""

    signal: SignalNumber
    to: str = "launcher"


class Press(_Step, frozen=True):
    """Press a key at the terminal."""

    key: Key


class Type(_Step, frozen=True):
    """Type bytes at the terminal, or write them to the pipe on stdin."""

    data: bytes


class TypePattern(_Step, frozen=True):
    """Type `count` bytes of a pattern that `seed` determines."""

    count: ByteCount
    seed: Number32 = 1


class Resize(_Step, frozen=True):
    """Change the terminal's window size."""

    rows: WindowSize
    columns: WindowSize


class HangUp(_Step, frozen=True):
    """Close the terminal's other end, as when a window is closed or a connection breaks."""


class ClosePipe(_Step, frozen=True):
    """Close our end of a pipe: on stdin the other side reads end of file, on stdout or stderr who writes gets SIGPIPE,
    or EPIPE."""

    stream: Pipe


class StopReading(_Step, frozen=True):
    """Read no more of what comes on stdout or stderr: who writes has to wait as soon as the pipe is full; pipe(7)."""

    stream: OutputPipe = "stdout"


class ReadOn(_Step, frozen=True):
    """Read again after StopReading: no more than `most` bytes of what is there, and then stop again; 0: all that comes
    from now on."""

    stream: OutputPipe = "stdout"
    most: ByteCount = 0


class ReadRest(_Step, frozen=True):
    """Read what is left in the pipe on stdin, as the next program of a shell script would that has the same stdin."""


class Order(_Step, frozen=True):
    """Tell a witness to do something (see orders.py) and wait for its answer, if it gives one. waits: False to go on
    at once; WaitAnswer waits then."""

    order: OrderToWitness
    to: str = "command"
    waits: bool = True

    @property
    def text(self) -> str:
        """The order as it goes over the witness' socket."""
        return str(self.order)


class Hold(_Step, frozen=True):
    """Stop every process between us and the command (SIGSTOP): what the command gets now, it did not get from them."""


class Release(_Step, frozen=True):
    """Let what was held go on: children first, so that no parent sees a stopped child."""


class Trace(_Step, frozen=True):
    """Follow the launcher's calls that send signals and that reap, from here on. Each signal that it sends is taken by
    the command before the launcher goes on, so that two never merge. at_reap: a signal that the launcher is sent at
    the return of the call by which it reaps the command, 0 for none."""

    at_reap: SignalOrNone = 0


class NewPhase(_Step, frozen=True):
    """From here on schedule points are counted anew."""


class Start(_Step, frozen=True):
    """Call the launcher once more, beside what runs: `name` is this process' name, and its command's is NAME-command.
    Its output goes to a file."""

    invoke: Invocation
    name: str


class Enter(_Step, frozen=True):
    """Start the tool of the environment that a sync has made for the project, as its user would. `name` is this
    process' name, and the witness is NAME-command."""

    name: str


class Reuse(_Step, frozen=True):
    """Start a process, named stranger, which has the pid that another had."""

    process: str = "launcher"


class Compare(_Step, frozen=True):
    """Note how the launcher's directories differ from what they were before it was started."""

    when: str


class Settle(_Step, frozen=True):
    """Wait until nothing more can come of what was done so far (quiescence). A timer that is set for less than `limit`
    seconds is waited for as well, once."""

    limit: Seconds = 0.0


class MeasureCpu(_Step, frozen=True):
    """Measure the CPU time that the launcher uses for a second, unless it is quiescent."""


class Look(_Step, frozen=True):
    """Note the process table and the terminal as they are now."""


class WaitReceived(_Step, frozen=True):
    """Wait until a process has received a signal once more."""

    signal: SignalNumber
    process: str = "command"


class WaitEnds(_Step, frozen=True):
    """Wait until a process has ended."""

    process: str = "launcher"


class WaitReady(_Step, frozen=True):
    """Wait until a witness has reported that it runs."""

    process: str = "command"


class WaitStopped(_Step, frozen=True):
    """Wait until a process is stopped (job control)."""

    process: str = "command"


class WaitContinued(_Step, frozen=True):
    """Wait until a stopped process goes on."""

    process: str = "command"


class WaitAnswer(_Step, frozen=True):
    """Wait for a witness' answer to an order that takes its time (read, read-line)."""

    order: str
    process: str = "command"


class WaitOutput(_Step, frozen=True):
    """Wait for text on the terminal, after what was matched before; "<prompt>" is the shell's prompt."""

    text: str


class WaitMilestone(_Step, frozen=True):
    """Wait until a real program has reported once more that it has come to a point of its own (see
    harness/witness/programs)."""

    name: str
    process: str = "command"


Await = WaitReceived | WaitEnds | WaitReady | WaitStopped | WaitContinued | WaitAnswer | WaitOutput | WaitMilestone
Step = (
    Signal | Press | Type | TypePattern | Resize | HangUp | ClosePipe | StopReading | ReadOn | ReadRest | Order | Hold
    | Release | Trace | NewPhase | Start | Enter | Reuse | Compare | Settle | MeasureCpu | Look | Await
)  # fmt: skip


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One script.

    command: "witness"; "tool", the witness by the name of a program that the launcher's environment has; a path on
    which exec must fail: "missing" (ENOENT), "forbidden" (EACCES); or the name of a real program (programs.py), which
    reports as a witness, but takes no orders.
    within: seconds an awaited fact may take. start_within: seconds the launcher has to start its command; 0: as long as
    PROCTOR_START_WITHIN says. args: the command's arguments, byte for byte.
    invoke: what the launcher is called for. after: steps that are taken in any case, when the script has come to its
    end or has been cut short; of these, too, comparisons are made in any case. interpreter: the Python that is asked
    for: the usual one, one of another version, or one that is ended by SIGKILL as soon as it starts.
    """

    steps: tuple[Step, ...]
    stage: Stage = Stage()
    command: Literal["witness", "tool", "missing", "forbidden", Program] = "witness"
    args: tuple[bytes, ...] = ()
    within: Seconds = USUALLY_WITHIN
    invoke: Invocation = "run"
    after: tuple[Step, ...] = ()
    interpreter: Literal["usual", "other", "killed"] = "usual"
    start_within: Seconds = 0.0
    group: Literal[0, 2, 3] = 0
    """How many commands the launcher is given at once: command-a, command-b, command-c; 0: one, which is "command"."""
    starts: Literal["all", "first", "one-at-a-time"] = "all"
    """Of several commands: which have to report before anything else is done. first: the one that reports first, which
    is command-a then; the next is command-a-2. one-at-a-time: the same, and the launcher is told to run only one at a
    time."""

    @property
    def commands(self) -> tuple[str, ...]:
        """The names of the commands that the launcher is given."""
        return tuple(f"command-{name}" for name in NAMES_IN_GROUP[: self.group]) or ("command",)

    def reports_as(self, name: str) -> str:
        """Return the name by which one of several commands is known when it reports: where only the first is awaited
        it is known in the order in which they report, for a launcher may start them in any order."""
        return name if self.starts == "all" else self.commands[0]

    @property
    def awaited_commands(self) -> tuple[str, ...]:
        """The names of those that have to report before anything else is done."""
        if not self.starts_command:
            return ()
        return self.commands if self.starts == "all" else self.commands[:1]

    @property
    def starts_command(self) -> bool:
        """Whether a witness is to report before anything else is done. Where a build waits, none can."""
        reports = self.command in ("witness", "tool", *PROGRAMS)
        return self.invoke == "run" and reports and not self.stage.build_waits


def key_of(scenario: Scenario) -> bytes:
    """Return bytes that are equal for equal scenarios: a key for what is executed once and kept."""
    return msgspec.json.encode(scenario, order="deterministic")
