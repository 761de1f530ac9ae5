"""TTY-6 (MUST): The command can read from the terminal (it is in the foreground process group), `/dev/tty` opens, and
isatty(0,1,2), the window size and the terminal modes are as without the launcher.
Seen on dumb-init, dumb-init v1.2.5, Linux 6.18 x86_64: required: dev_tty: can be opened, as without the launcher;
actual: /dev/tty: cannot be opened (ENXIO); required: the command is in the foreground process group; actual: another
group is in the foreground
Run it on Linux, with Python 3.8 or newer: `python3 FILE`. `python3 FILE -- LAUNCHER OPTIONS...` tests another
launcher. Exit code 1: the fault is there; 0: it is not; 2: inconclusive. It leaves nothing behind. Made by Proctor."""
import contextlib, ctypes, fcntl, glob, os, pathlib, re, select, shlex, shutil, signal, struct, subprocess, sys
import tempfile, termios, time, zlib
from fcntl import ioctl

TIMEOUTS = dict(pair.split(":") for pair in {  # calls that may time out: number, argument that says when
    "x86_64": "7:2 23:4 35:0 128:2 202:3 208:4 219:-1 220:3 230:2 232:3 270:4 271:2 281:3 299:4 441:3 449:3",
    "aarch64": "4:4 22:3 72:4 73:2 98:3 101:0 115:2 128:-1 137:2 192:3 243:4 441:3 449:3",
}.get(os.uname().machine, "").split())
PYTHON = [sys.executable, "-I", "-S", os.path.abspath(__file__), "--as"]  # starts this script in another role
ORDER = signal.SIGRTMAX - 1  # says that there is an order; no case sends it
LAUNCHER = ['dumb-init', '--']

def play(run):  # the steps, in order
    open_terminal(run)
    as_job(run)
    wait_for(run, 'command', 'runs')
    order(run, 'view')
    settle(run)
    tell(run, 'read-line')
    settle(run)
    type_in(run, b'a line\n')
    wait_until_done(run, 'read-line')
    order(run, 'look')
    tell(run, 'exit 0')
    wait_for(run, 'command', 'ended')
    wait_for(run, 'launcher', 'ended')

def judge(bare, launched):  # The terminal looks the same to the command, and it can read a line
    return timed_out(launched) or same_view(bare, launched)

class ObservedRun:  # One run of the command, behind the launcher or without it; `events` is what happens
    def __init__(self, launcher):
        self.launcher, self.events, self.pids, self.timed_out, self.output, self.read_to = launcher, [], {}, "", "", 0
        self.began, self.last_look, self.directory = time.monotonic(), [], tempfile.mkdtemp()
        self.words = [*launcher, *PYTHON, "ReportingCommand", self.directory, "command"]
        self.environment = {**os.environ, "HOME": self.directory, "TMPDIR": self.directory}
        self.status = lambda: shell_status(os.waitpid(self.pids["launcher"], 0)[1])  # the launcher's, at its end
        os.mkfifo(self.directory + "/reports")
        self.readers = {os.open(self.directory + "/reports", os.O_RDWR): self.read_reports}

    def play(self):  # Play the steps, up to one that times out. Leave nothing behind
        print("Behind the launcher, %s:" % shlex.join(self.launcher) if self.launcher else "Without the launcher:")
        try:
            play(self)
        except TimeoutError as what:
            self.timed_out = str(what)
            self.note("timed out: " + self.timed_out)
        finally:
            self.close()
        return self

    def note(self, text, *event):  # Print what happens, and add an event
        print("%9.1f ms  %s" % (1e3 * (time.monotonic() - self.began), ascii(text)[1:-1]), flush=True)
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

    def wait(self, what, is_there, quiet=2.0):  # Wait, as long as a process runs or may wake up
        began = self.idle_since = self.looked_at = time.monotonic()
        self.idle_time = 0.0
        while not is_there() and self.idle_time < 6 * quiet and self.looked_at < began + 30 * quiet:
            self.observe(0.01)
            if self.idle() >= quiet and not self.may_wake_up() and self.idle() >= quiet:  # nor has it just woken up
                break
        if what and not is_there():  # RuntimeError: processes were busy all the time
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

    def may_wake_up(self):  # Return whether a timeout may wake a process other than our commands; proc_pid_syscall(5)
        ours = [self.pids[event[1]] for event in self.all("runs") if event[1] != "launcher"]
        others = [pid for pid in below(os.getpid()) if pid not in ours and state(pid) == "S"]
        calls = [contents(path).split() for pid in others for path in glob.glob("/proc/%d/task/*/syscall" % pid)]
        times = [[*call, "0x0"][1 + int(TIMEOUTS.get(call[0], -2))] if call else "?" for call in calls]
        return not set(times) <= {"0x0", "0xffffffff", "0xffffffffffffffff"}  # NULL, -1

    def close(self):  # End all processes of this run, and remove its files
        while below(os.getpid()):
            for pid in below(os.getpid()):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            os.waitpid(-1, 0x40000000)  # __WALL, wait(2)
        self.output += contents(self.directory + "/output")
        shutil.rmtree(self.directory, ignore_errors=True)

