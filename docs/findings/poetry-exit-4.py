"""EXIT-4 (SHOULD): A command that does not exist gives exit code 127, one whose execution is not permitted gives 126,
and the error message names the command.
Seen on poetry-run, Poetry (version 2.5.1), Linux 6.18 x86_64: required: exit code 127; actual: it ended with exit
code 1
Run it on Linux, with Python 3.8 or newer: `python3 FILE`, or `python3 FILE -- LAUNCHER OPTIONS...` for another one.
Exit code 1: the fault is there; 0: it is not; 2: it could not be told. It leaves nothing behind. Made by Proctor."""
import contextlib, ctypes, glob, os, re, select, shlex, shutil, signal, subprocess, sys, tempfile, time

GIVE_UP = 2.0  # the same before we say that what we wait for will not come; where timers may wake it, six times that
TIMED = {  # system calls with a time limit: their numbers, and which argument that is; after a stop nobody knows
    "x86_64": {"7": 2, "35": 0, "128": 2, "202": 3, "219": -1, "230": 2, "232": 3, "270": 4, "271": 2, "281": 3},
}.get(os.uname().machine, {"22": 3, "72": 4, "73": 2, "98": 3, "101": 0, "115": 2, "128": -1, "137": 2})  # as on arm64
PYTHON = [sys.executable, "-I", "-S", os.path.abspath(__file__), "--as"]  # this script, and then its role
ORDER = signal.SIGRTMAX - 1  # with this the command is told that there is an order; no case sends it
LAUNCHER = ['poetry', 'run', '--']
ENVIRONMENT = {'POETRY_NO_INTERACTION': '1', 'POETRY_VIRTUALENVS_OPTIONS_NO_PIP': 'true', 'POETRY_KEYRING_ENABLED': 'false'}
FILES = {'pyproject.toml': '[project]\nname = "proctor-case"\nversion = "1.0.0"\nrequires-python = ">=3.8"\n\n[tool.poetry]\npackage-mode = false\n'}

def play(run):  # What is done, in order
    lay_out(run)
    use_a_command_that_is_missing(run)
    on_pipes(run)
    comes(run, 'launcher', 'ended')

def judge(alone, seen):  # What is wrong, in words: `alone` is the run without the launcher, `seen` the one with it
    return missing(seen) or refuses(seen, 127, 'no-such-command')

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

def comes(run, who, what, *more, times=1):  # Wait until somebody runs, has received a signal, has ended
    run.wait(" ".join((who, what, *more)), lambda: len(run.all(what, who, *more)) >= times)

def use_a_command_that_is_missing(run):
    """Give the launcher a command that does not exist. Alone a shell is asked for it."""
    run.words = [*(run.launcher or ["sh", "-c", '"$0"']), run.directory + "/no-such-command"]
def lay_out(run):  # Make the files and set the variables that the launcher is called with
    run.environment.update((key, value.replace("{here}", run.directory)) for key, value in ENVIRONMENT.items())
    run.words = [word.replace("{here}", run.directory) for word in run.words]
    for name, text in FILES.items():
        os.makedirs(os.path.dirname(os.path.join(run.directory, name)), exist_ok=True)
        with open(os.path.join(run.directory, name), "w") as file:
            file.write(text)
def start(run, **how):  # Start the launcher, in a session of its own
    run.process = subprocess.Popen(run.words, cwd=run.directory, env=run.environment, start_new_session=True, **how)
    run.pids["launcher"], run.process.returncode = run.process.pid, 0  # we wait for it ourselves
def on_pipes(run, **how):  # Start it without a terminal, as a service manager does
    with open(run.directory + "/output", "w") as output:
        start(run, **{"stdin": subprocess.PIPE, "stdout": output, "stderr": output, **how})

def wrong(required, actual):  # Return one objection
    return ["required: %s\nactual:   %s" % (required, actual)]
def missing(seen):  # Everything that comes with the command alone comes
    return wrong(seen.missing + ", as with the command alone", "that did not come") if seen.missing else []
def refuses(seen, code, name):  # A command that cannot be started: this exit code, and a message that names it
    status = seen.all("ended", "launcher")[0][2]
    found = [] if status == code else wrong("exit code %d" % code, "status %s" % status)
    return found + (
        [] if name in seen.said else wrong("a message that names %s" % name, "it said %a" % seen.said[:200])
    )

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
