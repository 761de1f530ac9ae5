"""SIG-6 (MUST): A signal that arrives at ANY moment of the launcher's start reaches the command or ends the launcher
with nothing left behind (no process, no file, no changed terminal); it is never lost, and no child outlives the
launcher.
Seen on timeout, timeout (GNU coreutils) 9.1, Linux 6.18 x86_64: required: no child outlives the launcher; actual:
the launcher ended with exit code 143; the command runs on without it
Run it on Linux, with Python 3.8 or newer: `python3 FILE`, or `python3 FILE -- LAUNCHER OPTIONS...` for another one.
Exit code 1: the fault is there; 0: it is not; 2: it could not be told. It leaves nothing behind. Made by Proctor."""
import contextlib, ctypes, glob, os, pathlib, platform, re, select, shlex, shutil, signal, struct, subprocess, sys
import tempfile, time
from collections import Counter

QUIET = 0.3  # seconds in which no process may run before we say that nothing more comes
GIVE_UP = 2.0  # the same before we say that what we wait for will not come; where timers may wake it, six times that
TIMED = {  # system calls with a time limit: their numbers, and which argument that is; after a stop nobody knows
    "x86_64": {"7": 2, "35": 0, "128": 2, "202": 3, "219": -1, "230": 2, "232": 3, "270": 4, "271": 2, "281": 3},
}.get(os.uname().machine, {"22": 3, "72": 4, "73": 2, "98": 3, "101": 0, "115": 2, "128": -1, "137": 2})  # as on arm64
PYTHON = [sys.executable, "-I", "-S", os.path.abspath(__file__), "--as"]  # this script, and then its role
KEYS = {"ctrl-c": b"\x03", "ctrl-\\": b"\x1c", "ctrl-z": b"\x1a", "ctrl-d": b"\x04"}
CALLS = {'x86_64': {13: 'rt_sigaction', 14: 'rt_sigprocmask', 289: 'signalfd4', 282: 'signalfd', 223: 'timer_settime', 38:
    'setitimer', 37: 'alarm', 130: 'rt_sigsuspend', 128: 'rt_sigtimedwait', 34: 'pause', 61: 'wait4', 247: 'waitid',
    7: 'poll', 271: 'ppoll', 23: 'select', 270: 'pselect6', 232: 'epoll_wait', 281: 'epoll_pwait', 441:
    'epoll_pwait2', 35: 'nanosleep', 230: 'clock_nanosleep', 57: 'fork', 58: 'vfork', 56: 'clone', 435: 'clone3', 59:
    'execve', 322: 'execveat', 231: 'exit_group', 62: 'kill', 200: 'tkill', 234: 'tgkill', 129: 'rt_sigqueueinfo',
    424: 'pidfd_send_signal', 434: 'pidfd_open', 157: 'prctl', 101: 'ptrace', 112: 'setsid', 109: 'setpgid', 16:
    'ioctl', 22: 'pipe', 293: 'pipe2', 33: 'dup2', 292: 'dup3', 2: 'open', 257: 'openat', 85: 'creat', 83: 'mkdir',
    258: 'mkdirat', 84: 'rmdir', 87: 'unlink', 263: 'unlinkat', 82: 'rename', 264: 'renameat', 316: 'renameat2', 86:
    'link', 265: 'linkat', 88: 'symlink', 266: 'symlinkat', 77: 'ftruncate', 73: 'flock'}, 'aarch64': {134:
    'rt_sigaction', 135: 'rt_sigprocmask', 74: 'signalfd4', 110: 'timer_settime', 103: 'setitimer', 133:
    'rt_sigsuspend', 137: 'rt_sigtimedwait', 260: 'wait4', 95: 'waitid', 73: 'ppoll', 72: 'pselect6', 22:
    'epoll_pwait', 441: 'epoll_pwait2', 101: 'nanosleep', 115: 'clock_nanosleep', 220: 'clone', 435: 'clone3', 221:
    'execve', 281: 'execveat', 94: 'exit_group', 129: 'kill', 130: 'tkill', 131: 'tgkill', 138: 'rt_sigqueueinfo',
    424: 'pidfd_send_signal', 434: 'pidfd_open', 167: 'prctl', 117: 'ptrace', 157: 'setsid', 154: 'setpgid', 29:
    'ioctl', 59: 'pipe2', 24: 'dup3', 56: 'openat', 34: 'mkdirat', 35: 'unlinkat', 38: 'renameat', 276: 'renameat2',
    37: 'linkat', 36: 'symlinkat', 46: 'ftruncate', 32: 'flock'}}
