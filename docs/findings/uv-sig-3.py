"""SIG-3 (MUST): SIG-1 and SIG-2 hold for SIGINT both with and without a terminal on stdin. (A kill is not a Ctrl-C:
`si_code` tells them apart.)

Seen on uv-run, uv 0.13.8 (x86_64-unknown-linux-gnu), Linux 6.18 x86_64: required: the command receives SIGINT 2
times, as it does by itself; actual: 0 times

Run it: `python3 FILE`; another launcher or version: `python3 FILE -- LAUNCHER OPTIONS...`. Exit code 1: the fault is
there; 0: it is not; 2: it could not be told. It does the same to a command (itself once more) alone and through the
launcher, and compares. What has not come when no process runs any more (QUIET, GIVE_UP) is taken not to come. It
needs Linux and Python 3.8, and leaves nothing behind. Made by Proctor."""
import contextlib, ctypes, fcntl, glob, os, pathlib, re, select, shlex, shutil, signal, struct, sys, tempfile, termios
import time

QUIET = 0.3  # seconds in which no process may run before we say that nothing more comes
GIVE_UP = 2.0  # seconds in which no process may run before we say that what we wait for will not come
ORDER = signal.SIGRTMAX - 1  # with this the command is told that there is an order; no case sends it
LAUNCHER = ['uv', 'run', '--no-project', '--']
ENVIRONMENT = {'UV_OFFLINE': '1', 'UV_NO_PROGRESS': '1', 'UV_PYTHON_DOWNLOADS': 'never'}
FILES = {}

def play(run):  # What is done, in order
    lay_out(run)
    as_job(run)
    comes(run, 'runs', 'command')
    settle(run)
    send(run, signal.SIGINT, 'launcher')
    receives(run, signal.SIGINT)
    settle(run)
    send(run, signal.SIGINT, 'launcher')
    receives(run, signal.SIGINT, 2)
    settle(run)
    tell(run, 'exit 0')
    comes(run, 'ended', 'command')
    comes(run, 'ended', 'launcher')

def judge(alone, seen):  # What is wrong, in words: `alone` is the run without the launcher, `seen` the one with it
    return stays(seen) or too_few(alone, seen, [signal.SIGINT]) or missing(seen)

class Run:  # One run, with the launcher or, where that has no words, of the command alone; `events`: what happened
    def __init__(self, launcher):
        self.launcher, self.events, self.pids, self.missing, self.said = launcher, [], {}, "", ""
        self.began, self.since, self.seen, self.directory = time.monotonic(), 0.0, [], tempfile.mkdtemp()
        self.words = [*launcher, sys.executable, "-I", "-S", os.path.abspath(__file__), "--command", self.directory]
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

    def before_execute(self):
        """Do nothing more in the child that becomes the launcher."""
    def note(self, text, *event):  # Print what happens, and keep it
        print("%9.1f ms  %s" % (1e3 * (time.monotonic() - self.began), ascii(text)[1:-1]), flush=True)
        self.events.append(event)
    def all(self, *kind):  # Return the events that begin like this
        return [event for event in self.events if event[: len(kind)] == kind]

    def hear(self, reports):  # Take in what the command tells
        for line in os.read(reports, 65536).decode().splitlines():
            (who, what, *words), text = line.split(), line
            if what == "runs":
                self.pids[who] = int(words[0])
            if what == "received":
                sender = {str(pid): name for name, pid in self.pids.items()}.get(words[2], "pid " + words[2])
                words = [int(words[0]), "the kernel" if words[1] == "128" else sender]  # SI_KERNEL, sigaction(2)
                text = "%s received %s from %s" % (who, name_of(words[0]), words[1])
            self.note(text, what, who, *words)

    def take_in(self, seconds):  # Take in what is told; then who has ended, the launcher looked at first
        gone = [who for who in sorted(self.pids)[::-1] if not state(self.pids[who]) and not self.all("ended", who)]
        ready = select.select(list(self.readers), [], [], 0 if gone else seconds)[0]
        for one in ready:
            self.readers[one](one)
        for who in reversed(gone if not ready else []):
            status = self.status() if who == "launcher" else ""
            self.note("%s ended %s" % (who, status), "ended", who, status)

    def wait(self, what, is_there, quiet=GIVE_UP):  # Wait for what comes as long as processes run
        began = self.since = time.monotonic()
        while not is_there() and self.idle() < quiet and time.monotonic() - began < 10 * quiet:
            self.take_in(0.01)
        if what and not is_there():
            raise TimeoutError(what)

    def idle(self):  # Return for how many seconds no process has run: all were blocked, none was given the processor
        tasks = [path for pid in below(os.getpid()) for path in glob.glob("/proc/%d/task/*/status" % pid)]
        seen = [re.findall(r"^(?:Pid|State|\w*ctxt_switches):\t(\w+)", contents(path), re.MULTILINE) for path in tasks]
        if seen != self.seen or any("R" in one or "D" in one for one in seen):
            self.seen, self.since = seen, time.monotonic()
        return time.monotonic() - self.since

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
def settle(run):  # Wait until no process has run for a moment: whatever was to come of what was done has come
    run.wait("", lambda: False, QUIET)

def tell(run, text, to="command"):  # Tell the command what to do
    if run.all("ended", to):
        raise TimeoutError("%s is there to be told: %s" % (to, text))
    run.note("%s is told: %s" % (to, text))
    pathlib.Path(run.directory, to).write_text(text)
    os.kill(run.pids[to], ORDER)

def receives(run, number, times=1, who="command"):  # Wait until a signal has come so many times
    run.wait("%s receives %s" % (who, name_of(number)), lambda: len(run.all("received", who, number)) >= times)
