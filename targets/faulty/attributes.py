"""Planted faults in what the kernel keeps for a process: each changes one attribute before it executes the command.

`attribute_cpu_affinity` changes the attribute `cpu-affinity` of conformance/spec/inherit.md. Where the system does not
allow that, no command is started.
"""

import ctypes
import stat

from .sound import TYPE_CHECKING, Launcher, os, signal

if TYPE_CHECKING:
    from typing import NoReturn

MACHINE = os.uname().machine
CALLS: tuple[int, ...] = {
    "x86_64": (126, 251, 250, 238),
    "aarch64": (91, 30, 219, 237),
}.get(MACHINE, (-1, -1, -1, -1))
CAPSET, IOPRIO_SET, KEYCTL, SET_MEMPOLICY = CALLS
NEWTIME, NEWNS, NEWCGROUP, NEWUTS = 0x80, 0x20000, 0x2000000, 0x4000000
NEWIPC, NEWUSER, NEWPID, NEWNET = 0x8000000, 0x10000000, 0x20000000, 0x40000000
CAP_SYS_BOOT = 22
libc = ctypes.CDLL(None, use_errno=True)


def done(result: int) -> None:
    """Raise OSError where a function of the C library has failed."""
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")


def prctl(option: int, argument: int = 0, second: int = 0, third: int = 0) -> None:
    done(libc.prctl(option, *(ctypes.c_ulong(one) for one in (argument, second, third, 0))))


def set_timer(which: int) -> None:
    """Set a timer that goes off after an hour; setitimer(2)."""
    done(libc.setitimer(which, (ctypes.c_long * 4)(0, 0, 3600, 0), None))


def set_capabilities(inheritable: int) -> None:
    """Set the inheritable capabilities, and keep the others; capset(2)."""
    with open("/proc/self/status", encoding="ascii", errors="replace") as file:
        fields = dict(line.split(":\t") for line in file if line.startswith("Cap"))
    permitted = int(fields["CapPrm"], 16)
    low, high = permitted & 0xFFFFFFFF, permitted >> 32
    data = (ctypes.c_uint32 * 6)(low, low, inheritable, high, high, 0)
    done(libc.syscall(CAPSET, (ctypes.c_uint32 * 2)(0x20080522, 0), data))


def unshare(flags: int) -> None:
    done(libc.unshare(flags))


