"""A launcher that acts late: `python3 -I -S late.py HOW [once] COMMAND ARGS...`.

It forwards each signal at once, and again 300 ms later. HOW says how it waits for that. With `once`, it forwards only
late. HOW `never`: only at once. HOW `busy`: only at once, and it polls all the time. HOW `ends`: only at once, and it
ends late.
"""

import ctypes
import os
import select
import signal
import sys
import threading
import time

LATE = 0.3
EVERY = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
libc = ctypes.CDLL(None, use_errno=True)


class Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class Itimerspec(ctypes.Structure):
    _fields_ = (("interval", Timespec), ("value", Timespec))


def in_late() -> Itimerspec:
    return Itimerspec(Timespec(0, 0), Timespec(0, int(LATE * 1e9)))


class Launcher:
    """Waits in sigwaitinfo(2). `arm` arranges that `again` is called in LATE seconds."""

    def __init__(self, command: list[str], once: bool) -> None:
        self.once = once
        self.last = 0
        signal.pthread_sigmask(signal.SIG_BLOCK, [*EVERY, signal.SIGCHLD, signal.SIGALRM])
        self.prepare()
        self.child = os.fork()
        if self.child == 0:
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.execv(command[0], command)

    def prepare(self) -> None:
        """Prepare before the command starts."""

    def run(self) -> None:
        while True:
            self.take(self.wait())

    def wait(self) -> int:
        return signal.sigwaitinfo([*EVERY, signal.SIGCHLD, signal.SIGALRM]).si_signo

    def take(self, number: int) -> None:
        if number == signal.SIGCHLD:
            self.reap()
        elif number == signal.SIGALRM:
            self.again()
        elif number:
            self.last = number
            if not self.once:
                os.kill(self.child, number)
            self.arm()

    def arm(self) -> None:
        """Do nothing late."""

    def again(self) -> None:
        os.kill(self.child, self.last)

    def reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if pid == self.child:
                os._exit(os.waitstatus_to_exitcode(status) & 0xFF)


class Thread(Launcher):
    def arm(self) -> None:
        threading.Thread(target=self.sleep, daemon=True).start()

    def sleep(self) -> None:
        time.sleep(LATE)
        self.again()


class Futex(Launcher):
    """Waits in a thread on a condition with a timeout, as most retry loops do."""

    def arm(self) -> None:
        threading.Thread(target=self.wait_in_vain, daemon=True).start()

    def wait_in_vain(self) -> None:
        threading.Event().wait(LATE)
        self.again()


class Helper(Launcher):
    def arm(self) -> None:
        if os.fork() == 0:
            time.sleep(LATE)
            os.kill(self.child, self.last)
            os._exit(0)


class IntervalTimer(Launcher):
    def arm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, LATE)


class EndsLate(Launcher):
    """Ends LATE seconds after its command, by an interval timer."""

    def reap(self) -> None:
        _, status = os.waitpid(self.child, 0)
        self.code = os.waitstatus_to_exitcode(status) & 0xFF
        signal.setitimer(signal.ITIMER_REAL, LATE)

    def again(self) -> None:
        os._exit(self.code)


class PosixTimer(Launcher):
    """Uses timer_create(2), which sends SIGALRM without a sigevent."""

    def arm(self) -> None:
        timer = ctypes.c_void_p()
        libc.timer_create(1, None, ctypes.byref(timer))
        libc.timer_settime(timer, 0, ctypes.byref(in_late()), None)


class Waiting(Launcher):
    """Waits for signals on a descriptor, with a timeout if an action is due."""

    due = False

    def prepare(self) -> None:
        self.wake, wake_end = os.pipe()
        os.set_blocking(wake_end, False)
        signal.set_wakeup_fd(wake_end, warn_on_full_buffer=False)
        for number in (*EVERY, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [*EVERY, signal.SIGCHLD])

    def arm(self) -> None:
        self.due = True

    def wait(self) -> int:
        if self.ready(LATE if self.due else None):
            return os.read(self.wake, 1)[0]
        self.due = False
        self.again()
        return 0

    def ready(self, seconds: float | None) -> bool:
        raise NotImplementedError


class Select(Waiting):
    def ready(self, seconds: float | None) -> bool:
        return bool(select.select([self.wake], [], [], seconds)[0])


class Poll(Waiting):
    def ready(self, seconds: float | None) -> bool:
        poller = select.poll()
        poller.register(self.wake, select.POLLIN)
        return bool(poller.poll(None if seconds is None else seconds * 1e3))


class Epoll(Waiting):
    def ready(self, seconds: float | None) -> bool:
        with select.epoll() as poller:
            poller.register(self.wake, select.EPOLLIN)
            return bool(poller.poll(seconds))


class Ppoll(Waiting):
    def ready(self, seconds: float | None) -> bool:
        entry = (ctypes.c_int * 2)(self.wake, select.POLLIN)
        limit = ctypes.byref(Timespec(0, int(seconds * 1e9))) if seconds is not None else None
        while (count := libc.ppoll(entry, 1, limit, None)) < 0:
            pass  # EINTR: the pipe has the byte now
        return bool(count)


class TimerFd(Waiting):
    def prepare(self) -> None:
        super().prepare()
        self.timer = libc.timerfd_create(1, 0)

    def arm(self) -> None:
        libc.timerfd_settime(self.timer, 0, ctypes.byref(in_late()), None)

    def ready(self, _: float | None) -> bool:
        if self.timer in select.select([self.wake, self.timer], [], [])[0]:
            os.read(self.timer, 8)
            return False
        return True


class SigTimedWait(Launcher):
    due = False

    def arm(self) -> None:
        self.due = True

    def wait(self) -> int:
        every = [*EVERY, signal.SIGCHLD]
        info = signal.sigtimedwait(every, LATE) if self.due else signal.sigwaitinfo(every)
        if info is None:
            self.due = False
            self.again()
        return info.si_signo if info else 0


class Polling(Launcher):
    """Polls for signals every 50 ms."""

    at = float("inf")

    def arm(self) -> None:
        self.at = time.monotonic() + LATE

    def wait(self) -> int:
        time.sleep(0.05)
        if time.monotonic() >= self.at:
            self.at = float("inf")
            self.again()
        info = signal.sigtimedwait([*EVERY, signal.SIGCHLD], 0)
        return info.si_signo if info else 0


class Busy(Launcher):
    def wait(self) -> int:
        info = signal.sigtimedwait([*EVERY, signal.SIGCHLD], 0)
        return info.si_signo if info else 0


KINDS = {
    "never": Launcher,
    "busy": Busy,
    "thread": Thread,
    "futex": Futex,
    "helper": Helper,
    "setitimer": IntervalTimer,
    "ends": EndsLate,
    "timer_create": PosixTimer,
    "select": Select,
    "poll": Poll,
    "epoll_wait": Epoll,
    "ppoll": Ppoll,
    "timerfd": TimerFd,
    "sigtimedwait": SigTimedWait,
    "polling": Polling,
}

if __name__ == "__main__":
    how, *words = sys.argv[1:]
    once = words[0] == "once"
    KINDS[how](words[1:] if once else words, once).run()
