"""SIG-6 (MUST): A signal that arrives at ANY moment of the launcher's start reaches the command or ends the launcher
with nothing left behind (no process, no file, no changed terminal); it is never lost, and no child outlives the
launcher.
Seen on timeout, timeout (GNU coreutils) 9.1, Linux 6.18 x86_64: required: no child outlives the launcher; actual:
the launcher ended with exit code 143; the command keeps running
Run it on Linux, with Python 3.8 or newer: `python3 FILE`. `python3 FILE -- LAUNCHER OPTIONS...` tests another
launcher. Exit code 1: the fault is there; 0: it is not; 2: inconclusive. It leaves nothing behind. Made by Proctor."""
import contextlib, ctypes, glob, os, pathlib, platform, re, resource, select, shlex, shutil, signal, socket, struct
import subprocess, sys, tempfile, time
from collections import Counter

PYTHON = [sys.executable, "-I", "-S", os.path.abspath(__file__), "--as"]  # starts this script in another role
PATIENCE = 3.0  # seconds for which we wait for what we do not see
WAITS = dict(one.split('=') for one in {  # calls: number=what they wait for:argument that is their timeout
    "x86_64":
        "0=fd: 1=fd: 7=poll:2 16=fd: 19=fd: 20=fd: 23=select:4 34=: 35=:0 61=: 128=:2 130=: 202=futex:3 219=:? "
        "230=:2 232=epoll:3 247=: 270=select:4 271=poll:2 281=epoll:3 441=epoll:3 ",
    "aarch64":
        "22=epoll:3 29=fd: 63=fd: 64=fd: 65=fd: 66=fd: 72=select:4 73=poll:2 95=: 98=futex:3 101=:0 115=:2 128=:? "
        "133=: 137=:2 260=: 441=epoll:3 ",
}.get(os.uname().machine, "").split())
INSTRUCTION = {"x86_64": b"\x0f\x05", "aarch64": b"\x01\x00\x00\xd4"}  # of a call of this machine's own table
NO_TIMEOUT = (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF)  # NULL, -1
TIMER = "a timer"
OURS = ("pipe:", "anon_inode:[signalfd]", "anon_inode:[timerfd]", "/dev/pts/", "/dev/tty",
        "/dev/null", "/dev/zero", "/dev/urandom")
KEYS = {"ctrl-c": b"\x03", "ctrl-\\": b"\x1c", "ctrl-z": b"\x1a", "ctrl-d": b"\x04"}
STAGE = {}  # what the launcher is started with that is not as usual
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
SENDING = ('kill', 'tkill', 'tgkill', 'rt_sigqueueinfo', 'pidfd_send_signal', 'rt_tgsigqueueinfo')  # calls that send signals
REAPING = ('wait4', 'waitid')  # calls that wait for the end of a child
WALL = 0x40000000  # wait(2): for traced threads too
SEIZE = 0x4206
LISTEN = 0x4208
SYSCALL = 24
CONT = 7
GETREGS = 12
SETREGS = 13
GETEVENTMSG = 0x4201
GET_SYSCALL_INFO = 0x420E
FOLLOW = 1 | 2 | 4 | 8 | 16 | 32 | 1 << 20  # TRACESYSGOOD, FORK, VFORK, CLONE, EXEC, VFORKDONE, EXITKILL
SCHEDULE = [  # at (thread, call, when, n-th, part): what is done, in words, the programs that run
    (('launcher', 'clone', 'exit', 1, 1), ('send', signal.SIGTERM, 'launcher'), 'at launcher clone#1 exit: deliver TERM to launcher', ('timeout', '')),
]
AT_ONCE = ['alarm', 'dup2', 'dup3', 'ftruncate', 'link', 'linkat', 'mkdir', 'mkdirat', 'pidfd_open', 'pipe', 'pipe2',
    'prctl', 'ptrace', 'rename', 'renameat', 'renameat2', 'rmdir', 'rt_sigaction', 'rt_sigprocmask', 'setitimer',
    'setpgid', 'setsid', 'signalfd', 'signalfd4', 'symlink', 'symlinkat', 'timer_settime', 'unlink', 'unlinkat']  # calls that never block
ONLY_IF = {'rt_sigaction': (1, -1, ()), 'rt_sigprocmask': (1, -1, ()), 'prctl': (0, 0, (1, 36)), 'ioctl': (1, 0, (21506,
    21507, 21508, 21510, 21511, 21512, 21515, 21518, 21520, 21522, 21524, 21538, 1076646955, 1076646956, 1076646957)),
    'open': (1, 64, ()), 'openat': (2, 64, ())}  # see is_point
ORDER = signal.SIGRTMAX - 1  # says that there is an order; no case sends it
LAUNCHER = ['timeout', '--foreground', '1h']

def undisturbed(run):  # what is played behind the launcher before that
    on_pipes(run)
    wait_for(run, 'command', 'runs')
    tell(run, 'exit 0')
    wait_for(run, 'launcher', 'ended')
    note_processes_left(run)
    note_files_left(run)

def play(run):  # the steps, in order
    try:
        trace(run)
        on_pipes(run)
        wait_for(run, 'command', 'runs')
        settle(run)
        run.part += 1
        tell(run, 'exit 7')
        wait_for(run, 'command', 'ended')
        wait_for(run, 'launcher', 'ended')
    finally:
        needs_points(run)
        note_processes_left(run)
        note_files_left(run)

def judge(bare, launched):  # The signal ends the launcher and nothing is left, or it reaches the command
    needs_delivery(launched)
    found = hangs(launched) or orphan(launched) or outlived(bare, launched)
    return found or lost(launched) or changed(bare, launched)