WALL = 0x40000000  # wait(2): threads that we trace as well
SEIZE = 0x4206
LISTEN = 0x4208
SYSCALL = 24
CONT = 7
GETREGS = 12
SETREGS = 13
GETEVENTMSG = 0x4201
GET_SYSCALL_INFO = 0x420E
FOLLOW = 1 | 2 | 4 | 8 | 16 | 32 | 1 << 20  # TRACESYSGOOD, FORK, VFORK, CLONE, EXEC, VFORKDONE, EXITKILL
SCHEDULE = [  # at (task, call, when, n-th, part): what is done there
    (('launcher', 'clone', 'exit', 1, 1), ('send', signal.SIGTERM, 'launcher'), 'at launcher clone#1 exit: deliver TERM to launcher'),
]
AT_ONCE = ['alarm', 'dup2', 'dup3', 'ftruncate', 'link', 'linkat', 'mkdir', 'mkdirat', 'pidfd_open', 'pipe', 'pipe2',
    'prctl', 'ptrace', 'rename', 'renameat', 'renameat2', 'rmdir', 'rt_sigaction', 'rt_sigprocmask', 'setitimer',
    'setpgid', 'setsid', 'signalfd', 'signalfd4', 'symlink', 'symlinkat', 'timer_settime', 'unlink', 'unlinkat']  # calls in which nobody is ever blocked
CHANGES = {0x5402, 0x5403, 0x5404, 0x5406, 0x5407, 0x5408, 0x540B, 0x540E, 0x5410, 0x5412, 0x5414, 0x5422}
ORDER = signal.SIGRTMAX - 1  # with this the command is told that there is an order; no case sends it
LAUNCHER = ['timeout', '--foreground', '1h']

def play(run):  # What is done, in order
    try:
        direct(run)
        on_pipes(run)
        comes(run, 'command', 'runs')
        settle(run)
        run.part += 1
        tell(run, 'exit 7')
        comes(run, 'command', 'ended')
        comes(run, 'launcher', 'ended')
    finally:
        note_what_was_not_reached(run)
        who_is_left(run)

def judge(alone, seen):  # What is wrong, in words: `alone` is the run without the launcher, `seen` the one with it
    needs_points(seen)
    return hangs(seen) or orphan(seen) or outlived(alone, seen, ()) or lost(seen, ['SIGTERM'])