def write(path: str, text: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


class ChangesAttribute(Launcher):
    """Does in the child what a fault says."""

    breaks: str

    def __init_subclass__(cls) -> None:
        cls.breaks = "INHERIT-4"  # in each class, where the catalogue looks for it

    def become_command(self) -> None:
        try:
            self.before_exec()
        except OSError as error:
            self.cannot_execute(error, 125)
        # done already: the method that is called next does it again
        self.before_exec = lambda: None  # type: ignore[method-assign]
        super().become_command()


class attribute_name(ChangesAttribute):
    """Puts a name of its own in argv[0], as login shells have it."""

    def execute(self, arguments: list[bytes], environment: dict[bytes, bytes]) -> None:
        os.execve(arguments[0], [b"-command", *arguments[1:]], environment)


class attribute_user_ids(ChangesAttribute):
    """Leaves another real user ID behind, as half of a change of user."""

    also_changes = ("secure-execution", "session-keyring")

    def before_exec(self) -> None:
        os.setresuid(65534, 0, 0)


class attribute_group_ids(ChangesAttribute):
    """The same with the group ID."""

    also_changes = ("secure-execution",)

    def before_exec(self) -> None:
        os.setresgid(65534, 0, 0)


class attribute_capabilities_inheritable(ChangesAttribute):
    """Makes a capability inheritable, as a container engine did (CVE-2022-24769)."""

    def before_exec(self) -> None:
        set_capabilities(1 << CAP_SYS_BOOT)


class attribute_capabilities_ambient(ChangesAttribute):
    """Adds an ambient capability."""

    also_changes = ("capabilities-inheritable",)

    def before_exec(self) -> None:
        set_capabilities(1 << CAP_SYS_BOOT)
        prctl(47, 2, CAP_SYS_BOOT)  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE


class attribute_capabilities_bounding(ChangesAttribute):
    """Drops a capability from the bounding set, and so from those of the command."""

    also_changes = ("capabilities-permitted", "capabilities-effective")

    def before_exec(self) -> None:
        prctl(24, CAP_SYS_BOOT)  # PR_CAPBSET_DROP


class attribute_secure_bits(ChangesAttribute):
    """Sets SECBIT_NO_SETUID_FIXUP for its own change of user, and leaves it set."""

    def before_exec(self) -> None:
        prctl(28, 4)  # PR_SET_SECUREBITS


class attribute_no_new_privileges(ChangesAttribute):
    """Sets no_new_privs: sudo does not work in the command."""

    def before_exec(self) -> None:
        prctl(38, 1)  # PR_SET_NO_NEW_PRIVS


class attribute_seccomp_mode(ChangesAttribute):
    """Installs a filter that allows everything, as a sandbox with an empty profile."""

    also_changes = ("seccomp-filters", "no-new-privileges", "store-bypass", "indirect-branch")

    def before_exec(self) -> None:
        prctl(38, 1)
        allow = ctypes.create_string_buffer(bytes((6, 0, 0, 0, 0, 0, 0xFF, 0x7F)), 8)  # return SECCOMP_RET_ALLOW
        program = (ctypes.c_void_p * 2)(1, ctypes.addressof(allow))
        prctl(22, 2, ctypes.addressof(program))  # PR_SET_SECCOMP, SECCOMP_MODE_FILTER


class attribute_session_keyring(ChangesAttribute):
    """Joins a new session keyring, as pam_keyinit(8) does: keys of the caller are gone."""

    def before_exec(self) -> None:
        done(libc.syscall(KEYCTL, 1, None))  # KEYCTL_JOIN_SESSION_KEYRING


class attribute_login_user(ChangesAttribute):
    """Sets the login user, as pam_loginuid(8) does for a service that starts users' processes."""

    also_changes = ("audit-session",)

    def before_exec(self) -> None:
        write("/proc/self/loginuid", "65533")


class attribute_pending_signals(ChangesAttribute):
    """Leaves a signal pending for the command's only thread, and blocked."""

    also_breaks = ("INHERIT-1",)

    def restore_mask(self) -> None:
        import threading

        signal.pthread_sigmask(signal.SIG_SETMASK, self.inherited_mask | {signal.SIGUSR1})
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)


class attribute_pending_signals_of_process(ChangesAttribute):
    """Leaves a signal pending for the command, and blocked."""

    also_breaks = ("INHERIT-1",)

    def restore_mask(self) -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, self.inherited_mask | {signal.SIGUSR1})
        os.kill(os.getpid(), signal.SIGUSR1)


class Execs(ChangesAttribute):
    """Replaces itself with the command."""

    def run(self) -> "NoReturn":
        self.inherited_mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
        self.inherited_sigchld = None
        self.become_command()
        os._exit(126)


class attribute_real_timer(Execs):
    """Leaves its alarm(2) set when it replaces itself: SIGALRM ends the command an hour later."""

    def before_exec(self) -> None:
        set_timer(0)


class attribute_virtual_timer(Execs):
    """Leaves a timer of CPU time set: SIGVTALRM ends the command when it has computed for so long."""

    def before_exec(self) -> None:
        set_timer(1)


class attribute_profiling_timer(Execs):
    """Leaves the timer of a profiler set: SIGPROF ends the command."""

    def before_exec(self) -> None:
        set_timer(2)


class attribute_children(Execs):
    """Replaces itself while a helper of its own runs: the command's wait(2) returns a child that it never made."""

    may_break = ("TREE-1", "TREE-2", "INHERIT-2")

    def before_exec(self) -> None:
        if os.fork() == 0:
            prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: the helper ends with the command
            if os.getppid() != 1:
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
                signal.sigwait({signal.SIGKILL, signal.SIGUSR2})
            os._exit(0)


class attribute_parent_death_signal(Execs):
    """Asks for SIGTERM at its parent's death, for itself, and then replaces itself."""

    def before_exec(self) -> None:
        prctl(1, signal.SIGTERM)


class attribute_tracer(ChangesAttribute):
    """Traces the command."""

    def after_fork(self) -> None:
        done(libc.ptrace(0x4206, self.child, None, None))  # PTRACE_SEIZE