class ObservedRun:  # One run of the command, behind the launcher or without it; `events` is what happens
    def __init__(self, launcher, place):
        self.launcher, self.events, self.pids, self.timed_out, self.output, self.read_to = launcher, [], {}, "", "", 0
        self.began, self.last_look, self.place, self.unsure, self.tracer = time.monotonic(), [], place, "", None
        for name in ("home", "work", "tmp"):
            os.makedirs(place + "/" + name, exist_ok=True)
        self.directory = tempfile.mkdtemp(dir=place)
        self.words = command_line(launcher, [*PYTHON, "ReportingCommand", self.directory, "command"])
        home, temporary = os.path.join(place, "home"), os.path.join(place, "tmp")
        self.environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": home, "TMPDIR": temporary}
        self.environment.update(LANG="C.UTF-8", TERM="dumb", XDG_CACHE_HOME=home + "/.cache")
        self.environment.update(XDG_CONFIG_HOME=home + "/.config", XDG_DATA_HOME=home + "/.local/share")
        self.environment.update(XDG_STATE_HOME=home + "/.local/state")
        self.status = lambda: shell_status(os.waitpid(self.pids["launcher"], 0)[1])  # the launcher's, at its end
        os.mkfifo(self.directory + "/reports")
        self.reports = os.open(self.directory + "/reports", os.O_RDWR)
        self.readers = {self.reports: self.read_reports}

    def play(self, title, steps):  # Play the steps, up to one that times out. Leave no process behind
        print(harmless(title) + ":")
        try:
            steps(self)
        except TimeoutError as what:
            self.timed_out = str(what)
            self.note("timed out: " + self.timed_out)
        finally:
            self.close()
        return self

    def note(self, text, *event):  # Print what happens, and add an event
        print("%9.1f ms  %s" % (1e3 * (time.monotonic() - self.began), harmless(text)), flush=True)
        self.events.append(event)
    def all(self, *kind):  # Return the events that begin with these words
        return [event for event in self.events if event[: len(kind)] == kind]
    def read_reports(self, reports):  # Read what the command reports
        for line in os.read(reports, 65536).decode().splitlines():
            name, what, *words = line.split()
            self.pids[name] = int(words[0]) if what == "runs" else self.pids[name]
            self.note(line, what, name, *words)

    def observe(self, seconds):  # Read reports; note which processes ended: the launcher is looked at first, noted last
        gone = [one for one in sorted(self.pids)[::-1] if not state(self.pids[one]) and not self.all("ended", one)]
        ready = select.select(list(self.readers), [], [], 0 if gone else seconds)[0]
        for one in ready:
            self.readers[one](one)
        for name in reversed(gone if not ready else []):
            status = self.status() if name == "launcher" else ""
            self.note("%s ended %s" % (name, status), "ended", name, status)

    def wait(self, what, is_there, quiet=2.0):
        """Wait, as long as a process runs or may wake up: for a timer six times as long, for what we do not see at
        least for PATIENCE."""
        began = self.idle_since = self.looked_at = time.monotonic()
        self.idle_time, longest, unseen = 0.0, 6 * quiet, ""
        while not is_there() and self.idle_time < longest and self.looked_at < began + 15 * longest:
            self.observe(0.01)
            if self.idle() >= quiet or self.idle_time >= quiet:
                may_wake = self.what_may_wake()
                unseen = next((one for one in may_wake if one != TIMER), "")
                longest = max(6 * quiet, PATIENCE) if unseen else 6 * quiet
                if not may_wake and self.idle() >= quiet:  # nor has it just woken up
                    break
        if not is_there():
            unseen = "a process works all the time" if self.idle_time < quiet else unseen
            self.unsure = self.unsure or (unseen and "more may come: " + unseen)
            if what:  # RuntimeError: processes were busy all the time
                raise (TimeoutError if self.idle_time >= quiet else RuntimeError)(what)

    def idle(self):  # Return for how many seconds no process has run: all were blocked, and none was switched to
        tasks = [path for pid in below(os.getpid()) for path in glob.glob("/proc/%d/task/*/status" % pid)]
        look = [re.findall(r"^(?:Pid|State|\w*ctxt_switches):\t(\w+)", contents(path), re.MULTILINE) for path in tasks]
        now = time.monotonic()  # where the last look was long ago we did not run ourselves
        is_idle = look == self.last_look and now - self.looked_at < 0.5 and not any({*one} & {"R", "D"} for one in look)
        self.idle_time += now - self.looked_at if is_idle else 0
        self.idle_since = self.idle_since if is_idle else now
        self.last_look, self.looked_at = look, now
        return now - self.idle_since

    def what_may_wake(self):  # Return what may wake a process other than our commands
        ours = [self.pids[event[1]] for event in self.all("runs") if event[1] != "launcher"]
        return [one for pid in below(os.getpid()) if pid not in ours and state(pid) for one in what_wakes(pid)]

    def close(self):  # End all processes of this run, read what they have written, and remove its files
        while below(os.getpid()):
            for pid in below(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0x40000000)  # __WALL, wait(2)
        self.readers.pop(self.reports)
        os.close(self.reports)
        for fd in list(self.readers):
            while fd in self.readers and select.select([fd], [], [], 0)[0]:
                self.readers[fd](fd)
        for directory in (self.directory, os.path.join(self.place, "tmp")):
            shutil.rmtree(directory, ignore_errors=True)

def command_line(launcher, command):
    """Return the launcher's words with the command at their end, or at {command} and its arguments at the end."""
    at = launcher.index("{command}") if "{command}" in launcher else len(launcher)
    return [*launcher[:at], command[0], *launcher[at + 1 :], *command[1:]]
def harmless(text):
    """Return a text in which only printable ASCII is as it was: names of files and programs may hold anything."""
    return re.sub("[^ -~]", lambda one: ascii(one[0])[1:-1], text)
def state(pid):  # Return the state of a process, such as T for stopped; nothing where it has ended; proc_pid_stat(5)
    return contents("/proc/%d/stat" % pid).rpartition(") ")[2][:1].strip("Z")
def shell_status(status):  # Return what a shell shows for a wait status: 128+N for signal N; POSIX.1-2024 XCU 2.8.2
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
def name_of(number):  # Return the name of a signal
    return {int(one): one.name for one in signal.Signals}.get(number, "SIGRTMIN+%d" % (number - signal.SIGRTMIN))