class Run:  # One run, with the launcher or, where that has no words, of the command alone; `events`: what happened
    def __init__(self, launcher):
        self.launcher, self.events, self.pids, self.missing, self.said, self.read = launcher, [], {}, "", "", 0
        self.began, self.seen, self.directory = time.monotonic(), [], tempfile.mkdtemp()
        self.words = [*launcher, *PYTHON, "Command", self.directory, "command"]
        self.environment = {**os.environ, "HOME": self.directory, "TMPDIR": self.directory}
        self.status = lambda: as_in_a_shell(os.waitpid(self.pids["launcher"], 0)[1])  # how it has ended
        os.mkfifo(self.directory + "/reports")
        self.readers = {os.open(self.directory + "/reports", os.O_RDWR): self.hear}

    def play(self):  # Play the script, up to what does not come. Nothing is left of it
        print("With the launcher, %s:" % shlex.join(self.launcher) if self.launcher else "The command alone:")
        try:
            play(self)
        except TimeoutError as what:
            self.missing = str(what)
            self.note("this did not come: " + self.missing)
        finally:
            self.close()
        return self

    def note(self, text, *event):  # Print what happens, and keep it
        print("%9.1f ms  %s" % (1e3 * (time.monotonic() - self.began), ascii(text)[1:-1]), flush=True)
        self.events.append(event)
    def all(self, *kind):  # Return the events that begin like this
        return [event for event in self.events if event[: len(kind)] == kind]
    def hear(self, reports):  # Take in what the command tells
        for line in os.read(reports, 65536).decode().splitlines():
            who, what, *words = line.split()
            if what == "runs":
                self.pids[who] = int(words[0])
            self.note(line, what, who, *words)

    def take_in(self, seconds):  # Take in what is told; then who has ended, the launcher looked at first
        gone = [who for who in sorted(self.pids)[::-1] if not state(self.pids[who]) and not self.all("ended", who)]
        ready = select.select(list(self.readers), [], [], 0 if gone else seconds)[0]
        for one in ready:
            self.readers[one](one)
        for who in reversed(gone if not ready else []):
            status = self.status() if who == "launcher" else ""
            self.note("%s ended %s" % (who, status), "ended", who, status)

    def wait(self, what, is_there, quiet=GIVE_UP):  # Wait for what comes, as long as any process runs or may wake up
        began = self.since = self.looked = time.monotonic()
        self.rest = 0.0
        while not is_there() and self.rest < 6 * quiet and self.looked < began + 30 * quiet:
            self.take_in(0.01)
            if self.idle() >= quiet and not self.wakes_up() and self.idle() >= quiet:  # nor has it just been woken up
                break
        if what and not is_there():
            raise (TimeoutError if self.rest >= quiet else RuntimeError)(what)  # somebody was at work all the time

    def idle(self):  # Return for how many seconds no process has run: all were blocked, none was given the processor
        tasks = [path for pid in below(os.getpid()) for path in glob.glob("/proc/%d/task/*/status" % pid)]
        seen = [re.findall(r"^(?:Pid|State|\w*ctxt_switches):\t(\w+)", contents(path), re.MULTILINE) for path in tasks]
        now, is_at_work = time.monotonic(), any("R" in one or "D" in one for one in seen)
        self.rest += 0 if is_at_work else now - self.looked
        self.since = now if is_at_work or seen != self.seen else self.since
        self.seen, self.looked = seen, now
        return now - self.since

    def wakes_up(self):  # Whether a timer may wake anybody but our commands, as far as can be seen; proc_pid_syscall(5)
        ours = [self.pids[event[1]] for event in self.all("runs") if event[1] != "launcher"]
        others = [pid for pid in below(os.getpid()) if pid not in ours and state(pid) == "S"]
        calls = [contents(path).split() for pid in others for path in glob.glob("/proc/%d/task/*/syscall" % pid)]
        times = [[*call, "0x0"][1 + TIMED.get(call[0], -2)] if call else "?" for call in calls]
        return not set(times) <= {"0x0", "0xffffffff", "0xffffffffffffffff"}  # NULL, -1

    def close(self):  # End everyone whom this run has started, and remove its files
        while below(os.getpid()):
            for pid in below(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0x40000000)  # __WALL, wait(2)
        self.said += contents(self.directory + "/output")
        shutil.rmtree(self.directory, ignore_errors=True)

def below(ancestor):  # Return the processes that this one has started, and that these have
    rows = [contents(path).rpartition(") ") for path in glob.glob("/proc/[0-9]*/stat")]
    parents = {int(head.split()[0]): int(tail.split()[1]) for head, _, tail in rows if tail}
    found = [ancestor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]
def contents(path):  # Return what is in a file, nothing where it is gone
    with contextlib.suppress(OSError), open(path, errors="replace") as file:
        return file.read()
    return ""
def state(pid):  # Return a process' state, such as T for stopped, nothing where it has ended; proc_pid_stat(5)
    return contents("/proc/%d/stat" % pid).rpartition(") ")[2][:1].strip("Z")
def as_in_a_shell(status):  # Return what a shell shows for a wait status: 128+N for signal N; POSIX.1-2024 XCU 2.8.2
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
def name_of(number):  # Return the name of a signal
    return {int(one): one.name for one in signal.Signals}.get(number, "SIGRTMIN+%d" % (number - signal.SIGRTMIN))

def send(run, number, to="launcher"):  # Send a signal to one process
    run.note("we send %s to the %s" % (name_of(number), to), "sent", number, to)
    if not run.all("ended", to):
        os.kill(run.pids[to], number)
def send_to_group(run, number):  # Send a signal to the launcher's process group
    run.note("we send %s to the launcher's process group" % name_of(number), "sent", number, "group")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pids["launcher"], number)
def settle(run):  # Wait until no process has run for a moment: whatever was to come of what was done has come
    run.wait("", lambda: False, QUIET)
def tell(run, text, to="command"):  # Tell the command what to do
    if run.all("ended", to):
        raise TimeoutError("%s is there to be told: %s" % (to, text))
    run.note("%s is told: %s" % (to, text))
    pathlib.Path(run.directory, to).write_text(text)
    os.kill(run.pids[to], ORDER)
def comes(run, who, what, *more, times=1):  # Wait until somebody runs, has received a signal, has ended
    run.wait(" ".join((who, what, *more)), lambda: len(run.all(what, who, *more)) >= times)
def press(run, key):  # Press a key at the terminal
    run.note("we press " + key, "pressed", key)
    os.write(run.master, KEYS[key])