class attribute_scheduling_policy(ChangesAttribute):
    """Makes the command a batch job, as a runner of background work."""

    def before_exec(self) -> None:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


class attribute_scheduling_priority(ChangesAttribute):
    """Keeps the real-time priority of an audio or latency tool."""

    also_changes = ("scheduling-policy", "timer-slack")

    def before_exec(self) -> None:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))


class attribute_cpu_affinity(ChangesAttribute):
    """Keeps the command on one CPU: a runtime starts one worker instead of sixty."""

    def before_exec(self) -> None:
        allowed = os.sched_getaffinity(0)
        if len(allowed) < 2:
            raise OSError("there is one CPU only")
        os.sched_setaffinity(0, {min(allowed)})


class attribute_io_priority(ChangesAttribute):
    """Leaves the command in the idle class, as ionice -c 3 for an install."""

    def before_exec(self) -> None:
        done(libc.syscall(IOPRIO_SET, 1, 0, 3 << 13))


class attribute_memory_policy(ChangesAttribute):
    """Sets a memory policy, as numactl(8) does."""

    def before_exec(self) -> None:
        done(libc.syscall(SET_MEMPOLICY, 4, None, 0))  # MPOL_LOCAL


class attribute_timer_slack(ChangesAttribute):
    """Lets timers of the command be late, to save power."""

    def before_exec(self) -> None:
        prctl(29, 70_000)  # PR_SET_TIMERSLACK


class attribute_personality(ChangesAttribute):
    """Turns off the randomization of addresses, as a debugger does (ADDR_NO_RANDOMIZE)."""

    def before_exec(self) -> None:
        done(libc.personality(0x0040000))


class attribute_oom_score(ChangesAttribute):
    """Lets the kernel end the command first when memory runs out."""

    def before_exec(self) -> None:
        write("/proc/self/oom_score_adj", "500")


class attribute_core_dump_filter(ChangesAttribute):
    """Changes what a core dump of the command holds."""

    def before_exec(self) -> None:
        write("/proc/self/coredump_filter", "0x3f")


class attribute_child_subreaper(ChangesAttribute):
    """Leaves the command to reap orphans that it does not know of: set in the child instead of in the launcher."""

    def before_exec(self) -> None:
        prctl(36, 1)  # PR_SET_CHILD_SUBREAPER


class attribute_huge_pages_off(ChangesAttribute):
    """Turns huge pages off for itself, and so for the command."""

    def before_exec(self) -> None:
        prctl(41, 1)  # PR_SET_THP_DISABLE


class attribute_memory_merge(ChangesAttribute):
    """Lets the kernel merge pages, as systemd's MemoryKSM= does."""

    def before_exec(self) -> None:
        prctl(67, 1)  # PR_SET_MEMORY_MERGE


class attribute_no_writable_code(ChangesAttribute):
    """Forbids memory that is writable and executable: just-in-time compilers fail in the command."""

    def before_exec(self) -> None:
        prctl(65, 1)  # PR_SET_MDWE


class attribute_machine_check_policy(ChangesAttribute):
    """Sets how the kernel tells of broken memory."""

    def before_exec(self) -> None:
        prctl(33, 1, 1)  # PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY


class attribute_io_flusher(ChangesAttribute):
    """Marks the command as a part of the block layer, as a storage daemon marks itself."""

    def before_exec(self) -> None:
        prctl(57, 1)  # PR_SET_IO_FLUSHER


class attribute_time_stamp_counter(ChangesAttribute):
    """Forbids to read the time stamp counter, as a recorder for replays does."""

    def execute(self, arguments: list[bytes], environment: dict[bytes, bytes]) -> None:
        prctl(26, 2)  # PR_SET_TSC, PR_TSC_SIGSEGV: at the end, as Python's clocks read it
        os.execve(arguments[0], arguments, environment)


class attribute_store_bypass(ChangesAttribute):
    """Turns a speculation off, as a sandbox does."""

    def before_exec(self) -> None:
        prctl(53, 0, 4)  # PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_DISABLE


class attribute_indirect_branch(ChangesAttribute):
    """Turns another speculation off."""

    def before_exec(self) -> None:
        prctl(53, 1, 4)  # PR_SPEC_INDIRECT_BRANCH