def comes(run, what, who):  # Wait until somebody runs, or has ended
    run.wait("%s %s" % (who, what), lambda: run.all(what, who))

def lay_out(run):  # Make the files and set the variables that the launcher is called with
    run.environment.update((key, value.replace("{here}", run.directory)) for key, value in ENVIRONMENT.items())
    run.words = [word.replace("{here}", run.directory) for word in run.words]
    for name, text in FILES.items():
        os.makedirs(os.path.dirname(os.path.join(run.directory, name)), exist_ok=True)
        with open(os.path.join(run.directory, name), "w") as file:
            file.write(text)

def forget_signals():
    """Block no signal and give each its default action: what we were started with is not what is to be shown."""
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())

def open_terminal(run):  # Make a pseudo-terminal of 24 rows and 80 columns, where there is none yet
    if hasattr(run, "master"):
        return
    run.master, run.slave = os.openpty()
    fcntl.ioctl(run.master, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    os.set_blocking(run.master, False)
    run.readers[run.master], run.unread = lambda _: read_terminal(run), ""

def read_terminal(run):  # Take in what is printed on the terminal. When nobody has it open any more that fails with EIO
    data = b""
    with contextlib.suppress(OSError):
        data = os.read(run.master, 65536)
    if not data:
        del run.readers[run.master]
    text = data.decode(errors="replace")
    run.said, run.unread = run.said + text, run.unread + text
    if data:
        run.note("on the terminal: " + text[:80], "printed", data)

def lead_session(run):  # In a child: lead a session of its own, with the terminal as its controlling one
    os.setsid()
    os.close(run.master)  # who holds it open keeps it from hanging up
    for descriptor in (0, 1, 2):
        os.dup2(run.slave, descriptor)
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)

def execute(run):  # In a child: become the launcher
    forget_signals()
    os.chdir(run.directory)
    run.before_execute()
    os.execvpe(run.words[0], run.words, run.environment)
def as_job(run):  # Start it as the foreground job of a session leader that waits for it, as a shell does
    open_terminal(run)
    keep(run, lead_session, start_job)

def keep(run, prepare, start):
    """Start a process that starts the launcher, tells its pid and how it ends, and stays: if a session leader ended,
    that would hang up its terminal."""
    told, telling = os.pipe()
    run.pids["its parent"] = os.fork()
    if run.pids["its parent"] == 0:
        try:
            forget_signals()
            prepare(run)
            launcher = start(run)
            os.write(telling, b"%20d" % launcher)
            os.write(telling, b"%20d" % os.waitpid(launcher, 0)[1])
            while True:
                signal.pause()
        finally:
            os._exit(127)
    os.close(telling)
    first = os.read(told, 20)
    if not first:
        raise RuntimeError("this system does not let us start it in this way")
    run.pids["launcher"] = int(first)
    run.status = lambda: as_in_a_shell(int(os.read(told, 20) or os.waitpid(run.pids["launcher"], 0)[1]))

def start_job(run):  # Start the launcher in a process group of its own, in the foreground
    job = os.fork()
    if job == 0:
        try:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # tcsetpgrp(3) from the background would stop us
            os.tcsetpgrp(0, os.getpid())
            execute(run)
        finally:
            os._exit(127)
    return job

def wrong(required, actual):  # Return one objection
    return ["required: %s\nactual:   %s" % (required, actual)]
def missing(seen):  # Everything that comes with the command alone comes
    return wrong(seen.missing + ", as with the command alone", "that did not come") if seen.missing else []
def stays(seen):  # The launcher does not end before the command
    first = [*seen.all("ended"), ("", "", "")][0]
    said = "it ended first, with status %s" % first[2]
    return wrong("the launcher stays until the command has ended", said) if first[1] == "launcher" else []
def too_few(alone, seen, numbers):  # The command receives these signals no less often than without the launcher
    each = [(one, [len(run.all("received", "command", one)) for run in (alone, seen)]) for one in numbers]
    fewer = [(name_of(one), its, mine) for one, (its, mine) in each if mine < its]
    return [line for one in fewer for line in wrong("the command receives %s %d times" % one[:2], "%d times" % one[2])]

class Command:  # What the launcher is asked to start: it tells of each signal, and does what it is told
    def say(self, *words):  # Tell one thing
        os.write(self.reports, (" ".join(map(str, (self.name, *words))) + "\n").encode())

    def __init__(self, directory, name):
        self.directory, self.name, self.reports = directory, name, os.open(directory + "/reports", os.O_WRONLY)
        spared = {"KILL", "STOP", "CHLD", "SEGV", "BUS", "FPE", "ILL"}
        self.taken = set(signal.valid_signals()) - {getattr(signal, "SIG" + one) for one in spared}
        signal.pthread_sigmask(signal.SIG_BLOCK, self.taken)
        self.say("runs", os.getpid())
        while True:  # until it is told to end, or has heard nothing for a minute
            info = signal.sigtimedwait(self.taken, 60) or os._exit(113)
            if info.si_signo != ORDER:
                self.say("received", info.si_signo, info.si_code, info.si_pid)
            else:
                word, *words = contents(directory + "/" + name).split()
                globals()["order_" + word.replace("-", "_")](self, *words)

def order_exit(me, code):  # End with this exit code
    os._exit(int(code))

def main():  # Play it twice and compare; return the exit code
    if sys.argv[1:2] == ["--command"]:
        Command(sys.argv[2], "command")
    signal.alarm(900)  # seconds; nothing takes so long
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda number, _: (signal.signal(number, signal.SIG_IGN), sys.exit(2)))
    launcher = sys.argv[2:] or LAUNCHER
    try:
        if sys.argv[1:2] not in ([], ["--"]):
            raise RuntimeError("it is called in another way:\n\n" + str(__doc__))
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