def contents(path):  # Return the contents of a file; nothing where it cannot be read
    with contextlib.suppress(OSError), open(path, errors="replace") as file:
        return file.read()
    return ""
def below(ancestor):  # Return the descendants of a process
    rows = [contents(path).rpartition(") ") for path in glob.glob("/proc/[0-9]*/stat")]
    parents = {int(head.split()[0]): int(tail.split()[1]) for head, _, tail in rows if tail}
    found = [ancestor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]
def what_wakes(pid):  # Return what may wake the blocked threads of a process: TIMER, or what we do not see
    links = links_of(pid)
    found = [wakes_thread(pid, task, links) for task in glob.glob("/proc/%d/task/*" % pid)]
    timers = [fd for fd, link in links.items() if "[timerfd]" in link and "value: (0, 0)" not in info_of(pid, fd)]
    if timers or contents("/proc/%d/timers" % pid) or "/dev/ptmx" in links.values():  # bytes may be on their way there
        found.append(TIMER)
    return [one for one in found if one]

def wakes_thread(pid, task, links):  # Return what may wake one thread. One that is stopped or has ended does not go on
    number, *words = contents(task + "/syscall").split() or [""]
    if number == "running" or contents(task + "/stat").rpartition(") ")[2][:1] in ("T", "t", "Z", "X", ""):
        return ""
    kind, _, timeout = WAITS.get(number, "?").partition(":")
    values, code = [int(word, 16) for word in words], INSTRUCTION.get(os.uname().machine, b"?")
    is_known = len(values) == 8 and memory(pid, values[7] - len(code), len(code)) == code and kind != "?"
    is_ours = is_known and all(is_inside(pid, fd, links, kind != "fd") for fd in descriptors_of(pid, kind, values))
    if not is_ours or (kind == "futex" and not values[1] & 128 and is_in_file(pid, values[0])):  # FUTEX_PRIVATE_FLAG
        return "process %d (%s) waits in call %s" % (pid, contents("/proc/%d/comm" % pid).strip(), number or "?")
    has_timeout = timeout == "?" or (timeout and values[int(timeout)] not in NO_TIMEOUT)
    return TIMER if has_timeout else ""

def descriptors_of(pid, kind, values):  # Return the descriptors for which a call waits
    if kind == "poll":  # struct pollfd
        found = struct.iter_unpack("=ihh", memory(pid, values[0], 8 * values[1]))
        return [fd for fd, _, _ in found if fd >= 0]
    if kind == "select":
        sets = [memory(pid, address, -(-values[0] // 64) * 8) for address in values[1:4] if address]
        return [fd for fd in range(values[0]) if any(int.from_bytes(one, "little") >> fd & 1 for one in sets)]
    return values[:1] if kind in ("fd", "epoll") else []

def is_inside(pid, fd, links, is_polled):
    """Return whether only the launcher, its children and we can make a descriptor ready."""
    link = links.get(fd, "")
    if "[eventpoll]" in link:  # without bits that ask for nothing
        watched = re.findall(r"^tfd: *(\d+) events: *(\w+)", info_of(pid, fd), re.MULTILINE)
        return all(is_inside(pid, int(one), links, True) for one, bits in watched if int(bits, 16) & ~0xF0000000)
    if link.startswith("socket:"):  # a blocking call may have SO_RCVTIMEO
        held = {link for pid in [os.getpid(), *below(os.getpid())] for link in links_of(pid).values()}
        return is_polled and "socket:[%d]" % peer_of(int(link[8:-1])) in held
    if "[pidfd]" in link:
        of = re.findall(r"^Pid:\t(-?\d+)", info_of(pid, fd), re.MULTILINE)
        return bool(of) and int(of[0]) in (-1, *below(os.getpid()))
    if "[eventfd]" in link:  # the kernel may count there for io_uring(7) and io_submit(2)
        inside = [[*links_of(pid).values(), contents("/proc/%d/maps" % pid)] for pid in below(os.getpid())]
        return not any("[io_uring]" in one or "/[aio]" in one for links in inside for one in links)
    return link.startswith(OURS)

def links_of(pid):  # Return what the descriptors of a process refer to
    found = {}
    for path in glob.glob("/proc/%d/fd/*" % pid):
        with contextlib.suppress(OSError):
            found[int(os.path.basename(path))] = os.readlink(path)
    return found
def info_of(pid, fd):  # Return more about a descriptor
    return contents("/proc/%d/fdinfo/%d" % (pid, fd))

def peer_of(inode):  # Return the socket with which a unix socket is connected; 0 for none; sock_diag(7)
    request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, inode, 4, 0xFFFFFFFF, 0xFFFFFFFF)
    head = struct.pack("=IHHII", 16 + len(request), 20, 1, 0, 0)  # SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST
    with contextlib.suppress(OSError), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 4) as kernel:
        kernel.settimeout(1)
        kernel.send(head + request)
        answer = kernel.recv(8192)
        if answer[4] == 20 and answer[34:36] == b"\2\0":  # UNIX_DIAG_PEER
            return int(struct.unpack_from("=I", answer, 36)[0])
    return 0

def memory(pid, address, size):  # Return some of a process' memory; nothing where it may not be read
    with contextlib.suppress(OSError, OverflowError), open("/proc/%d/mem" % pid, "rb", 0) as file:
        file.seek(address)
        return file.read(size)
    return b""
def is_in_file(pid, address):
    """Return whether an address is in memory that is shared through a file: others may have it, too."""
    for line in contents("/proc/%d/maps" % pid).splitlines():
        where, mode, _, _, inode = line.split()[:5]
        start, end = (int(word, 16) for word in where.split("-"))
        if start <= address < end:
            return "s" in mode and inode != "0"
    return False

def send(run, number, to="launcher"):  # Send a signal to one process
    run.note("we send %s to the %s" % (name_of(number), to), "sent", number, to)
    if not run.all("ended", to):
        os.kill(run.pids[to], number)
def send_to_group(run, number):  # Send a signal to the launcher's process group
    run.note("we send %s to the launcher's process group" % name_of(number), "sent", number, "group")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(run.pids["launcher"], number)
def settle(run):  # Wait until no process has run for a moment: then nothing more will come of what was done
    run.wait("", lambda: False, quiet=0.3)
def tell(run, text, to="command"):  # Give the command an order, and do not wait
    if run.all("ended", to):
        raise TimeoutError("%s is there to take the order: %s" % (to, text))
    order = pathlib.Path(run.directory, to)
    run.wait("%s takes its last order" % to, lambda: not order.exists())
    run.note("we order the %s to: %s" % (to, text), "told", to, len(run.output))
    order.write_text(text)
    os.kill(run.pids[to], ORDER)
def wait_for(run, process, what, *more, times=1):  # Wait until a process runs, has received a signal, or has ended
    run.wait(" ".join((process, what, *more)), lambda: len(run.all(what, process, *more)) >= times)
def press(run, key):  # Press a key at the terminal
    run.note("we press " + key, "pressed", key)
    os.write(run.master, KEYS[key])

def note_processes_left(run):
    """Note the processes that are left once none of them runs, without zombies and without those that we started."""
    run.wait("", lambda: run.all("ended", "launcher"))
    settle(run)
    names = {pid: name for name, pid in reversed(list(run.pids.items()))}
    for pid in below(os.getpid()):
        name = names.get(pid) or contents("/proc/%d/comm" % pid).strip()
        if state(pid) and name not in ("shell", "its parent"):
            run.note("still there: %s (pid %d)" % (name, pid), "left", name)

def note_files_left(run):  # Note the temporary files that are left
    names = sorted(os.listdir(run.environment["TMPDIR"]))
    run.note("in TMPDIR: %s" % (", ".join(names) or "nothing"), "files", names)

def set_stage(stage=STAGE):  # In a child: start with what the case says, whatever this script was started with
    os.umask(stage.get("umask", 0o022))
    for which, soft, hard in stage.get("limits", ()):
        resource.setrlimit(which, (soft, hard))
    if stage.get("groups"):
        os.setgroups(stage["groups"])
    os.nice(stage.get("nice", 0))
    if stage.get("unusual"):
        globals()["set_unusual"]()  # only scripts with such a stage have it
    set_signals(stage)

def set_signals(stage=STAGE):  # Set dispositions and mask as the case says
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN if number in stage.get("ignored", ()) else signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, stage.get("blocked", ()))
def start(run, **how):  # Start the launcher, in a session of its own
    how = {"cwd": os.path.join(run.place, "work"), "env": run.environment, "start_new_session": True, **how}
    run.process = subprocess.Popen(run.words, **how)
    run.pids["launcher"], run.process.returncode = run.process.pid, 0  # Popen must not wait for it