def who_is_left(run):
    """Note who is still there once no process runs any more; zombies and what we started ourselves do not count."""
    run.wait("", lambda: run.all("ended", "launcher"))
    settle(run)
    names = {pid: name for name, pid in reversed(list(run.pids.items()))}
    for pid in below(os.getpid()):
        name = names.get(pid) or contents("/proc/%d/comm" % pid).strip()
        if state(pid) and name not in ("shell", "its parent"):
            run.note("still there: %s (pid %d)" % (name, pid), "left", name)

def start(run, **how):  # Start the launcher, in a session of its own
    run.process = subprocess.Popen(run.words, cwd=run.directory, env=run.environment, start_new_session=True, **how)
    run.pids["launcher"], run.process.returncode = run.process.pid, 0  # we wait for it ourselves
def on_pipes(run, **how):  # Start it without a terminal, as a service manager does
    with open(run.directory + "/output", "w") as output:
        start(run, **{"stdin": subprocess.PIPE, "stdout": output, "stderr": output, **how})

def close_gate(run):  # Have the launcher wait before its first instruction
    os.mkfifo(run.directory + "/gate")
    run.gate = os.open(run.directory + "/gate", os.O_RDWR)  # both, for who opens one end only waits for the other
    run.words = [*PYTHON, wait_at_gate.__name__, run.directory + "/gate", *run.words]
def wait_at_gate(gate, *words):  # Become the launcher when the gate is opened
    with open(gate) as file:
        file.readline()
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python itself ignores these two
    os.execvp(words[0], words)
def open_gate(run):  # Let it go on
    os.write(run.gate, b"\n")

def wrong(required, actual):  # Return one objection
    return ["required: %s\nactual:   %s" % (required, actual)]

def ptrace(request, tid, data=0, address=0):
    """Ask for one thing. ProcessLookupError where the task was killed, PermissionError where tracing is refused."""
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes, call.restype = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p), ctypes.c_long
    if call(request, tid, address, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace: " + os.strerror(ctypes.get_errno()))
def seize(tid, options):  # Begin to trace a task; RuntimeError where that is refused
    try:
        ptrace(SEIZE, tid, options)
    except PermissionError:
        raise RuntimeError("ptrace is refused here; see kernel.yama.ptrace_scope, a container's seccomp") from None
def go_on(tid, request, number=0):  # Let a stopped task run, with this signal delivered to it
    with contextlib.suppress(OSError):  # it was killed meanwhile
        ptrace(request, tid, number)
def call_of(tid):
    """Return 1 and number and arguments where a task stands at the entry of a call; 2 and the result at its exit."""
    info = ctypes.create_string_buffer(88)
    with contextlib.suppress(OSError):
        ptrace(GET_SYSCALL_INFO, tid, ctypes.addressof(info), len(info))
    return info.raw[0], list(struct.unpack_from("=7q", info, 24))
def message_of(tid):  # Return the new task's id, at the stop of the one that made it
    message = ctypes.c_ulong()
    with contextlib.suppress(OSError):
        ptrace(GETEVENTMSG, tid, ctypes.addressof(message))
    return message.value

def set_back(tid, in_call):
    """Put a task before the system call that it stands in; return whether it was done. in_call: at its entry, so that
    handlers run first. Else, where it was interrupted although it acts on no signal: untraced it would sleep on."""
    registers = ctypes.create_string_buffer(8 * 27)  # struct user_regs_struct of x86-64
    try:
        ptrace(GETREGS, tid, ctypes.addressof(registers))
        words = list(struct.unpack("=27Q", registers.raw))
        if platform.machine() != "x86_64" or (not in_call and words[10] != (1 << 64) - 4):  # rax: -EINTR
            return False
        words[16], words[10] = words[16] - 2, words[15]  # rip, rax, orig_rax; the instruction has two bytes
        words[15] = (1 << 64) - 1 if in_call else words[15]
        registers.raw = struct.pack("=27Q", *words)
        ptrace(SETREGS, tid, ctypes.addressof(registers))
    except OSError:
        return False
    return True

def kind_of(status):  # Say what a wait status of a traced task tells of
    if not os.WIFSTOPPED(status):
        return "end"
    number, event = os.WSTOPSIG(status), status >> 16
    if event == 128:  # PTRACE_EVENT_STOP
        return "group" if number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU) else "stop"
    if number == signal.SIGTRAP | 0x80:
        return "call"
    return {0: "signal", 1: "made", 2: "made by vfork", 3: "made", 4: "exec"}.get(event, "stop")

