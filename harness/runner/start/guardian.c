/* The guardian: the process between a worker and its runner. It outlives both and ends what they started.
 *
 * usage: guardian LIFELINE CONTAINMENT -- PATH ARGV0 [ARGS...]
 *
 * LIFELINE is the read end of a pipe whose write end only the worker holds: end of file means that the worker has
 * ended, for whatever reason. CONTAINMENT is "namespace" or "subreaper". The guardian creates a scratch directory and
 * starts the runner. When the worker or the runner has ended, the guardian ends all its descendants and removes the
 * directory.
 *
 * With "namespace" the runner is PID 1 of a PID namespace: no process that it starts can leave the namespace or signal
 * the runner, and the kernel ends all of them together with the runner (pid_namespaces(7)). With "subreaper" orphans
 * become children of the runner, or of the guardian after the runner has ended (PR_SET_CHILD_SUBREAPER). If the guardian
 * itself is killed, the namespace ends with it; without a namespace the runner gets SIGTERM, ends what it started, and
 * then ends itself. Without a namespace a launcher can also stop both. The worker continues a guardian that is stopped
 * (harness/stopped.py), and so does the kernel when the worker ends; the guardian ends a runner that is stopped.
 *
 * Neither process keeps the worker's signal mask and dispositions: with SIGCHLD blocked or ignored it would not learn
 * that a child has ended.
 *
 * PROCTOR_READ_ONLY names directories that the runner and what it starts cannot change: a launcher whose environment was
 * interrupted at the wrong moment may take the interpreter below it for its own, and install there.
 *
 * The guardian sets PROCTOR_SCRATCH and PROCTOR_CONTAINMENT for the runner. If the system refuses CONTAINMENT, its exit
 * status is 77 and its message begins with "refused: ": a worker that ignores SIGCHLD cannot read an exit status.
 */
#define _GNU_SOURCE
#define _XOPEN_SOURCE 700
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include "namespaces.h"
#include "read_only.h"
#include <sys/ioctl.h>
#include <sys/prctl.h>
/* from linux/fs.h, which cannot be included together with sys/mount.h */
#define GET_FLAGS _IOR('f', 1, long)
#define SET_FLAGS _IOW('f', 2, long)
enum { IMMUTABLE = 0x10, APPEND_ONLY = 0x20 };
#endif

enum { REFUSED = 77 };
enum { MOST_SECONDS = 10 }; /* for the runner to end by itself */

#ifdef SIGRTMAX
#define LAST_SIGNAL SIGRTMAX
#else
#define LAST_SIGNAL (NSIG - 1)
#endif

static char scratch[4096];
static int child_ended[2];

static void fatal(const char *what, int status) {
    fprintf(stderr, "%sguardian: %s: %s\n", status == REFUSED ? "refused: " : "", what, strerror(errno));
    if (scratch[0])
        rmdir(scratch);
    _exit(status);
}

/* Signals that the guardian ignores: they are meant for the worker. */
static int is_ignored(int number) {
    static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        if (ignored[i] == number)
            return 1;
    return 0;
}

static void on_child(int number) {
    int saved = errno;
    (void)number;
    if (write(child_ended[1], "c", 1) < 0) { /* the pipe is full, so a byte to wake up the reader is there already */
    }
    errno = saved;
}

static void drain(void) {
    char drained[64];
    if (read(child_ended[0], drained, sizeof drained) < 0) { /* the bytes have no meaning: they only wake up poll */
    }
}

static time_t seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Takes away the attributes of chattr(1) by which a file or directory cannot be removed; ioctl_iflags(2). */
static void unlock(int fd) {
#ifdef __linux__
    int flags;
    if (ioctl(fd, GET_FLAGS, &flags) == 0 && flags & (IMMUTABLE | APPEND_ONLY)) {
        flags &= ~(IMMUTABLE | APPEND_ONLY);
        ioctl(fd, SET_FLAGS, &flags);
    }
#else
    (void)fd;
#endif
}

/* Makes a file removable, and a directory and what is in it. */
static void open_up(int at, const char *name) {
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !(S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
        return;
    int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0) {
        unlock(fd);
        close(fd);
    }
    if (S_ISDIR(st.st_mode))
        fchmodat(at, name, 0700, 0);
}

/* Removes the contents of a directory. Subdirectories that are not empty are moved up to the scratch directory under new
 * names. So there is no recursion, and the depth to which a launcher nests directories does not matter. Returns whether
 * anything was removed or moved. */
static int flatten(int top, DIR *directory, unsigned *serial) {
    int progress = 0, fd = dirfd(directory);
    for (struct dirent *entry; (entry = readdir(directory));) {
        char name[32];
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if (unlinkat(fd, entry->d_name, 0) == 0 || unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0) {
            progress = 1;
            continue;
        }
        open_up(fd, entry->d_name); /* what cannot be changed cannot be moved to another parent either */
        snprintf(name, sizeof name, ".removed-%u", (*serial)++);
        progress |= renameat(fd, entry->d_name, top, name) == 0;
    }
    return progress;
}