def on_pipes(run, set_up=set_stage, **how):  # Start it without a terminal, as a service manager does
    start(run, preexec_fn=set_up, **{**dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE), **how})
    process = run.process  # below another process, stdout is for that one's reports
    files = [process.stdin, process.stderr if "stdout" in how else process.stdout, process.stderr]
    run.stdio = [file.fileno() for file in files]
    run.master = run.stdio[0]
    run.readers.update((fd, lambda fd: read_output(run, fd)) for fd in run.stdio[1:])

def read_output(run, fd):
    """Read from the terminal or a pipe. Nothing, or EIO: no process has the other end open any more."""
    data = b""
    with contextlib.suppress(OSError):
        data = os.read(fd, 65536)
    if not data:
        del run.readers[fd]
        return
    run.output += data.decode(errors="replace")
    run.note("printed: %r" % data.decode(errors="replace")[:80], "printed", data)
    if fd in run.stdio[1:]:  # on a terminal it is ours that is read
        run.events.append(("stdout" if fd == run.stdio[1] else "stderr", data))

def violation(required, actual):  # Return one violation
    return ["required: %s\nactual:   %s" % (harmless(required), harmless(actual))]
def received(run, process="command"):  # Return the names of the signals that a process received, in order
    return [event[2] for event in run.all("received", process)]
def left_behind(bare, launched):
    """Return the processes that are left at the end, except for those that the bare command leaves."""
    left = [event[1] for event in launched.all("left")]
    for _, name in bare.all("left"):
        if name in left:
            left.remove(name)
    return left

def ptrace(request, tid, data=0, address=0):
    """Make one request. ProcessLookupError: the thread was killed; PermissionError: tracing is refused."""
    call = ctypes.CDLL(None, use_errno=True).ptrace
    call.argtypes, call.restype = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p), ctypes.c_long
    if call(request, tid, address, data) == -1:
        raise OSError(ctypes.get_errno(), "ptrace: " + os.strerror(ctypes.get_errno()))
def seize(tid, options):  # Begin to trace a thread. RuntimeError: that is refused
    try:
        ptrace(SEIZE, tid, options)
    except PermissionError:
        raise RuntimeError("ptrace is refused here; see kernel.yama.ptrace_scope, a container's seccomp") from None
def resume(tid, request, number=0):  # Let a stopped thread run, and deliver this signal to it
    with contextlib.suppress(OSError):  # it was killed in the meantime
        ptrace(request, tid, number)
def call_of(tid):  # Return 1, the number and the arguments at the entry of a call; 2 and the result at its exit
    info = ctypes.create_string_buffer(88)
    with contextlib.suppress(OSError):
        ptrace(GET_SYSCALL_INFO, tid, ctypes.addressof(info), len(info))
    return info.raw[0], list(struct.unpack_from("=7q", info, 24))
def message_of(tid):  # Return the id of a new thread, at the stop of the thread that made it
    message = ctypes.c_ulong()
    with contextlib.suppress(OSError):
        ptrace(GETEVENTMSG, tid, ctypes.addressof(message))
    return message.value

def step_back(tid, in_call):
    """Put a thread before the system call in which it is stopped; return whether that was possible. in_call: at the
    entry, so that handlers run first. Otherwise: a call that a signal without effect has interrupted."""
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

