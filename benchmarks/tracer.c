/* The comparator of explorer.py: the minimum cost of stopping a launcher at its visible calls.
 *
 * usage: tracer CORE FILTER SOCKET LAUNCHER [WORDS...] WITNESS SOCKET
 *
 * For each line on stdin, it starts the launcher once and traces it, with all its threads and descendants, from before
 * its exec to their ends. Each task stops at the entry and exit of every call that FILTER (an array of struct
 * sock_filter, in hex) selects. The call is read, and nothing else is done. The command is ordered to exit with 7 as
 * soon as it waits for orders. Everything runs on one CORE. The output is one line per start:
 *
 *   MICROSECONDS STOPS WAIT-STATUS
 *
 * Nothing is recorded, held, contained or inspected. /proc is only used to find the witness.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/ptrace.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_TASKS = 1024, HANGS_AFTER = 20, ORDER_CODE = 7 };
static const long OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                            PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP | PTRACE_O_EXITKILL;

static struct task {
    pid_t tid;
    int in_call, untracked; /* untracked: a task of the command, whose calls are ignored */
} tasks[MOST_TASKS];
static int task_count;
static long stops;

static struct sock_filter code[512];
static struct sock_fprog filter = {0, code};
static struct stat witness;
static int listener, connection;

static void die(const char *what) {
    perror(what);
    exit(1);
}

/* Not libc's: its header and the kernel's, which has the newer requests, exclude each other. */
static long trace(long request, pid_t tid, long address, long data) {
    return syscall(SYS_ptrace, request, tid, address, data);
}

static struct task *task_of(pid_t tid) {
    for (int i = 0; i < task_count; i++)
        if (tasks[i].tid == tid)
            return &tasks[i];
    if (task_count == MOST_TASKS) {
        fputs("tracer: too many tasks\n", stderr);
        exit(1);
    }
    tasks[task_count] = (struct task){tid, 0, 0};
    return &tasks[task_count++];
}

static void forget(pid_t tid) {
    struct task *task = task_of(tid);
    *task = tasks[--task_count];
}

/* The witness connects before it waits for the first time, so there is no need to poll for it meanwhile. */
static void give_order(void) {
    static char greeting[1 << 18];
    int end = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (end < 0)
        return;
    for (ssize_t n = 0; n <= 0 || greeting[n - 1] != '\n';)
        if ((n = read(end, greeting, sizeof greeting)) <= 0)
            die("greeting");
    if (dprintf(end, "exit %d\n", ORDER_CODE) < 0)
        die("order");
    connection = end;
}

static void at_entry(struct task *task) {
    struct ptrace_syscall_info call;
    stops++;
    if (!task->untracked) {
        trace(PTRACE_GET_SYSCALL_INFO, task->tid, sizeof call, (long)&call);
        task->in_call = 1;
        trace(PTRACE_SYSCALL, task->tid, 0, 0);
        return;
    }
    if (connection < 0)
        give_order();
    trace(PTRACE_CONT, task->tid, 0, 0);
}

static int runs_witness(pid_t tid) {
    char path[64];
    struct stat runs;
    snprintf(path, sizeof path, "/proc/%d/exe", tid);
    return stat(path, &runs) == 0 && runs.st_ino == witness.st_ino && runs.st_dev == witness.st_dev;
}

static void at_stop(pid_t tid, int status) {
    struct task *task = task_of(tid);
    int number = WSTOPSIG(status), event = status >> 16;
    if (event == PTRACE_EVENT_SECCOMP) {
        at_entry(task);
        return;
    }
    if (number == (SIGTRAP | 0x80)) {
        stops++;
        task->in_call = 0;
        trace(PTRACE_CONT, tid, 0, 0);
        return;
    }
    if (event == PTRACE_EVENT_EXEC && runs_witness(tid)) {
        task->untracked = 1;
        task->in_call = 0;
    }
    if (event == PTRACE_EVENT_STOP && number != SIGTRAP) {
        trace(PTRACE_LISTEN, tid, 0, 0); /* stopped by job control: stay stopped */
        return;
    }
    trace(task->in_call ? PTRACE_SYSCALL : PTRACE_CONT, tid, 0, event ? 0 : number);
}

static pid_t start(char **argv) {
    int gate[2];
    if (pipe2(gate, O_CLOEXEC) < 0)
        die("pipe");
    pid_t pid = fork();
    if (pid < 0)
        die("fork");
    if (pid == 0) {
        char byte;
        int null = open("/dev/null", O_RDWR);
        for (int fd = 0; fd < 3; fd++)
            dup2(null, fd);
        setsid();
        close(gate[1]);
        if (read(gate[0], &byte, 1) != 1)
            _exit(125);
        if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0 &&
            (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0))
            _exit(124);
        execv(argv[0], argv);
        _exit(127);
    }
    close(gate[0]);
    if (trace(PTRACE_SEIZE, pid, 0, OPTIONS) < 0)
        die("ptrace");
    if (write(gate[1], "!", 1) != 1)
        die("gate");
    close(gate[1]);
    return pid;
}

/* Start the launcher and trace all its processes to their ends; return the launcher's wait status. */
static int run(char **argv) {
    int result = -1, status;
    task_count = 0;
    stops = 0;
    connection = -1;
    alarm(HANGS_AFTER); /* ends this program and, by EXITKILL, all traced processes */
    pid_t launcher = start(argv);
    for (pid_t tid; (tid = waitpid(-1, &status, __WALL)) > 0;) {
        if (WIFSTOPPED(status)) {
            at_stop(tid, status);
            continue;
        }
        forget(tid);
        if (tid == launcher)
            result = status;
    }
    if (connection >= 0)
        close(connection);
    return result;
}

static void prepare(char **argv) {
    cpu_set_t core;
    CPU_ZERO(&core);
    CPU_SET((size_t)atoi(argv[0]), &core);
    if (sched_setaffinity(0, sizeof core, &core) < 0)
        die("core");
    size_t length = strlen(argv[1]) / 2;
    if (length > sizeof code) {
        fputs("tracer: the filter is too long\n", stderr);
        exit(1);
    }
    for (size_t i = 0; i < length; i++)
        if (sscanf(argv[1] + 2 * i, "%2hhx", (unsigned char *)code + i) != 1)
            die("filter");
    filter.len = (unsigned short)(length / sizeof *code);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", argv[2]);
    listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 8) < 0)
        die(argv[2]);
}

int main(int argc, char **argv) {
    char line[16];
    if (argc < 7 || stat(argv[argc - 2], &witness) < 0) {
        fputs("usage: tracer CORE FILTER SOCKET LAUNCHER [WORDS...] WITNESS SOCKET\n", stderr);
        return 2;
    }
    prepare(argv + 1);
    while (fgets(line, sizeof line, stdin)) {
        struct timespec from, to;
        clock_gettime(CLOCK_MONOTONIC, &from);
        int status = run(argv + 4);
        clock_gettime(CLOCK_MONOTONIC, &to);
        alarm(0);
        printf("%.1f %ld %d\n", (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3,
               stops, status);
        fflush(stdout);
    }
    return 0;
}