static void remove_scratch(void) {
    unsigned serial = 0;
    int top = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC), progress = top >= 0;
    if (top >= 0)
        unlock(top);
    while (progress) { /* errors do not stop the loop: remove as much as possible */
        int again = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *all = again < 0 ? NULL : fdopendir(again);
        progress = 0;
        for (struct dirent *entry; all && (entry = readdir(all));) {
            if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
                continue;
            if (unlinkat(top, entry->d_name, 0) == 0) {
                progress = 1;
                continue;
            }
            open_up(top, entry->d_name);
            int fd = openat(top, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            DIR *inner = fd < 0 ? NULL : fdopendir(fd);
            if (inner) {
                progress |= flatten(top, inner, &serial);
                closedir(inner);
            }
            progress |= unlinkat(top, entry->d_name, 0) == 0 || unlinkat(top, entry->d_name, AT_REMOVEDIR) == 0;
        }
        if (all)
            closedir(all);
    }
    if (rmdir(scratch) < 0 && errno != ENOENT)
        fprintf(stderr, "guardian: cannot remove %s: %s\n", scratch, strerror(errno));
}

#ifdef __linux__
/* Mounts a file system for this mount namespace only. In a chroot "/" may not be a mount point: then the place has to be
 * one, or the mount would propagate to the whole machine; mount_namespaces(7). */
static int mount_here(const char *type, const char *at, unsigned long flags, const char *options) {
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 && mount("none", at, NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return -1;
    return mount(type, at, type, flags, options);
}

static ino_t ipc_namespace(void) {
    struct stat st;
    return stat("/proc/self/ns/ipc", &st) < 0 ? 0 : st.st_ino;
}

/* In the child: give it a /dev/shm of its own, and show its message queues where there is a place for them. The runner is
 * told when all that IPC leaves is its own: its namespace is another than its parent's was (`before`, the number of that),
 * and /dev/shm is new. */
static void make_ipc_private(ino_t before) {
    char number[32];
    ino_t now = ipc_namespace();
    if (!now || now == before || mount_here("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777") < 0)
        return;
    /* where this fails, queues that are left cannot be named; they end with the namespace all the same */
    mount_here("mqueue", "/dev/mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    snprintf(number, sizeof number, "%llu", (unsigned long long)now);
    setenv("PROCTOR_PRIVATE_IPC", number, 1);
}

/* In the child, in a mount namespace of its own: what the worker names must stay as it is. */
static void protect(void) {
    const char *named = getenv("PROCTOR_READ_ONLY");
    char *paths = named ? strdup(named) : NULL;
    if (paths)
        make_read_only(paths);
    free(paths);
}

static pid_t start_in_namespaces(void) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int in_user_namespace;
    ino_t ipc = ipc_namespace();
    pid_t pid = fork_in_namespaces(&in_user_namespace);
    if (pid < 0)
        fatal("clone", REFUSED);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const char *failed = set_up_namespaces(uid, gid, in_user_namespace);
        if (failed)
            fatal(failed, REFUSED);
        protect();
        make_ipc_private(ipc);
        setenv("PROCTOR_CONTAINMENT", in_user_namespace ? "user and PID namespace" : "PID namespace", 1);
    }
    return pid;
}
#else
static pid_t start_in_namespaces(void) {
    errno = ENOSYS;
    fatal("namespaces", REFUSED);
    return -1;
}
#endif

static pid_t start_as_subreaper(void) {
#ifdef __linux__
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
    pid_t guardian = getpid(), pid = fork();
    (void)guardian;
    if (pid < 0)
        fatal("fork", 1);
    if (pid == 0) {
#ifdef __linux__
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != guardian)
            _exit(1);
        /* root may have an IPC namespace without a PID namespace, so that nothing stays on the machine */
        ino_t ipc = ipc_namespace();
        if (unshare(CLONE_NEWNS | CLONE_NEWIPC) == 0) {
            protect();
            make_ipc_private(ipc);
        }
#endif
        setenv("PROCTOR_CONTAINMENT", "subreaper", 1);
    }
    return pid;
}

/* Ends all children. Without a namespace every orphan becomes a child of the guardian once the runner has ended, so repeat
 * until there is none. */