def kind_of(status):  # Return the meaning of a traced thread's wait status
    if not os.WIFSTOPPED(status):
        return "end"
    number, event = os.WSTOPSIG(status), status >> 16
    if event == 128:  # PTRACE_EVENT_STOP
        return "group" if number in (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU) else "stop"
    if event:
        return {1: "made", 2: "made by vfork", 3: "made", 4: "exec"}.get(event, "stop")
    return "call" if number == signal.SIGTRAP | 0x80 else "signal"

def sends(name, arguments):
    """Return the pid to which a call sends a signal, and the signal; pid 0 for pidfd_send_signal."""
    at = 1 if name in ("tgkill", "rt_tgsigqueueinfo") else 0
    whom = ctypes.c_int32(arguments[at]).value
    return 0 if name == "pidfd_send_signal" else whom, arguments[at + 1] & 0xFF

def close_gate(run):  # Make the launcher wait before its first instruction
    os.mkfifo(run.directory + "/gate")
    run.gate = os.open(run.directory + "/gate", os.O_RDWR)  # both ends, because open(2) of one waits for the other
    run.words = [*PYTHON, wait_at_gate.__name__, run.directory + "/gate", *run.words]
def wait_at_gate(gate, *words):  # Execute the launcher when the gate is opened
    with open(gate) as file:
        file.readline()
    set_signals()  # Python itself has changed some
    os.execvp(words[0], words)
def open_gate(run):  # Let the launcher start
    os.write(run.gate, b"\n")

def note_sent(run, name, arguments):  # Note a signal that the launcher has sent
    whom, number = sends(name, arguments)
    run.note(
        "the launcher calls %s for pid %d with %s" % (name, whom, name_of(number) if number else 0),
        "called",
        whom,
        number,
    )

class TracedThread:
    """One thread. name: "launcher", "child1" in order of creation, "launcher.t2". The command has no points."""

    def __init__(self, tid, pid, name):
        self.tid, self.pid, self.name, self.call, self.arguments = tid, pid, name, "", [0] * 6
        self.has_started, self.in_vfork, self.has_points = False, False, bool(name)
        self.restarts = None
        self.threads = 1
        self.actions = []
    def process(self):  # Return the name of its process
        return self.name.partition(".")[0]

class ThreadScheduler:
    """The threads of the launcher: which one is current, which are held at a point, which are runnable."""

    def __init__(self, run):
        self.run, self.children = run, 0
        self.programs = {"launcher": ""}
        self.threads = {}
        self.unclaimed = set()
        self.held = []
        self.runnable = {}
        self.current = None
        self.awaiting_delivery = None
        self.counts = Counter()
        self.reached = []

    def resume(self, thread, number=0):  # Let it run to its next call; those of the command are not stopped there
        resume(thread.tid, SYSCALL if thread.has_points else CONT, number)
    def run_or_queue(self, thread, action):
        """Do this now if no other thread is current; otherwise the thread becomes runnable."""
        if self.current in (None, thread):
            self.current = thread
            action()
        else:
            self.runnable[thread] = action
    def come_to(self, thread, call, when):  # A thread comes to a point, which it passes as soon as it is current
        self.run_or_queue(thread, lambda: self.pass_point(thread, call, when))

    def pass_point(self, thread, call, when):  # Count a point, and do what the schedule says of it
        self.counts[thread.name, call, when, self.run.part] += 1
        point = (thread.name, call, when, self.counts[thread.name, call, when, self.run.part], self.run.part)
        self.reached.append(point)
        actions = [action for at, action, _, _ in SCHEDULE if at == point]
        first = 0 if self.run.launcher == LAUNCHER else 1  # another launcher is another program
        for required in [programs for at, _, _, programs in SCHEDULE if at == point and programs]:
            actual = tuple(self.programs.values())
            if required[first:] != actual[first:]:
                text = "it went another way: it and its children ran %s; in the case: %s" % (actual, required)
                self.run.unsure = self.run.unsure or text
        waiting = [one for one in self.held if one.actions[:1] == [("hold until", point)]]
        if waiting:
            self.current = None
            self.runnable[thread] = lambda: self.hold(thread, actions)
            for one in waiting:
                self.release(one)
        else:
            self.hold(thread, actions)

    def hold(self, thread, actions):  # Hold a thread until these actions are done; let it run where there are none
        thread.actions = actions
        if actions:
            self.held.append(thread)
            self.release_if_over(thread)
        else:
            self.resume(thread)
    def release_if_over(self, thread):  # Release a thread that would be held for what has happened already
        what, *which = thread.actions[0]
        if (what == "hold until" and which[0] in self.reached) or (what == "hold" and self.has_ended(*which)):
            self.release(thread)
    def has_ended(self, name, does):  # Return whether a thread is held for the end of a process that has ended
        known = name == "launcher" or int(name[5:]) <= self.children
        return does == "ends" and known and all(one.process() != name for one in self.threads.values())

    def when_idle(self):  # Do the next thing
        held = [thread for thread in self.held if thread is not self.awaiting_delivery]
        doing = [thread for thread in held if not thread.actions[0][0].startswith("hold")]
        blocking = [one for one in held if one.actions[0][0] == "hold" and one.actions[0][2] == "blocks"]
        if self.unclaimed:  # the thread that made it was killed before it could report it
            tid = min(self.unclaimed)
            self.unclaimed.discard(tid)
            self.children += 1
            self.threads[tid] = TracedThread(tid, tid, "child%d" % self.children)
            self.programs["child%d" % self.children] = ""
            self.start_thread(self.threads[tid])
        elif self.awaiting_delivery:
            thread, self.awaiting_delivery = self.awaiting_delivery, None
            self.proceed(thread)
        elif doing:
            self.carry_out(doing[0])
        elif self.runnable:
            self.current = min(self.runnable, key=lambda thread: (thread.process() != "launcher", thread.name))
            self.runnable.pop(self.current)()
        elif held:
            free = [one for one in blocking if all(thread.process() != one.actions[0][1] for thread in held)]
            self.release((free or held)[0])

    def carry_out(self, thread):  # Send a signal or press a key, while the thread is held at its point
        what, *words = thread.actions.pop(0)
        self.run.note("%s is at its point of the schedule" % thread.name)
        if what == "press":
            press(self.run, *words)
            time.sleep(0.001)  # the kernel passes the key on in a work queue; tty_flip_buffer_push()
        elif words[1] == "group":
            send_to_group(self.run, words[0])
        else:
            known = {one.name: one.tid for one in self.threads.values() if one.name}
            self.run.pids.setdefault(words[1], known.get(words[1], 0))
            with contextlib.suppress(ProcessLookupError):
                send(self.run, *words)
        if any(one is not thread and one.pid == thread.pid for one in self.threads.values()):
            self.awaiting_delivery = thread  # it stays until the thread that takes the signal has taken it
        else:
            self.proceed(thread)

    def release(self, thread):  # Do not hold it any longer for its first action
        thread.actions.pop(0)
        self.proceed(thread)

    def proceed(self, thread):
        """Go on with the next action at this point, or run. At an entry, handlers run before the call."""
        if thread.actions:
            self.release_if_over(thread)
            return
        self.held.remove(thread)
        self.current = thread
        if thread.call and step_back(thread.tid, in_call=True):
            thread.restarts, thread.call = thread.call, ""
        self.resume(thread)

    def start_thread(self, thread):  # A new thread is before its first instruction
        thread.has_started = True
        self.come_to(thread, "birth", "exit") if thread.has_points else self.resume(thread)