def sends(name, arguments):  # Return to whom a call sends which signal, 0 for a handle of a process
    at = 1 if name == "tgkill" else 0
    whom = ctypes.c_int32(arguments[at]).value
    return 0 if name == "pidfd_send_signal" else whom, arguments[at + 1] & 0xFF

def note_sent(run, name, arguments):  # Note a signal that the launcher has sent
    whom, number = sends(name, arguments)
    run.note(
        "the launcher calls %s for pid %d with %s" % (name, whom, name_of(number) if number else 0),
        "called",
        whom,
        number,
    )

class Task:  # One thread. name: "launcher", "child1" in order of creation, "launcher.t2"; none for the command's
    def __init__(self, tid, pid, name):
        self.tid, self.pid, self.name, self.call, self.arguments = tid, pid, name, "", [0] * 6
        self.born = self.in_vfork = False
        self.again = None
        self.todo = []

class Turns:  # Who there is, who has the turn, who is kept at a point, who stands by
    def __init__(self, run):
        self.run, self.children = run, 0
        self.tasks = {}
        self.early = set()
        self.kept = []
        self.standing = {}
        self.turn = None
        self.sent_to = None
        self.counts = Counter()
        self.reached = set()

    def resume(self, task, number=0):  # Let it run to its next call; the command is not stopped there
        go_on(task.tid, SYSCALL if task.name else CONT, number)
    def in_turn(self, task, action):  # Do it now if nobody else has the turn; else stand by
        if self.turn in (None, task):
            self.turn = task
            action()
        else:
            self.standing[task] = action
    def reach(self, task, call, when):  # Come to a point, when it is one's turn
        self.in_turn(task, lambda: self.pass_by(task, call, when))

    def pass_by(self, task, call, when):  # Count a point, and see what the schedule has for it
        self.counts[task.name, call, when, self.run.part] += 1
        point = (task.name, call, when, self.counts[task.name, call, when, self.run.part], self.run.part)
        self.reached.add(point)
        todo = [action for at, action, _ in SCHEDULE if at == point]
        waiting = [one for one in self.kept if one.todo[:1] == [("hold until", point)]]
        if waiting:
            self.turn = None
            self.standing[task] = lambda: self.keep(task, todo)
            for one in waiting:
                self.let_go(one)
        else:
            self.keep(task, todo)

    def keep(self, task, todo):
        """Keep a task where it is until what the schedule says has been done; let it run where it says nothing."""
        task.todo = todo
        if todo:
            self.kept.append(task)
            self.skip(task)
        else:
            self.resume(task)

    def skip(self, task):  # Let go who would be held for what has come already
        what, *which = task.todo[0]
        if (what == "hold until" and which[0] in self.reached) or (what == "hold" and self.has_ended(*which)):
            self.let_go(task)
    def has_ended(self, name, does):  # Whether a process was there, and is not any more
        known = name == "launcher" or int(name[5:]) <= self.children
        return does == "ends" and known and all(task.name.partition(".")[0] != name for task in self.tasks.values())

    def on_rest(self):  # All have come to rest: do the next thing
        kept = [task for task in self.kept if task is not self.sent_to]
        doing = [task for task in kept if not task.todo[0][0].startswith("hold")]
        blocking = [one for one in kept if one.todo[0][0] == "hold" and one.todo[0][2] == "blocks"]
        if self.early:
            tid = self.early.pop()
            self.children += 1
            self.tasks[tid] = Task(tid, tid, "child%d" % self.children)
            self.bear(self.tasks[tid])
        elif self.sent_to:
            task, self.sent_to = self.sent_to, None
            self.proceed(task)
        elif doing:
            self.carry_out(doing[0])
        elif self.standing:
            self.turn = min(self.standing, key=lambda task: (not task.name.startswith("launcher"), task.name))
            self.standing.pop(self.turn)()
        elif kept:
            free = [one for one in blocking if all(task.name.partition(".")[0] != one.todo[0][1] for task in kept)]
            self.let_go((free or kept)[0])

    def carry_out(self, task):  # Send a signal or press a key, while the task stands at its point
        what, *words = task.todo.pop(0)
        self.run.note("%s stands at its point of the schedule" % task.name)
        if what == "press":
            press(self.run, *words)
            time.sleep(0.001)  # a work queue of the kernel carries the key; tty_flip_buffer_push()
        elif words[1] == "group":
            send_to_group(self.run, words[0])
        else:
            known = {one.name: one.tid for one in self.tasks.values() if one.name}
            self.run.pids.setdefault(words[1], known.get(words[1], 0))
            with contextlib.suppress(ProcessLookupError):
                send(self.run, *words)
        if any(one is not task and one.pid == task.pid for one in self.tasks.values()):
            self.sent_to = task  # another thread may take it first
        else:
            self.proceed(task)

    def let_go(self, task):  # Hold it no longer
        task.todo.pop(0)
        self.proceed(task)

    def proceed(self, task):
        """Go on with what else there is at this point, or run. At an entry a handler is to run before the call."""
        if task.todo:
            self.skip(task)
            return
        self.kept.remove(task)
        self.turn = task
        if task.call and set_back(task.tid, in_call=True):
            task.again, task.call = task.call, ""
        self.resume(task)

    def bear(self, task):  # A new task is there, before its first instruction
        task.born = True
        self.reach(task, "birth", "exit") if task.name else self.resume(task)