class attribute_root_directory(ChangesAttribute):
    """Gives the command another root directory, in which all is as in the caller's."""

    also_changes = ("namespace-mnt",)

    def before_exec(self) -> None:
        unshare(NEWNS)
        here, new = os.getcwd(), os.getcwd() + "/root"
        os.mkdir(new)
        self.mount(b"none", b"/", 0x44000)  # MS_REC, MS_PRIVATE
        self.mount(b"tmpfs", new.encode(), 0, b"tmpfs")
        for name in os.listdir("/"):
            path, mode = f"{new}/{name}", os.lstat(f"/{name}").st_mode
            if stat.S_ISLNK(mode):
                os.symlink(os.readlink(f"/{name}"), path)
            elif stat.S_ISDIR(mode):
                os.mkdir(path)
                self.mount(f"/{name}".encode(), path.encode(), 0x5000)  # MS_BIND, MS_REC
        os.chroot(new)
        os.chdir(here)

    def mount(self, source: bytes, target: bytes, flags: int, kind: bytes | None = None) -> None:
        done(libc.mount(source, target, kind, ctypes.c_ulong(flags), None))


class attribute_control_groups(ChangesAttribute):
    """Puts the command into a control group of its own."""

    def after_fork(self) -> None:
        for root in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified"):
            self.group = f"{root}/attribute-{os.getpid()}"
            try:
                with open(f"{root}/cgroup.procs", encoding="ascii"):
                    os.mkdir(self.group)
                write(f"{self.group}/cgroup.procs", str(self.child))
            except OSError:
                continue
            return

    def finish(self, status: int) -> "NoReturn":
        try:
            os.rmdir(self.group)
        except OSError:
            pass
        super().finish(status)


class Unshares(ChangesAttribute):
    """Leaves some of the caller's namespaces in the child."""

    flags = 0

    def before_exec(self) -> None:
        unshare(self.flags)


class attribute_namespace_cgroup(Unshares):
    """Starts the command in a control group namespace of its own."""

    also_changes = ("control-groups",)

    flags = NEWCGROUP


class attribute_namespace_ipc(Unshares):
    """Starts the command in an IPC namespace of its own: shared memory of the caller is gone."""

    flags = NEWIPC


class attribute_namespace_mnt(Unshares):
    """Starts the command in a mount namespace of its own: the caller does not see what the command mounts."""

    flags = NEWNS


class attribute_namespace_net(Unshares):
    """Starts the command in a network namespace of its own: there is no network."""

    flags = NEWNET


class attribute_namespace_uts(Unshares):
    """Starts the command in a UTS namespace of its own."""

    flags = NEWUTS


class attribute_namespace_pid_for_children(Unshares):
    """Starts the command so that its first child becomes PID 1 of a namespace."""

    flags = NEWPID


class attribute_namespace_time_for_children(Unshares):
    """Starts the command so that its children have clocks of their own; since Linux 6.3 it has them as well."""

    also_changes = ("namespace-time",)

    flags = NEWTIME


class attribute_namespace_user(ChangesAttribute):
    """Starts the command in a user namespace of its own, with the caller's IDs."""

    also_changes = ("capabilities-inheritable", "capabilities-permitted", "capabilities-effective",
                    "capabilities-bounding", "secure-bits", "session-keyring")  # fmt: skip

    def before_exec(self) -> None:
        unshare(NEWUSER)
        write("/proc/self/setgroups", "deny")  # else gid_map may not be written; user_namespaces(7)
        for kind in ("uid", "gid"):
            write(f"/proc/self/{kind}_map", "0 0 1")


class ForksBelow(ChangesAttribute):
    """Starts the command in a namespace that only a new process enters."""

    flag = 0

    def fork(self) -> int:
        unshare(self.flag)
        return super().fork()


class attribute_namespace_pid(ForksBelow):
    """Starts the command as PID 1 of a namespace: signals without a handler do nothing."""

    flag = NEWPID
    also_changes = ("namespace-pid_for_children",)


class attribute_namespace_time(ForksBelow):
    """Starts the command with clocks of its own."""

    flag = NEWTIME
    also_changes = ("namespace-time_for_children",)