class LauncherTracer(ThreadScheduler):
    """Handles each stop of the launcher's threads, and lets the scheduler act when all of them are idle."""

    def __init__(self, run):
        super().__init__(run)
        self.event_count, self.has_begun, self.is_gate_open = 0, False, False
        self.follows, self.at_reap = False, 0  # as the step `follow` says
        self.look = None
        self.wait_status = None
        self.stopped = set()
        self.plain_observe, self.plain_idle = run.observe, run.idle
        close_gate(run)
        run.observe, run.idle = self.observe, self.idle
        self.names = CALLS[os.uname().machine]

    def observe(self, seconds):
        """Handle stops until there are none for a moment. When all threads are idle, let the scheduler act."""
        if not self.is_gate_open and "launcher" in self.run.pids:
            self.seize(self.run.pids["launcher"])
        until = time.monotonic() + 0.002
        while time.monotonic() < until:
            try:
                tid, status = os.waitpid(-1, os.WNOHANG | WALL)
            except ChildProcessError:
                break
            if tid:
                self.handle(tid, status)
                until = time.monotonic() + 0.002
        self.plain_observe(0 if self.is_waiting() else seconds)
        if len(self.run.events) != self.event_count:  # the steps may have something to do first
            self.event_count, self.look = len(self.run.events), None
        elif self.is_waiting() and self.all_idle():
            self.run.idle_since = time.monotonic()
            self.when_idle()

    def is_waiting(self):  # Return whether the scheduler has something to do
        return bool(self.held or self.runnable or self.unclaimed or self.awaiting_delivery)
    def idle(self):  # Return for how many seconds no process has run; 0 as long as the scheduler has something to do
        if self.is_waiting():
            self.run.idle_since = time.monotonic()
        idle = self.plain_idle()
        return idle

    def all_idle(self):  # Return whether each thread is blocked or held by us, and none has run between two looks
        ours = {*self.unclaimed, *self.stopped, *(thread.tid for thread in [*self.held, *self.runnable])}
        if self.awaiting_delivery:
            ours.add(self.awaiting_delivery.tid)
        self.plain_idle()
        states = [(tid, state) for state, tid, *_ in self.run.last_look if int(tid) not in ours]
        in_vfork = {str(thread.tid) for thread in self.threads.values() if thread.in_vfork}
        are_idle = all(state in "SZTX" or (state == "D" and tid in in_vfork) for tid, state in states)
        before, self.look = self.look, (are_idle, self.run.last_look)
        return are_idle and before == self.look

    def seize(self, pid):  # Trace the process that is about to execute the launcher
        seize(pid, FOLLOW)
        self.threads[pid] = TracedThread(pid, pid, "launcher")
        self.threads[pid].has_started = True
        self.run.status = self.status
        open_gate(self.run)
        self.is_gate_open = True
    def status(self):
        """Return how the launcher has ended. Its tracer is told first, when all of its threads have been waited for."""
        while self.wait_status is None:
            self.handle(*os.waitpid(-1, WALL))
        return shell_status(self.wait_status)

    def handle(self, tid, status):  # Handle one stop, or the end of a thread
        kind, thread = kind_of(status), self.threads.get(tid)
        if thread is None:
            if kind == "stop":
                self.unclaimed.add(tid)  # a new thread may stop before we are told of it
            return
        self.stopped.discard(tid)
        if kind == "end":
            self.remove(thread)
            if tid == self.run.pids["launcher"]:
                self.wait_status = status
            if thread.pid == self.run.pids.get("command") and os.WIFSIGNALED(status):
                self.run.events.append(("died", "command"))
        elif kind == "call":
            self.at_call(thread)
        elif kind.startswith("made"):
            self.made(thread, kind == "made by vfork")
        elif kind == "exec":
            self.executed(thread)
        elif kind == "signal":
            self.at_signal(thread, os.WSTOPSIG(status))
        elif kind == "group":
            self.stopped.add(tid)
            resume(tid, LISTEN)
        else:
            thread.in_vfork = False
            self.resume(thread) if thread.has_started else self.start_thread(thread)

    def at_call(self, thread):  # Handle the entry or exit of a call: a point, if the call is one of those
        way, words = call_of(thread.tid)
        name = self.names.get(words[0], "") if way == 1 and self.has_begun and thread.has_points else ""
        if way == 1 and is_point(name, words[1:]):
            thread.call, thread.arguments = name, words[1:]
            restarts, thread.restarts = thread.restarts, None
            if restarts == name:
                self.run_or_queue(thread, lambda: self.resume(thread))
            else:
                self.come_to(thread, name, "entry")
        elif way == 2 and thread.call:
            name, thread.call = thread.call, ""
            self.note_call(thread, name)
            if self.follows and name in SENDING and words[0] == 0:  # until the others are idle and have taken it
                self.current = None if self.current is thread else self.current
                self.runnable[thread] = lambda: self.pass_point(thread, name, "exit")
            elif name in AT_ONCE and not is_scheduled(thread.name, name):
                self.resume(thread)
            else:
                self.come_to(thread, name, "exit")
        else:
            self.resume(thread)

    def note_call(self, thread, name):  # Note a signal that the launcher has sent, and that it has reaped the command
        pid = self.run.pids.get("command", 0)
        is_launcher = thread.pid == self.run.pids["launcher"]
        if name in SENDING and (is_launcher or self.follows):
            note_sent(self.run, name, thread.arguments)
        elif not is_launcher:
            return
        elif name in REAPING and pid and not self.run.all("reaped") and not os.path.exists("/proc/%d" % pid):
            self.run.note("the launcher has reaped the command by " + name, "reaped", pid)
            send(self.run, self.at_reap) if self.at_reap else None

    def made(self, maker, by_vfork):  # Handle the stop of a thread that has made a process or a thread
        tid = message_of(maker.tid)
        is_thread = os.path.exists("/proc/%d/task/%d" % (maker.pid, tid))
        name = ""
        if maker.has_points and is_thread:
            first = self.threads.get(maker.pid, maker)
            first.threads += 1
            name = "%s.t%d" % (maker.process(), first.threads)
        elif maker.has_points:
            self.children += 1
            name = "child%d" % self.children
            self.programs[name] = ""
        self.threads[tid] = thread = TracedThread(tid, maker.pid if is_thread else tid, name)
        maker.in_vfork = by_vfork
        self.resume(maker)
        if tid in self.unclaimed:
            self.unclaimed.discard(tid)
            self.start_thread(thread)

    def executed(self, thread):
        """Handle execve(2): the process runs another program, in its first thread; its other threads are gone."""
        for other in [one for one in self.threads.values() if one.pid == thread.pid and one.tid != thread.pid]:
            self.remove(other)
        first = self.threads.setdefault(thread.pid, TracedThread(thread.pid, thread.pid, thread.process()))
        first.has_started, first.has_points = True, thread.has_points
        words = contents("/proc/%d/cmdline" % thread.pid).split("\0")[:-1]
        if not self.has_begun and wait_at_gate.__name__ in words:  # it was seized during its execve(2) of the gate
            self.resume(first)
            return
        has_begun, self.has_begun = self.has_begun, True
        is_command = words[: len(PYTHON) + 3] == [*PYTHON, "ReportingCommand", self.run.directory, "command"]
        if first.process() in self.programs:
            program = contents("/proc/%d/comm" % thread.pid).rstrip("\n")
            self.programs[first.process()] = "command" if is_command else program
        if is_command:
            first.has_points, first.call = False, ""
            self.current = None if self.current is first else self.current
        if has_begun:
            self.resume(first)
        else:
            self.run.note("launcher runs as pid %d" % thread.pid, "runs", "launcher")
            self.come_to(first, "birth", "exit")

    def at_signal(self, thread, number):
        """Handle a signal that is about to be delivered. One without effect would not even wake an untraced thread."""
        if not acts_on(thread.tid, number):
            step_back(thread.tid, in_call=False)
            self.resume(thread, number)
        elif not thread.has_points or self.awaiting_delivery:
            self.resume(thread, number)
        else:
            self.run_or_queue(thread, lambda: self.resume(thread, number))

    def remove(self, thread):  # Forget a thread that has ended
        self.threads.pop(thread.tid, None)
        self.runnable.pop(thread, None)
        self.current = None if self.current is thread else self.current
        self.awaiting_delivery = None if self.awaiting_delivery is thread else self.awaiting_delivery
        self.held = [one for one in self.held if one is not thread]
        if thread.tid == thread.pid:
            for one in [one for one in self.held if one.actions[0] == ("hold", thread.process(), "ends")]:
                self.release(one)