class Director(Turns):
    """Takes in each stop of the launcher's tasks, and has the next thing done when all have come to rest."""

    def __init__(self, run):
        super().__init__(run)
        self.heard, self.begun, self.is_gate_open = 0, False, False
        self.looked = None
        self.wait_status = None
        self.stopped = set()
        self.plain_take_in, self.plain_idle = run.take_in, run.idle
        close_gate(run)
        run.take_in, run.idle = self.take_in, self.idle
        self.names = CALLS[os.uname().machine]

    def take_in(self, seconds):
        """Take in stops until there are none for a moment; when all have come to rest do the next thing."""
        if not self.is_gate_open and "launcher" in self.run.pids:
            self.seize(self.run.pids["launcher"])
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            try:
                tid, status = os.waitpid(-1, os.WNOHANG | WALL)
            except ChildProcessError:
                break
            if tid:
                self.take(tid, status)
                until = time.monotonic() + 0.002
        is_waiting = self.kept or self.standing or self.early or self.sent_to
        self.plain_take_in(0 if is_waiting else seconds)
        if len(self.run.events) != self.heard:  # the script may have something to do first
            self.heard, self.looked = len(self.run.events), None
        elif is_waiting and self.at_rest():
            self.run.since = time.monotonic()
            self.on_rest()

    def idle(self):  # Nobody is idle as long as somebody is to go on
        if self.kept or self.standing or self.early or self.sent_to:
            self.run.since = time.monotonic()
        idle = self.plain_idle()
        return idle

    def at_rest(self):  # Whether all are blocked, or kept where they are by us, and none has run between two looks
        kept = {*self.early, *self.stopped, *(task.tid for task in [*self.kept, *self.standing])}
        if self.sent_to:
            kept.add(self.sent_to.tid)
        self.plain_idle()
        states = [(tid, state) for state, tid, *_ in self.run.seen if int(tid) not in kept]
        waiting = {str(task.tid) for task in self.tasks.values() if task.in_vfork}
        calm = all(state in "SZTX" or (state == "D" and tid in waiting) for tid, state in states)
        before, self.looked = self.looked, (calm, self.run.seen)
        return calm and before == self.looked

    def seize(self, pid):  # Begin with the process that is about to become the launcher
        seize(pid, FOLLOW)
        self.tasks[pid] = Task(pid, pid, "launcher")
        self.tasks[pid].born = True
        self.run.status = self.status
        open_gate(self.run)
        self.is_gate_open = True
    def status(self):
        """Return how the launcher has ended. Its parent is told only when we, who trace it, have taken that in; and we
        are told of it when all its threads have been, so whatever comes is taken."""
        while self.wait_status is None:
            self.take(*os.waitpid(-1, WALL))
        return as_in_a_shell(self.wait_status)

    def take(self, tid, status):  # Take in one stop, or the end of a task
        kind, task = kind_of(status), self.tasks.get(tid)
        if task is None:
            if kind == "stop":
                self.early.add(tid)  # a newborn may report before its maker does
            return
        self.stopped.discard(tid)
        if kind == "end":
            self.gone(task)
            if tid == self.run.pids["launcher"]:
                self.wait_status = status
            if task.pid == self.run.pids.get("command") and os.WIFSIGNALED(status):
                self.run.events.append(("died", "command"))
        elif kind == "call":
            self.at_call(task)
        elif kind.startswith("made"):
            self.made(task, kind == "made by vfork")
        elif kind == "exec":
            self.executed(task)
        elif kind == "signal":
            self.signalled(task, os.WSTOPSIG(status))
        elif kind == "group":
            self.stopped.add(tid)
            go_on(tid, LISTEN)
        else:
            task.in_vfork = False
            self.resume(task) if task.born else self.bear(task)

    def at_call(self, task):  # At the entry or exit of a call: a point, if it is one of those
        way, words = call_of(task.tid)
        name = self.names.get(words[0], "") if way == 1 and self.begun and task.name else ""
        if way == 1 and is_point(name, words[1:]):
            task.call, task.arguments = name, words[1:]
            again, task.again = task.again, None
            if again == name:
                self.in_turn(task, lambda: self.resume(task))
            else:
                self.reach(task, name, "entry")
        elif way == 2 and task.call:
            name, task.call = task.call, ""
            self.note(task, name)
            if name in AT_ONCE and not any(one[0][:3] == (task.name, name, "exit") for one in SCHEDULE):
                self.resume(task)
            else:
                self.reach(task, name, "exit")
        else:
            self.resume(task)

    def note(self, task, name):  # Note what the launcher has sent, and that it has reaped the command
        pid = self.run.pids.get("command", 0)
        if task.pid != self.run.pids["launcher"]:
            return
        if name in ("kill", "tkill", "tgkill", "rt_sigqueueinfo", "pidfd_send_signal"):
            note_sent(self.run, name, task.arguments)
        elif (
            name in ("wait4", "waitid") and pid and not self.run.all("reaped") and not os.path.exists("/proc/%d" % pid)
        ):
            self.run.note("the launcher has reaped the command by " + name, "reaped", pid)

    def made(self, maker, by_vfork):  # A process or a thread was made
        tid = message_of(maker.tid)
        is_thread = os.path.exists("/proc/%d/task/%d" % (maker.pid, tid))
        number = 1 + sum(task.pid == maker.pid for task in self.tasks.values())
        name = maker.name and "%s.t%d" % (maker.name.partition(".")[0], number)
        if maker.name and not is_thread:
            self.children += 1
            name = "child%d" % self.children
        self.tasks[tid] = task = Task(tid, maker.pid if is_thread else tid, name)
        maker.in_vfork = by_vfork
        self.resume(maker)
        if tid in self.early:
            self.early.discard(tid)
            self.bear(task)

    def executed(self, task):  # A process runs another program now, in its first thread; the others have gone
        for other in [one for one in self.tasks.values() if one.pid == task.pid and one.tid != task.pid]:
            self.gone(other)
        first = self.tasks.setdefault(task.pid, Task(task.pid, task.pid, task.name))
        first.born = True
        words = contents("/proc/%d/cmdline" % task.pid).split("\0")[:-1]
        if not self.begun and wait_at_gate.__name__ in words:  # not yet: seized in the middle of its becoming that
            self.resume(first)
            return
        was_begun, self.begun = self.begun, True
        if words[-3:] == self.run.words[-3:] and len(words) == len(PYTHON) + 3:  # it is the command
            first.name, first.call = "", ""
            self.turn = None if self.turn is first else self.turn
        if was_begun:
            self.resume(first)
        else:
            self.run.note("launcher runs as pid %d" % task.pid, "runs", "launcher")
            self.reach(first, "birth", "exit")

    def signalled(self, task, number):
        """A signal is about to be delivered. One that does nothing would not even wake an untraced task up."""
        fields = dict(
            line.split(":\t", 1) for line in contents("/proc/%d/status" % task.tid).splitlines() if ":\t" in line
        )
        bit = 1 << (number - 1)
        caught, ignored = (int(fields.get(name, "0"), 16) & bit for name in ("SigCgt", "SigIgn"))
        if not caught and (ignored or number in (17, 18, 23, 28)):  # CHLD, CONT, URG, WINCH
            set_back(task.tid, in_call=False)
            self.resume(task, number)
        elif not task.name or self.sent_to:
            self.resume(task, number)
        else:
            self.in_turn(task, lambda: self.resume(task, number))

    def gone(self, task):  # It has ended
        self.tasks.pop(task.tid, None)
        self.standing.pop(task, None)
        self.turn = None if self.turn is task else self.turn
        self.sent_to = None if self.sent_to is task else self.sent_to
        self.kept = [one for one in self.kept if one is not task]
        if task.tid == task.pid:
            for one in [one for one in self.kept if one.todo[0] == ("hold", task.name, "ends")]:
                self.let_go(one)

