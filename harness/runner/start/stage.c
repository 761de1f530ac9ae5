/* The stage: sets up the state in which the launcher starts, then executes the launcher.
 *
 * usage: stage KEY=VALUE... -- PATH ARGV0 [ARGS...]
 *
 *   report=FD      write reports (lines) to FD; a successful exec closes it
 *   session=1      create a session                tty=1   make descriptor 0 its controlling terminal
 *   job=1          stay as session leader, like a shell, and run the launcher as the foreground job
 *   init=1         run the launcher as PID 1 of a PID namespace, and stay outside as its parent
 *   mask=HEX ignore=HEX   blocked and ignored signals, bit N-1 for signal N; all other signals get the default
 *   umask=N nice=N cwd=DIR limit=RESOURCE:SOFT:HARD
 *   gate=FD filter=HEX     be traced: report "ready", read from FD until there is a tracer, install this seccomp filter
 *                          (an array of struct sock_filter), and continue
 *   subreaper=1            adopt orphans (PR_SET_CHILD_SUBREAPER, which exec keeps), as a session manager does
 *   unusual=1              set what the kernel keeps for a process (affinity, scheduling policy, and so on) to values that
 *                          few processes have, as far as the system allows it
 *   group=N                set a supplementary group; without the privilege to do so, all groups are left unchanged
 *
 * This is a C program because the launcher must get exactly these settings. CPython ignores SIGPIPE and SIGXFSZ and
 * catches SIGINT before the first line of Python runs, and forking CPython costs twice as much.
 *
 * Reports: "error STEP ERRNO" (set-up failed, nothing was started), "pid N", "ready", "wait PID STATUS".
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include "namespaces.h"
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#ifdef SIGRTMAX
#define LAST_SIGNAL SIGRTMAX
#else
#define LAST_SIGNAL (NSIG - 1)
#endif

static struct {
    int report, session, tty, job, init, niceness, file_mask, unusual, subreaper;
    unsigned long long mask, ignore;
    const char *cwd;
    struct {
        int resource;
        long long soft, hard;
    } limits[16];
    int limit_count;
    gid_t groups[16];
    int group_count;
    int gate;
    const char *filter;
} wish = {.report = -1, .file_mask = -1, .gate = -1};

/* In the child of a stage that stays: a pipe that tells its parent how the set-up went. A byte says that it failed; end
 * of file that it is done: an exec closes it. So the parent never takes a failure of ours for the launcher's end. */
static int set_up = -1;

static void report(const char *what, long a, long b) {
    char line[128];
    int n = snprintf(line, sizeof line, "%s %ld %ld\n", what, a, b);
    if (write(wish.report, line, (size_t)n) != n)
        _exit(125);
}

static void fail(const char *step) {
    char what[64];
    int error = errno;
    snprintf(what, sizeof what, "error %s", step);
    report(what, error, 0);
    if (set_up >= 0 && write(set_up, "!", 1) != 1)
        _exit(126);
    _exit(125);
}

static void parse(const char *word) {
    const char *value = strchr(word, '=');
    if (!value) {
        errno = EINVAL;
        fail("parse");
    }
    size_t length = (size_t)(value++ - word);
#define IS(key) (length == strlen(key) && !strncmp(word, key, length))
    if (IS("report"))
        wish.report = atoi(value);
    else if (IS("session"))
        wish.session = 1;
    else if (IS("tty"))
        wish.tty = 1;
    else if (IS("job"))
        wish.job = 1;
    else if (IS("init"))
        wish.init = 1;
    else if (IS("mask"))
        wish.mask = strtoull(value, NULL, 16);
    else if (IS("ignore"))
        wish.ignore = strtoull(value, NULL, 16);
    else if (IS("umask"))
        wish.file_mask = atoi(value);
    else if (IS("nice"))
        wish.niceness = atoi(value);
    else if (IS("subreaper"))
        wish.subreaper = 1;
    else if (IS("unusual"))
        wish.unusual = 1;
    else if (IS("cwd"))
        wish.cwd = value;
    else if (IS("gate"))
        wish.gate = atoi(value);
    else if (IS("filter"))
        wish.filter = value;
    else if (IS("group") && wish.group_count < 16)
        wish.groups[wish.group_count++] = (gid_t)strtoul(value, NULL, 10);
    else if (IS("limit") && wish.limit_count < 16 &&
             sscanf(value, "%d:%lld:%lld", &wish.limits[wish.limit_count].resource,
                    &wish.limits[wish.limit_count].soft, &wish.limits[wish.limit_count].hard) == 3)
        wish.limit_count++;
    else {
        errno = EINVAL;
        fail("parse");
    }
#undef IS
}

static void own_session(void) {
    if (setsid() < 0)
        fail("setsid");
    if (wish.tty && ioctl(0, TIOCSCTTY, 0) < 0)
        fail("TIOCSCTTY");
}

#ifdef __linux__
static void install_filter(void) {
    static struct sock_filter code[512];
    struct sock_fprog program = {0, code};
    unsigned char *byte = (unsigned char *)code;
    size_t length = strlen(wish.filter) / 2;
    if (length > sizeof code) {
        errno = E2BIG;
        fail("filter");
    }
    for (size_t i = 0; i < length; i++)
        if (sscanf(wish.filter + 2 * i, "%2hhx", byte + i) != 1)
            fail("filter");
    program.len = (unsigned short)(length / sizeof *code);
    /* Without CAP_SYS_ADMIN the kernel requires no_new_privs before it accepts a filter (seccomp(2)). */
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0 &&
        (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0))
        fail("seccomp");
}
#else
static void install_filter(void) {
    errno = ENOSYS;
    fail("seccomp");
}
#endif