def is_point(name, arguments):
    """Return whether a call is a point. ONLY_IF: which argument must have one of these bits, or be one of these."""
    at, bits, values = ONLY_IF.get(name, (0, -1, (0,)))
    return bool(name) and (bool(arguments[at] & bits) or arguments[at] & 0xFFFFFFFF in values)
def is_scheduled(thread, call):  # Return whether the schedule names an exit of this call
    points = [point for at, action, _, _ in SCHEDULE for point in (at, *action[1:]) if isinstance(point, tuple)]
    return any(point[:3] == (thread, call, "exit") for point in points)
def acts_on(tid, number):
    """Return whether a signal has an effect on a thread: it is caught, or its default action is taken and is one."""
    lines = [line.partition(":\t") for line in contents("/proc/%d/status" % tid).splitlines()]
    fields, bit = {name: text for name, _, text in lines}, 1 << (number - 1)
    caught, ignored = (int(fields.get(name, "0"), 16) & bit for name in ("SigCgt", "SigIgn"))
    return not fields or bool(caught) or (number not in (17, 18, 23, 28) and not ignored)  # CHLD, CONT, URG, WINCH

def needs_points(run):
    """Inconclusive where the launcher did not reach a point of the schedule. Points of holds need not be reached; but
    where there are only holds and it reached none of them, it was not tested, and only what is wrong counts."""
    reached = run.tracer.reached if run.tracer else [at for at, *_ in SCHEDULE]
    missed = [text for at, action, text, _ in SCHEDULE if at not in reached and not action[0].startswith("hold")]
    if missed and isinstance(sys.exc_info()[1], (TimeoutError, type(None))):  # another error says more
        raise RuntimeError("the launcher did not reach: " + "; ".join(missed))
    if SCHEDULE and not any(at in reached for at, *_ in SCHEDULE):
        run.unsure = run.unsure or "the launcher did not reach: " + "; ".join(text for _, _, text, _ in SCHEDULE)

