/* A launcher that does what its arguments say: one letter a system call. For test_complete_sound.py.
 *
 * usage: scripted LOG SCRIPT [SCRIPT-OF-CHILD...]
 *
 * Each process appends to LOG what it sees: its number, the letter, and the result. LOG is a file, so writing to it is
 * no visible call. The directory that is made or removed is LOG.d.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int log_fd, me, own_pid, last_child, made, ends[2] = {-1, -1};
static char **scripts, directory[4096];
static int pids[8];

static void note(char letter, long result)
{
    char line[32];
    /* a handler may run in a new child before that has set its number */
    int number = getpid() == own_pid ? me : made;
    int length = snprintf(line, sizeof line, "%d%c%ld\n", number, letter, result);
    if (write(log_fd, line, length) != length)
        _exit(99);
}

static void caught(int number) { note('!', number); }

static long number_of(long pid)
{
    for (int n = 0; n < 8; n++)
        if (pids[n] && pids[n] == pid)
            return n;
    return pid > 0 ? 9 : pid;
}

static long failed(long result) { return result < 0 ? -errno : result; }

static void set(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigaction(number, &action, NULL);
}

static void mask(int how)
{
    sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGTERM);
    sigaddset(&some, SIGCHLD);
    sigprocmask(how, &some, NULL);
}

static void play(const char *script);

static void start(void)
{
    int number = ++made;
    pids[me] = getpid();
    long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0) {
        me = number;
        own_pid = getpid();
        play(scripts[number]);
        syscall(SYS_exit_group, number);
    }
    pids[number] = last_child = (int)pid;
}

static void play(const char *script)
{
    for (; *script; script++) {
        long result = 0;
        int status = 0;
        sigset_t some;
        char byte = 'x';
        switch (*script) {
        case 'f': start(); continue;
        case 'w': result = failed(wait4(-1, &status, 0, NULL)); break;
        case 'n': result = failed(wait4(-1, &status, WNOHANG, NULL)); break;
        case 'h': set(SIGTERM, caught); continue;
        case 'i': set(SIGTERM, SIG_IGN); continue;
        case 'd': set(SIGTERM, SIG_DFL); continue;
        case 'c': set(SIGCHLD, caught); continue;
        case 'b': mask(SIG_BLOCK); continue;
        case 'u': mask(SIG_UNBLOCK); break;
        case 'q':
            sigemptyset(&some);
            sigaddset(&some, SIGTERM);
            sigaddset(&some, SIGCHLD);
            result = failed(sigwaitinfo(&some, NULL));
            break;
        case 'p': result = failed(pause()); break;
        case 'k': result = failed(kill(getppid(), SIGTERM)); break;
        case 'K': result = failed(kill(last_child ? last_child : getpid(), SIGTERM)); break;
        case '9': result = failed(kill(last_child ? last_child : getpid(), SIGKILL)); break;
        case 'G': result = failed(kill(last_child ? -last_child : -getpid(), SIGTERM)); break;
        case 'g': result = failed(setpgid(0, 0)); break;
        case 'P': result = failed(setpgid(last_child, last_child)); break;
        case 's': result = failed(setsid()) < 0 ? -errno : 0; break;
        case 'a': result = number_of(getppid()); break;
        case 'm': result = failed(mkdir(directory, 0700)); break;
        case 'x': result = failed(rmdir(directory)); break;
        case 'o': result = pipe2(ends, 0); break;
        case 'r': result = failed(read(ends[0], &byte, 1)); break;
        case 'W': result = failed(write(ends[1], &byte, 1)); break;
        case 'y': close(ends[1]); break;
        case 'D': prctl(PR_SET_PDEATHSIG, SIGTERM); continue;
        }
        if (*script == 'w' || *script == 'n')
            note(*script, result > 0 ? 1000 * number_of(result) + status : result);
        else
            note(*script, result);
    }
}

int main(int argc, char **argv)
{
    (void)argc;
    log_fd = open(argv[1], O_WRONLY | O_APPEND | O_CLOEXEC);
    if (log_fd < 0)
        return 98;
    snprintf(directory, sizeof directory, "%s.d", argv[1]);
    scripts = argv + 2;
    own_pid = getpid();
    pids[7] = getppid();
    play(scripts[0]);
    syscall(SYS_exit_group, 0);
}