static void end_children(void) {
#ifdef __linux__
    char path[64], list[65536];
    snprintf(path, sizeof path, "/proc/self/task/%ld/children", (long)getpid());
    for (;;) {
        int fd = open(path, O_RDONLY);
        ssize_t n = fd < 0 ? 0 : read(fd, list, sizeof list - 1);
        if (fd >= 0)
            close(fd);
        if (n <= 0)
            break;
        list[n] = 0;
        for (char *at = list, *end; ; at = end) {
            long pid = strtol(at, &end, 10);
            if (end == at)
                break;
            kill((pid_t)pid, SIGKILL);
        }
        waitpid(-1, NULL, 0);
    }
#endif
    while (waitpid(-1, NULL, 0) > 0)
        continue;
}

static void tell_refusal(int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == REFUSED) {
        remove_scratch();
        _exit(REFUSED);
    }
}

/* Whether a child's change is the end of the runner. Without a PID namespace a launcher can stop the runner, and nothing
 * would ever end it; then the guardian does. */
static int is_over(pid_t pid, int status, pid_t runner) {
    if (pid != runner)
        return 0;
    if (WIFSTOPPED(status)) {
        fprintf(stderr, "guardian: the runner was stopped by signal %d: without a PID namespace a launcher can do that\n",
                WSTOPSIG(status));
        kill(runner, SIGKILL);
    } else {
        tell_refusal(status);
    }
    return 1;
}

/* Lets the runner remove what a launcher has left outside of the scratch directory: it sees that the worker has gone. */
static void end_runner(pid_t runner) {
    struct pollfd changes = {child_ended[0], POLLIN, 0};
    time_t deadline = seconds_now() + MOST_SECONDS;
    pid_t changed;
    int status = 0;
    while ((changed = waitpid(runner, &status, WNOHANG | WUNTRACED)) == 0 && seconds_now() < deadline)
        if (poll(&changes, 1, 1000) > 0)
            drain();
    if (changed != runner || WIFSTOPPED(status)) {
        kill(runner, SIGKILL);
        if (waitpid(runner, &status, 0) != runner)
            return;
    }
    tell_refusal(status); /* the worker may have noticed the end of its runner first */
}

static void wait_for_the_end(int lifeline, pid_t runner, int stops) {
    struct pollfd sources[2] = {{lifeline, POLLIN, 0}, {child_ended[0], POLLIN, 0}};
    for (;;) {
        if (poll(sources, 2, -1) < 0 && errno != EINTR)
            break;
        if (sources[0].revents) {
            end_runner(runner);
            return;
        }
        if (sources[1].revents) {
            drain();
            pid_t pid;
            int status;
            while ((pid = waitpid(-1, &status, WNOHANG | stops)) > 0)
                if (is_over(pid, status, runner))
                    return;
        }
    }
}

int main(int argc, char **argv) {
    if (argc < 6 || strcmp(argv[3], "--")) {
        fputs("usage: guardian LIFELINE CONTAINMENT -- PATH ARGV0 [ARGS...]\n", stderr);
        return 1;
    }
    int lifeline = atoi(argv[1]);
    fcntl(lifeline, F_SETFD, FD_CLOEXEC);
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGCONT); /* a launcher may have stopped the guardian when the worker ends */
#endif
    setsid(); /* a Ctrl-C or a hang-up on the worker's terminal must not reach the guardian */
    for (int number = 1; number <= LAST_SIGNAL; number++)
        signal(number, is_ignored(number) ? SIG_IGN : SIG_DFL);
    const char *base = getenv("TMPDIR");
    snprintf(scratch, sizeof scratch, "%s/proctor-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(scratch)) {
        char what[4200];
        snprintf(what, sizeof what, "cannot create a directory %s", scratch);
        scratch[0] = 0;
        fatal(what, 1);
    }
    chmod(scratch, 0711); /* a launcher may run its command as another user */
    setenv("PROCTOR_SCRATCH", scratch, 1);
    unsetenv("PROCTOR_PRIVATE_IPC"); /* it may be that of another guardian, below which we run */
    if (pipe(child_ended) < 0)
        fatal("pipe", 1);
    for (int i = 0; i < 2; i++) {
        fcntl(child_ended[i], F_SETFD, FD_CLOEXEC);
        fcntl(child_ended[i], F_SETFL, O_NONBLOCK);
    }
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_child;
    sigaction(SIGCHLD, &action, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    pid_t runner = strcmp(argv[2], "namespace") ? start_as_subreaper() : start_in_namespaces();
    if (runner == 0) {
        for (int number = 1; number <= LAST_SIGNAL; number++)
            signal(number, SIG_DFL);
        execv(argv[4], argv + 5);
        fatal(argv[4], 1);
    }
    /* the worker's socket and pipes belong to the runner now: a copy here would delay end of file on them */
    for (int fd = 0; fd < 256; fd++)
        if (fd != lifeline && fd != child_ended[0] && fd != child_ended[1] && fd != 2)
            close(fd);
    wait_for_the_end(lifeline, runner, strcmp(argv[2], "namespace") ? WUNTRACED : 0);
    end_children();
    remove_scratch();
    return 0;
}