def trace(run):  # From its first instruction on, let one thread of the launcher run at a time, and carry out SCHEDULE
    run.part = 1
    if run.launcher:
        run.tracer = LauncherTracer(run)

def delivered(launched):
    """Return the names of the signals that were delivered to the launcher before it ended, with those of Ctrl-C."""
    end = [event[:2] for event in [*launched.events, ("ended", "launcher")]].index(("ended", "launcher"))
    sent = [event for event in launched.events[:end] if event[:1] == ("sent",) and event[2] in ("launcher", "group")]
    pressed = [event for event in launched.events[:end] if event[:1] == ("pressed",)]
    return [*(name_of(event[1]) for event in sent), *("SIGINT" for _ in pressed)]
def needs_delivery(launched):  # Inconclusive where no signal was sent to the launcher, because it had ended before
    if not delivered(launched):
        raise RuntimeError("no signal was sent to the launcher")
def hangs(launched):  # The launcher ends
    actual = "it hangs; timed out: %s" % (launched.timed_out or "the end of the launcher")
    return [] if launched.all("ended", "launcher") else violation("the launcher ends when its work is done", actual)

def orphan(launched):
    """The command does not run on without the launcher, nor dies with it: both deaths are seen in either order."""
    order = [event[:2] for event in launched.events if event[:1] in (("ended",), ("runs",))]
    ends = [process for what, process in order if what == "ended" and process in ("launcher", "command")]
    if ("runs", "command") not in order or ends[:1] != ["launcher"]:
        return []
    killed_by_us = launched.all("sent", signal.SIGKILL, "command")
    if launched.all("died", "command") and not killed_by_us and launched.all("ended", "launcher")[0][2] > 128:
        return []
    actual = "it ended with status %s; the command runs on without it" % launched.all("ended", "launcher")[0][2]
    return violation("no child outlives the launcher", actual)

def outlived(bare, launched):  # No process is left
    left = left_behind(bare, launched)
    return violation("no child outlives the launcher", "still there: " + ", ".join(left)) if left else []
def lost(launched):  # Each signal ends the launcher before there is a command, or reaches the command
    killed_by_us = launched.all("sent", signal.SIGKILL, "command")
    if not launched.all("runs", "command") or (launched.all("died", "command") and not killed_by_us):
        return []
    missing = [name for name in delivered(launched) if name not in received(launched)]
    return violation("%s reaches the command" % missing[0], "the command did not receive it") if missing else []
def changed(bare, launched):
    """No file is left and no changed terminal, except as by a run of the launcher in which nothing is done."""
    its, mine = (run.all("modes")[-1:] for run in (bare, launched))
    if its and mine and (its[0][1:3], its[0][4]) != (mine[0][1:3], mine[0][4]):
        return violation("the terminal is left as by an undisturbed run", "its settings have changed")
    usual, left = (max([[], *(event[1] for event in run.all("files"))], key=len) for run in (bare, launched))
    more = "no more files are left than by an undisturbed run (%d)" % len(usual)
    return violation(more, "left: " + ", ".join(left[:5])) if len(left) > len(usual) else []

class ReportingCommand:  # What the launcher starts: it reports each signal, and carries out orders
    def report(self, *words):  # Report one thing
        os.write(self.reports, (" ".join(map(str, (self.name, *words))) + "\n").encode())

    def __init__(self, directory, name, *_arguments):
        self.directory, self.name, self.reports = directory, name, os.open(directory + "/reports", os.O_WRONLY)
        self.caught = set(signal.valid_signals()) - {signal.SIGCHLD, signal.SIGKILL, signal.SIGSTOP}
        signal.pthread_sigmask(signal.SIG_BLOCK, self.caught)
        self.report("runs", os.getpid())
        while True:  # until an order ends it, or a minute passes without a signal
            info = signal.sigtimedwait(self.caught, 60) or os._exit(113)
            if info.si_signo != ORDER:
                sender = "its parent" if info.si_pid == os.getppid() else "pid %d" % info.si_pid
                self.report("received", name_of(info.si_signo), "from", "the kernel" if info.si_code == 128 else sender)
            else:
                word, *words = contents(directory + "/" + name).split()
                os.unlink(directory + "/" + name)  # so that we can be told the next one
                globals()["order_" + word.replace("-", "_")](self, *words)

def order_exit(me, code):  # End with this exit code
    os._exit(int(code))

def main():  # Play the steps twice and compare; return the exit code
    if sys.argv[1:2] == ["--as"]:
        globals()[sys.argv[2]](*sys.argv[3:])
    signal.alarm(900)  # seconds; no case takes so long
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda number, _: (signal.signal(number, signal.SIG_IGN), sys.exit(2)))
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    launcher = sys.argv[1:][sys.argv[1:2] == ["--"] :] or LAUNCHER
    place = tempfile.mkdtemp()
    try:
        if not sys.platform.startswith("linux") or not shutil.which(launcher[0]):
            raise RuntimeError("there is no %s here, or this is not Linux" % launcher[0])
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become our children
        bare, name = ObservedRun([], place).play("Without the launcher", play), shlex.join(launcher)
        for _ in range(2):  # a launcher does some things only in its first runs, and the case is of a later one
            before = ObservedRun(launcher, place).play("Undisturbed, so that all is as for the case", undisturbed)
        bare.events += [event for event in before.events if event[:1] in (("left",), ("files",), ("modes",))]
        launched = ObservedRun(launcher, place).play("Behind the launcher, %s" % name, play)
        if bare.timed_out or len(launched.all("runs")) < len(bare.all("runs")[:1]):
            raise RuntimeError(bare.timed_out or "the command was never started; output: %a" % launched.output[-300:])
        found = judge(bare, launched)
        if launched.unsure and not found:
            raise RuntimeError("nothing wrong was seen, but " + launched.unsure)
    except Exception as reason:
        print("INCONCLUSIVE: %s" % harmless(str(reason)), file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(place, ignore_errors=True)
    print("\n".join(["FAULT REPRODUCED:", *found]) if found else "FAULT NOT REPRODUCED: all is as required.")
    return 1 if found else 0

sys.exit(main())
