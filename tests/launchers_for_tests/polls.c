/* A sound launcher that blocks all signals, looks for them every 0.2 s, and forwards them. HOW says what it sleeps in.
 *
 * usage: polls HOW[:DETAIL] COMMAND [ARGS...]
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <mqueue.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FIFTH_NS = 200000000, FIFTH_US = 200000 };

static const char *detail;
static int fds[2] = {-1, -1};
static struct timespec fifth = {0, FIFTH_NS};

static void need(long result, const char *what) {
    if (result < 0) {
        perror(what);
        exit(99);
    }
}

static void sleep_nanosleep(void) { nanosleep(&fifth, NULL); }

static void sleep_rcvtimeo(void) {
    struct timeval tv = {0, FIFTH_US};
    char byte;
    if (fds[0] < 0) {
        need(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), "socketpair");
        need(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv), "setsockopt");
    }
    recv(fds[0], &byte, 1, 0);
}

static void sleep_udp(void) {
    struct timeval tv = {0, FIFTH_US};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char byte;
    if (fds[0] < 0) {
        need(fds[0] = socket(AF_INET, SOCK_DGRAM, 0), "socket");
        need(bind(fds[0], (struct sockaddr *)&any, sizeof any), "bind");
        need(setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv), "setsockopt");
    }
    recv(fds[0], &byte, 1, 0);
}

static void sleep_io_uring(void) {
    struct __kernel_timespec ts = {0, FIFTH_NS};
    struct io_uring_getevents_arg argument = {.ts = (unsigned long)&ts};
    struct io_uring_params params = {0};
    if (fds[0] < 0)
        need(fds[0] = (int)syscall(SYS_io_uring_setup, 4, &params), "io_uring_setup");
    syscall(SYS_io_uring_enter, fds[0], 0, 1, IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &argument,
            sizeof argument);
}

static void sleep_message_queue(void) {
    char name[64], buffer[16];
    struct mq_attr attributes = {.mq_maxmsg = 1, .mq_msgsize = 16};
    struct timespec until;
    if (fds[0] < 0) {
        snprintf(name, sizeof name, "/proctor-polls-%d", getpid());
        need(fds[0] = mq_open(name, O_CREAT | O_RDWR, 0600, &attributes), "mq_open");
        mq_unlink(name);
    }
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += FIFTH_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    mq_timedreceive(fds[0], buffer, sizeof buffer, NULL, &until);
}

static void sleep_timerfd(void) {
    struct itimerspec every = {{0, FIFTH_NS}, {0, FIFTH_NS}};
    unsigned long count;
    if (fds[0] < 0) {
        need(fds[0] = timerfd_create(CLOCK_MONOTONIC, 0), "timerfd_create");
        timerfd_settime(fds[0], 0, &every, NULL);
    }
    need(read(fds[0], &count, sizeof count), "read");
}

/* Waits for a byte, which a daemon outside sends every 0.2 s. detail: its port */
static void sleep_daemon(void) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    char byte;
    if (fds[0] < 0) {
        to.sin_port = htons((unsigned short)atoi(detail));
        need(fds[0] = socket(AF_INET, SOCK_STREAM, 0), "socket");
        need(connect(fds[0], (struct sockaddr *)&to, sizeof to), "connect");
    }
    if (read(fds[0], &byte, 1) != 1)
        exit(98);
}

/* Waits for a lock, which somebody outside gives up every 0.2 s. detail: the file */
static void sleep_lock(void) {
    if (fds[0] < 0)
        need(fds[0] = open(detail, O_RDWR), "open");
    need(flock(fds[0], LOCK_EX), "flock");
    need(flock(fds[0], LOCK_UN), "flock");
    usleep(1000);
}

#ifdef __x86_64__
/* nanosleep(2) by its number in the table of i386, as a 32-bit program calls it */
static void sleep_int80(void) {
    static int *ts;
    long result = 162;
    if (!ts) {
        ts = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        if (ts == MAP_FAILED)
            exit(97);
    }
    ts[0] = 0;
    ts[1] = FIFTH_NS;
    __asm__ volatile("int $0x80" : "+a"(result) : "b"(ts), "c"(0) : "memory", "r8", "r9", "r10", "r11");
}
#endif

static const struct {
    const char *name;
    void (*sleep)(void);
} ways[] = {
    {"nanosleep", sleep_nanosleep}, {"rcvtimeo", sleep_rcvtimeo}, {"udp", sleep_udp}, {"io_uring", sleep_io_uring},
    {"message-queue", sleep_message_queue}, {"timerfd", sleep_timerfd},
    {"daemon", sleep_daemon}, {"lock", sleep_lock},
#ifdef __x86_64__
    {"int80", sleep_int80},
#endif
};

int main(int argc, char **argv) {
    sigset_t all, before;
    siginfo_t info;
    const struct timespec none = {0, 0};
    void (*sleep_once)(void) = NULL;
    int status;
    if (argc < 3)
        return 96;
    char *colon = strchr(argv[1], ':');
    if (colon) {
        *colon = 0;
        detail = colon + 1;
    }
    for (size_t n = 0; n < sizeof ways / sizeof *ways; n++)
        if (strcmp(ways[n].name, argv[1]) == 0)
            sleep_once = ways[n].sleep;
    if (!sleep_once)
        return 95;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        execv(argv[2], argv + 2);
        _exit(127);
    }
    for (;;) {
        while (sigtimedwait(&all, &info, &none) > 0)
            if (info.si_signo != SIGCHLD)
                kill(child, info.si_signo);
        if (waitpid(child, &status, WNOHANG) == child)
            break;
        sleep_once();
    }
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    signal(WTERMSIG(status), SIG_DFL);
    sigemptyset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    raise(WTERMSIG(status));
    return 128 + WTERMSIG(status);
}