def is_point(name, arguments):  # Whether a call changes anything that others see: not where it only asks
    if name in ("rt_sigaction", "rt_sigprocmask"):
        return arguments[1] != 0
    if name in ("open", "openat"):
        return bool(arguments[1 if name == "open" else 2] & os.O_CREAT)
    if name == "prctl":
        return arguments[0] in (1, 36)  # PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER
    return bool(name) and (name != "ioctl" or arguments[1] in CHANGES)
def note_what_was_not_reached(run):
    """Note which points of the schedule were never passed; where only a hold stands, that may be so."""
    reached = run.director.reached if run.launcher else {at for at, _, _ in SCHEDULE}
    for at, action, text in SCHEDULE:
        if at not in reached and not action[0].startswith("hold"):
            run.note("not reached: " + text, "not reached", text)
def direct(run):  # From its first instruction on, let one task of the launcher run at a time, and do what SCHEDULE says
    run.part = 1
    if run.launcher:
        run.director = Director(run)

def needs_points(seen):  # Nothing can be said where the launcher went another way than the schedule says
    missed = [event[1] for event in seen.all("not reached")]
    if missed:
        raise RuntimeError("the launcher did not come by: " + "; ".join(missed))
def hangs(seen):  # The launcher ends
    last = "it hangs: it did not come that %s" % seen.missing
    return [] if seen.all("ended", "launcher") else wrong("the launcher ends when its work is done", last)