#ifdef __linux__
static void write_into(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    /* what the system refuses stays as it is: the bare command is started in the same way, and is the measure */
    (void)!write(fd, text, strlen(text));
    close(fd);
}

static void set_unusual(void) {
    cpu_set_t allowed, one;
    struct sched_param none = {0};
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
            if (CPU_ISSET(cpu, &allowed)) {
                CPU_ZERO(&one);
                CPU_SET(cpu, &one);
                sched_setaffinity(0, sizeof one, &one);
                break;
            }
    sched_setscheduler(0, SCHED_BATCH, &none);
    syscall(SYS_ioprio_set, 1, 0, 2 << 13 | 6); /* IOPRIO_WHO_PROCESS; best effort, level 6 */
    syscall(SYS_set_mempolicy, 4, NULL, 0);     /* MPOL_LOCAL */
    prctl(PR_SET_TIMERSLACK, 70000, 0, 0, 0);
    prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
    personality(ADDR_NO_RANDOMIZE);
    write_into("/proc/self/oom_score_adj", "300");
    write_into("/proc/self/coredump_filter", "0x3f");
}
#else
static void set_unusual(void) {}
#endif

static void wait_for_tracer(void) {
    char byte;
    fcntl(wish.gate, F_SETFD, FD_CLOEXEC);
    close(set_up); /* the tracer has to learn the pid */
    set_up = -1;
    report("ready", 0, 0);
    if (read(wish.gate, &byte, 1) != 1)
        _exit(125); /* the runner has ended */
    if (wish.filter)
        install_filter();
}

/* Applies the settings and executes the launcher. The dispositions and the mask are set late: from then on a signal has
 * the effect on the stage that it would have on the launcher. */
static void become(char **argv) {
    if (wish.file_mask >= 0)
        umask((mode_t)wish.file_mask);
    for (int i = 0; i < wish.limit_count; i++) {
        struct rlimit limit = {(rlim_t)wish.limits[i].soft, (rlim_t)wish.limits[i].hard};
        if (setrlimit((unsigned)wish.limits[i].resource, &limit) < 0)
            fail("setrlimit");
    }
    if (wish.group_count && setgroups((size_t)wish.group_count, wish.groups) < 0 && errno != EPERM)
        fail("setgroups");
    errno = 0;
    if (wish.niceness && nice(wish.niceness) == -1 && errno)
        fail("nice");
    if (wish.unusual)
        set_unusual();
#ifdef PR_SET_CHILD_SUBREAPER
    if (wish.subreaper)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
#endif
    if (wish.cwd && chdir(wish.cwd) < 0)
        fail("chdir");
    sigset_t mask;
    sigemptyset(&mask);
    for (int s = 1; s <= LAST_SIGNAL; s++) {
        unsigned long long bit = 1ull << (s - 1);
        if (wish.mask & bit)
            sigaddset(&mask, s);
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = wish.ignore & bit ? SIG_IGN : SIG_DFL;
        sigaction(s, &action, NULL);
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
    fcntl(wish.report, F_SETFD, FD_CLOEXEC);
    if (wish.gate >= 0)
        wait_for_tracer();
    execv(argv[0], argv + 1);
    fail("exec");
}

static void become_job(char **argv) {
    setpgid(0, 0);
    signal(SIGTTOU, SIG_IGN); /* tcsetpgrp from a background process group would stop this process */
    if (tcsetpgrp(0, getpid()) < 0)
        fail("tcsetpgrp");
    become(argv);
}

#ifdef __linux__
static void become_init(char **argv, uid_t uid, gid_t gid, int in_user_namespace) {
    const char *failed = set_up_namespaces(uid, gid, in_user_namespace);
    if (failed)
        fail(failed);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (wish.session)
        own_session();
    become(argv);
}

static pid_t fork_init(char **argv) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int in_user_namespace;
    pid_t pid = fork_in_namespaces(&in_user_namespace);
    if (pid == 0)
        become_init(argv, uid, gid, in_user_namespace);
    return pid;
}
#else
static pid_t fork_init(char **argv) {
    (void)argv;
    errno = ENOSYS;
    return -1;
}
#endif

/* Reports each stop, continuation and end of the launcher, as a parent with job control sees them, until no child is
 * left. Then waits forever: when a session leader ends, the kernel hangs up the terminal, and the runner still has to
 * read the terminal's state. */
static void watch(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WUNTRACED | WCONTINUED)) > 0)
        report("wait", pid, status);
    for (;;)
        pause();
}

static void keep(char **argv) {
    pid_t child;
    int ends[2];
    char byte;
    if (pipe(ends) < 0)
        fail("pipe");
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    set_up = ends[1];
    if (wish.job) {
        own_session();
        child = fork();
        if (child == 0)
            become_job(argv);
        if (child > 0) /* else it would change errno, which says why there is no child */
            setpgid(child, child);
    } else {
        child = fork_init(argv);
    }
    set_up = -1;
    close(ends[1]);
    if (child < 0)
        fail("fork");
    if (read(ends[0], &byte, 1) != 0)
        _exit(125); /* the child has reported what failed */
    close(ends[0]);
    report("pid", child, 0);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++)
        dup2(null, fd);
    close(null);
    watch();
}

int main(int argc, char **argv) {
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--"); i++)
        parse(argv[i]);
    if (argc - i < 3 || wish.report < 0) {
        fputs("usage: stage report=FD [KEY=VALUE...] -- PATH ARGV0 [ARGS...]\n", stderr);
        return 125;
    }
    if (wish.job || wish.init)
        keep(argv + i + 1);
    if (wish.session)
        own_session();
    become(argv + i + 1);
}