def below(ancestor):  # Return the descendants of a process
    rows = [contents(path).rpartition(") ") for path in glob.glob("/proc/[0-9]*/stat")]
    parents = {int(head.split()[0]): int(tail.split()[1]) for head, _, tail in rows if tail}
    found = [ancestor]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]
def contents(path):  # Return the contents of a file; nothing where it cannot be read
    with contextlib.suppress(OSError), open(path, errors="replace") as file:
        return file.read()
    return ""
def state(pid):  # Return the state of a process, such as T for stopped; nothing where it has ended; proc_pid_stat(5)
    return contents("/proc/%d/stat" % pid).rpartition(") ")[2][:1].strip("Z")
def shell_status(status):  # Return what a shell shows for a wait status: 128+N for signal N; POSIX.1-2024 XCU 2.8.2
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
def name_of(number):  # Return the name of a signal
    return {int(one): one.name for one in signal.Signals}.get(number, "SIGRTMIN+%d" % (number - signal.SIGRTMIN))

def settle(run):  # Wait until no process has run for a moment: then nothing more will come of what was done
    run.wait("", lambda: False, quiet=0.3)
def tell(run, text, to="command"):  # Give the command an order, and do not wait
    if run.all("ended", to):
        raise TimeoutError("%s is there to take the order: %s" % (to, text))
    run.note("we order the %s to: %s" % (to, text))
    pathlib.Path(run.directory, to).write_text(text)
    os.kill(run.pids[to], ORDER)
def order(run, text, to="command"):  # Give the command an order, and wait until it is done
    done = len(run.all("did", to))
    tell(run, text, to)
    run.wait("%s does: %s" % (to, text), lambda: len(run.all("did", to)) > done)
def wait_until_done(run, word, process="command", times=1):  # Wait until an order that takes its time is done
    run.wait("%s does: %s" % (process, word), lambda: len(run.all("did", process, word)) >= times)
def wait_for(run, process, what, *more, times=1):  # Wait until a process runs, has received a signal, or has ended
    run.wait(" ".join((process, what, *more)), lambda: len(run.all(what, process, *more)) >= times)
def type_in(run, data):  # Type at the terminal
    run.note("we type %r" % data, "typed")
    os.write(run.master, data)

def start(run, **how):  # Start the launcher, in a session of its own
    run.process = subprocess.Popen(run.words, cwd=run.directory, env=run.environment, start_new_session=True, **how)
    run.pids["launcher"], run.process.returncode = run.process.pid, 0  # Popen must not wait for it
def open_terminal(run):  # Make a pseudo-terminal of 24 rows and 80 columns
    run.master, run.slave = os.openpty()
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    run.readers[run.master] = lambda _: read_terminal(run)
def read_terminal(run):  # Read the output. EIO: no process has the terminal open any more
    try:
        data = os.read(run.master, 65536)
    except OSError:
        del run.readers[run.master]
        return
    run.output += data.decode(errors="replace")
    run.note("on the terminal: %r" % data.decode(errors="replace")[:80], "printed", data)
def as_leader(run, **how):  # Start it as the leader of a session with a terminal, as a terminal window does
    how = {"stdin": run.slave, "stdout": run.slave, "stderr": run.slave, **how}
    start(run, preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **how)
def as_job(run):  # Start it as the foreground job of a session leader that waits for it, as a shell does
    start_below(run, as_leader, be_a_shell.__name__)