def orphan(seen):  # The command does not run on without the launcher
    order = [event[:2] for event in seen.events if event[:1] in (("ended",), ("runs",))]
    ends = [who for what, who in order if what == "ended"]
    if ("runs", "command") not in order or ends[:1] != ["launcher"]:
        return []
    status = seen.all("ended", "launcher")[0][2]
    return wrong("no child outlives the launcher", "it ended with status %s; the command runs on without it" % status)
def outlived(alone, seen, usual):  # Nobody is left. usual: who is left when no signal is sent, too
    known = [*usual, *(event[1] for event in alone.all("left"))]
    left = [event[1] for event in seen.all("left") if event[1] not in known]
    return wrong("no child outlives the launcher", "still there: " + ", ".join(left)) if left else []
def lost(seen, names):  # The signal ends the launcher before there is a command, or it reaches that
    killed_by_us = seen.all("sent", signal.SIGKILL, "command")
    if not seen.all("runs", "command") or (seen.all("died", "command") and not killed_by_us):
        return []
    missing = [name for name in names if not seen.all("received", "command", name)]
    return wrong("%s reaches the command" % missing[0], "it never did") if missing else []

class Command:  # What the launcher is asked to start: it tells of each signal, and does what it is told
    def say(self, *words):  # Tell one thing
        os.write(self.reports, (" ".join(map(str, (self.name, *words))) + "\n").encode())

    def __init__(self, directory, name):
        self.directory, self.name, self.reports = directory, name, os.open(directory + "/reports", os.O_WRONLY)
        self.taken = set(signal.valid_signals()) - {signal.SIGCHLD, signal.SIGKILL, signal.SIGSTOP}
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)
        self.say("runs", os.getpid())
        while True:  # until it is told to end, or has heard nothing for a minute
            info = signal.sigtimedwait(self.taken, 60) or os._exit(113)
            if info.si_signo != ORDER:
                sender = "its parent" if info.si_pid == os.getppid() else "pid %d" % info.si_pid
                self.say("received", name_of(info.si_signo), "from", "the kernel" if info.si_code == 128 else sender)
            else:
                word, *words = contents(directory + "/" + name).split()
                globals()["order_" + word.replace("-", "_")](self, *words)

def order_exit(me, code):  # End with this exit code
    os._exit(int(code))

def main():  # Play it twice and compare; return the exit code
    if sys.argv[1:2] == ["--as"]:
        globals()[sys.argv[2]](*sys.argv[3:])
    signal.alarm(900)  # seconds; nothing takes so long
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda number, _: (signal.signal(number, signal.SIG_IGN), sys.exit(2)))
    launcher = sys.argv[1:][sys.argv[1:2] == ["--"] :] or LAUNCHER
    try:
        if not sys.platform.startswith("linux") or not shutil.which(launcher[0]):
            raise RuntimeError("there is no %s here, or this is not Linux" % launcher[0])
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: who loses its parent becomes our child
        alone, seen = Run([]).play(), Run(launcher).play()
        if alone.missing or len(seen.all("runs")) < len(alone.all("runs")[:1]):
            raise RuntimeError(alone.missing or "the command was never started; printed was: %a" % seen.said[-300:])
        found = judge(alone, seen)
    except Exception as reason:
        print("COULD NOT TELL: %s" % reason, file=sys.stderr)
        return 2
    print("\n".join(["THE FAULT IS THERE:", *found]) if found else "THE FAULT IS NOT THERE: all is as required.")
    return 1 if found else 0

sys.exit(main())
