"""TTY-7 (MUST): However the run ends, the terminal is afterwards as the launcher found it, or as the command left it:
its modes, its size, its foreground process group, and the status flags of descriptors 0, 1 and 2.
Seen on tini, tini version 0.19.0, Linux 6.18 x86_64: required: the launcher's process group is in the foreground
again, as its caller left it; actual: process group 670 is in the foreground
Run it on Linux, with Python 3.8 or newer: `python3 FILE`. `python3 FILE -- LAUNCHER OPTIONS...` tests another
launcher. Exit code 1: the fault is there; 0: it is not; 2: inconclusive. It leaves nothing behind. Made by Proctor."""
import contextlib, ctypes, fcntl, glob, os, pathlib, re, resource, select, shlex, shutil, signal, socket, struct
import subprocess, sys, tempfile, termios, time

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
STAGE = {}  # what the launcher is started with that is not as usual
ORDER = signal.SIGRTMAX - 1  # says that there is an order; no case sends it
LAUNCHER = ['tini', '-s', '--']

def undisturbed(run):  # what is played behind the launcher before that
    on_pipes(run, lambda: set_stage({}))
    wait_for(run, 'command', 'runs')
    tell(run, 'exit 0')
    wait_for(run, 'launcher', 'ended')

def play(run):  # the steps, in order
    try:
        open_terminal(run)
        as_job(run)
        wait_for(run, 'command', 'runs')
        settle(run)
        tell(run, 'exit 0')
        wait_for(run, 'command', 'ended')
        wait_for(run, 'launcher', 'ended')
    finally:
        note_terminal(run)

def judge(bare, launched):  # The terminal is left as it was, or as the bare command leaves it
    if not launched.all("ended", "launcher"):
        needs_all_steps(launched)
    if launched.all("did", "command", "raw") and not launched.all("ended", "command"):
        raise RuntimeError("the command has changed the terminal and outlives the launcher")
    return restored(bare, launched)

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

def note_terminal(run):  # Note the settings of the terminal, and which process group is in the foreground
    settle(run)
    own = fcntl.fcntl(run.slave, fcntl.F_GETFL)
    flags = [one for one in ("O_NONBLOCK", "O_APPEND", "O_ASYNC") if own & getattr(os, one)]
    modes = termios.tcgetattr(run.master)  # our slave end is hung up when a session leader has ended
    size = struct.unpack("4H", fcntl.ioctl(run.master, termios.TIOCGWINSZ, bytes(8)))[:2]
    is_launcher = os.tcgetpgrp(run.master) == run.pids["launcher"]
    text = "terminal: modes %s, size %s, status flags: %s" % (modes[:4], size, " ".join(flags) or "none")
    run.note(text, "modes", modes[:4], modes[6], size, flags)
    text = "the launcher's process group" if is_launcher else "another process group"
    run.note("in the foreground: " + text, "foreground", is_launcher)

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
def open_terminal(run):  # Make a pseudo-terminal
    run.master, run.slave = os.openpty()
    run.stdio = [run.slave] * 3
    modes = termios.tcgetattr(run.slave)
    run.note("the terminal at first: modes %s" % modes[:4], "modes before", modes[:4], modes[6])
    size = struct.pack("4H", STAGE.get("rows", 24), STAGE.get("columns", 80), 0, 0)
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, size)
    run.readers[run.master] = lambda fd: read_output(run, fd)

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

def as_leader(run, set_up=set_stage, **how):
    """Start it as the leader of a session with a terminal, as a terminal window does."""
    how = {"stdin": run.slave, "stdout": run.slave, "stderr": run.slave, **how}

    def lead():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        set_up()

    start(run, preexec_fn=lead, **how)

def as_job(run):  # Start it as the foreground job of a session leader that waits for it, as a shell does
    start_below(run, as_leader, be_a_shell.__name__)
def start_below(run, stage, role):
    """Start this script in a role that starts the launcher, and reports its pid and status."""
    run.words = [*PYTHON, role, *run.words]
    stage(run, lambda: None, stdout=subprocess.PIPE)
    run.pids["its parent"], run.pids["launcher"] = run.process.pid, int(run.process.stdout.readline() or -1)
    run.status = lambda: int(run.process.stdout.readline() or shell_status(os.waitpid(run.pids["launcher"], 0)[1]))
def be_a_shell(*words):  # Start the launcher in a process group of its own, in the foreground
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # tcsetpgrp(3) from the background would stop it
    report_and_stay(subprocess.Popen(words, stdout=2, preexec_fn=take_the_foreground))
def take_the_foreground():  # In a child: lead a process group of its own, in the foreground
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    set_stage()
def report_and_stay(launcher):  # Report the launcher, and stay: the end of a session leader would hang up its terminal
    print(launcher.pid, flush=True)
    print(shell_status(os.waitpid(launcher.pid, 0)[1]), flush=True)
    while True:
        signal.pause()

def violation(required, actual):  # Return one violation
    return ["required: %s\nactual:   %s" % (harmless(required), harmless(actual))]
def needs_all_steps(launched):  # Inconclusive where the steps were not played to the end
    if launched.timed_out:
        raise RuntimeError("not all steps were played; timed out: " + launched.timed_out)

def restored(bare, launched):  # The terminal is left as it was, or as the bare command leaves it
    found = []
    before = [event[1:3] for event in bare.all("modes before")]
    for mine, usual in zip(launched.all("modes"), bare.all("modes")):
        if mine[3] != usual[3] or (mine[1:3] != usual[1:3] and mine[1:3] not in before):
            found += violation("the terminal's modes and size as found, or as without it", "they have changed")
        if mine[4] not in (usual[4], []):
            texts = [" ".join(one) or "none" for one in (usual[4], mine[4])]
            found += violation("status flags of 0, 1 and 2 as found, or as without it: " + texts[0], texts[1])
    is_over = launched.all("ended", "command") or launched.pids.get("command") == launched.pids.get("launcher")
    if is_over and bare.all("foreground", True) and not launched.all("foreground", True):
        found += violation("the launcher's process group is in the foreground again", "another process group is")
    return found

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