def start_below(run, stage, role):
    """Start this script in a role that starts the launcher, and reports its pid and status."""
    run.words = [*PYTHON, role, *run.words]
    stage(run, stdout=subprocess.PIPE)
    run.pids["its parent"], run.pids["launcher"] = run.process.pid, int(run.process.stdout.readline() or -1)
    run.status = lambda: int(run.process.stdout.readline() or shell_status(os.waitpid(run.pids["launcher"], 0)[1]))
def be_a_shell(*words):  # Start the launcher in a process group of its own, in the foreground
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # tcsetpgrp(3) from the background would stop it
    report_and_stay(subprocess.Popen(words, stdout=2, preexec_fn=take_the_foreground))
def take_the_foreground():  # In a child: lead a process group of its own, in the foreground
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
def report_and_stay(launcher):  # Report the launcher, and stay: the end of a session leader would hang up its terminal
    print(launcher.pid, flush=True)
    print(shell_status(os.waitpid(launcher.pid, 0)[1]), flush=True)
    while True:
        signal.pause()

def violation(required, actual):  # Return one violation
    return ["required: %s\nactual:   %s" % (required, actual)]
def timed_out(launched):  # Whatever happens without the launcher happens with it too
    return violation(launched.timed_out + ", as without the launcher", "it timed out") if launched.timed_out else []
def same_view(bare, launched):  # The terminal looks the same to the command
    required, actual = (run.all("did", "command", "view")[:1] for run in (bare, launched))
    if not actual or not required or actual == required:
        return []
    shown = [" ".join(map(str, one[0][3:])) for one in (required, actual)]
    return violation("isatty of 0, 1, 2, /dev/tty, size, modes, in the foreground, keys: " + shown[0], shown[1])

class ReportingCommand:  # What the launcher starts: it reports each signal, and carries out orders
    def report(self, *words):  # Report one thing
        os.write(self.reports, (" ".join(map(str, (self.name, *words))) + "\n").encode())

    def __init__(self, directory, name):
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
                globals()["order_" + word.replace("-", "_")](self, *words)

def order_exit(me, code):  # End with this exit code
    os._exit(int(code))
def order_read_line(me):  # Read a line, or what there is when Ctrl-D is pressed
    data = os.read(0, 4096)
    me.report("did", "read-line", len(data), zlib.crc32(data))

def order_view(me):  # Report the terminal: isatty of 0, 1, 2, /dev/tty, size, modes, whether in the foreground, keys
    are = "".join("ny"[os.isatty(descriptor)] for descriptor in (0, 1, 2))
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        me.report("did", "view", are, "no-/dev/tty:-errno-%s" % error.errno)
        return
    size = struct.unpack("4H", ioctl(terminal, termios.TIOCGWINSZ, bytes(8)))[:2]
    is_foreground = os.tcgetpgrp(terminal) == os.getpgrp()
    *modes, _, _, keys = termios.tcgetattr(terminal)
    numbers = "".join("%02x" % (key if isinstance(key, int) else ord(key)) for key in keys)
    me.report("did", "view", are, "/dev/tty", *size, *modes, is_foreground, numbers)
    os.close(terminal)

def order_look(me):  # Do nothing: the order view has reported the terminal
    me.report("did", "look")

def main():  # Play the steps twice and compare; return the exit code
    if sys.argv[1:2] == ["--as"]:
        globals()[sys.argv[2]](*sys.argv[3:])
    signal.alarm(900)  # seconds; no case takes so long
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda number, _: (signal.signal(number, signal.SIG_IGN), sys.exit(2)))
    launcher = sys.argv[1:][sys.argv[1:2] == ["--"] :] or LAUNCHER
    try:
        if not sys.platform.startswith("linux") or not shutil.which(launcher[0]):
            raise RuntimeError("there is no %s here, or this is not Linux" % launcher[0])
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER: orphans become our children
        bare, launched = ObservedRun([]).play(), ObservedRun(launcher).play()
        if bare.timed_out or len(launched.all("runs")) < len(bare.all("runs")[:1]):
            raise RuntimeError(bare.timed_out or "the command was never started; output: %a" % launched.output[-300:])
        found = judge(bare, launched)
    except Exception as reason:
        print("INCONCLUSIVE: %s" % reason, file=sys.stderr)
        return 2
    print("\n".join(["FAULT REPRODUCED:", *found]) if found else "FAULT NOT REPRODUCED: all is as required.")
    return 1 if found else 0

sys.exit(main())
