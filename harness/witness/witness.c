/* The witness: the command that the launcher under test starts.
 *
 * usage: witness SOCKET [ARGS...]
 * There are two builds. The static one starts in half the time. The dynamic one also loads what a launcher puts into
 * LD_PRELOAD. Compiled with -DIN_PYTHON it is a library for a Python program, the tool of an environment or a real program
 * (in_program.h); with -DIN_NODE an add-on for a Node program.
 *
 * The witness records what it was started with before it changes any of it. Then it connects to SOCKET, sends a
 * hello message, reports every signal that it receives, and carries out one order per line. Each message is one
 * line of JSON. Byte strings are hex, so that no byte in them can break a line.
 *
 * Signals are blocked except in pselect(). So a handler never interrupts a write, and the signals that the kernel
 * delivers are reported one by one, each with its siginfo, in the order of delivery.
 */
#ifdef __linux__
#define _GNU_SOURCE
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#ifdef SIGRTMAX
#define LAST_SIGNAL SIGRTMAX
#else
#define LAST_SIGNAL (NSIG - 1)
#endif

extern char **environ;

static sigset_t ignored_at_start;

/* ---- messages: a growing buffer that is always written completely ---- */

static struct {
    char *data;
    size_t used, size;
} out;
static int sock = -1;

static void die(const char *what) {
    fprintf(stderr, "witness: %s: %s\n", what, strerror(errno));
    _exit(112);
}

static void reserve(size_t more) {
    if (out.used + more <= out.size)
        return;
    out.size = (out.used + more) * 2;
    out.data = realloc(out.data, out.size);
    if (!out.data)
        die("realloc");
}

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *format, ...) {
    va_list args;
    reserve(512); /* enough: each call prints a few numbers or a short constant */
    va_start(args, format);
    int n = vsnprintf(out.data + out.used, 512, format, args);
    va_end(args);
    out.used += (size_t)(n < 512 ? n : 511);
}

static void put_hex(const char *key, const void *data, size_t length) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = data;
    put("%s\"", key);
    reserve(2 * length);
    for (size_t i = 0; i < length; i++) {
        out.data[out.used++] = digits[bytes[i] >> 4];
        out.data[out.used++] = digits[bytes[i] & 15];
    }
    put("\"");
}

static void put_strings(const char *key, char **strings) {
    put("%s[", key);
    for (char **s = strings; *s; s++)
        put_hex(s == strings ? "" : ",", *s, strlen(*s));
    put("]");
}

static void flush(void) {
    size_t done = 0;
    put("\n");
    while (done < out.used) {
        ssize_t n = write(sock, out.data + done, out.used - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            _exit(113); /* the runner has ended: nothing reads the reports */
        done += (size_t)n;
    }
    out.used = 0;
}

static int64_t now_ns(void) {
    struct timespec t;
#if defined(__linux__) && defined(__LP64__)
    /* not by the C library: a launcher may have preloaded another clock_gettime (faketime) */
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
#else
    clock_gettime(CLOCK_MONOTONIC, &t);
#endif
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- what the witness was started with ---- */

static void put_signals(const char *key, const sigset_t *set) {
    int first = 1;
    put("%s[", key);
    for (int s = 1; s <= LAST_SIGNAL; s++)
        if (sigismember(set, s) == 1) {
            put(first ? "%d" : ",%d", s);
            first = 0;
        }
    put("]");
}

/* Closes the object of a descriptor, after what fcntl(2) says of signals for it. */
static void put_owner(int fd) {
    int owner = fcntl(fd, F_GETOWN);
    int number = 0;
#ifdef F_GETSIG
    number = fcntl(fd, F_GETSIG);
#endif
    put(",\"owner\":%d,\"signal\":%d}", owner, number > 0 ? number : 0);
}

static void put_descriptors(int except) {
    int first = 1, top = 1024;
    put(",\"fds\":[");
    DIR *dir = NULL;
#ifdef __linux__
    dir = opendir("/proc/self/fd");
#endif
    struct dirent *entry = NULL;
    for (int next = 0; dir ? (entry = readdir(dir)) != NULL : next < top; next++) {
        int fd = next;
        if (dir) {
            if (entry->d_name[0] == '.')
                continue;
            fd = atoi(entry->d_name);
            if (fd == dirfd(dir))
                continue;
        }
        struct stat st;
        int flags = fcntl(fd, F_GETFL);
        if (fd == except || flags < 0 || fstat(fd, &st) < 0)
            continue;
        put("%s{\"fd\":%d,\"dev\":%" PRIu64 ",\"ino\":%" PRIu64 ",\"rdev\":%" PRIu64 ",\"mode\":%u,\"flags\":%d",
            first ? "" : ",", fd, (uint64_t)st.st_dev, (uint64_t)st.st_ino, (uint64_t)st.st_rdev, (unsigned)st.st_mode, flags);
        put_owner(fd);
        first = 0;
    }
    put("]");
    if (dir)
        closedir(dir);
}

static void put_limits(void) {
    static const int which[] = {RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_AS, RLIMIT_NOFILE,
#ifdef RLIMIT_NPROC
                                RLIMIT_NPROC, RLIMIT_MEMLOCK,
#endif
#ifdef __linux__
                                RLIMIT_RSS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME,
#endif
    };
    put(",\"limits\":[");
    for (size_t i = 0; i < sizeof which / sizeof *which; i++) {
        struct rlimit limit = {0, 0};
        getrlimit((unsigned)which[i], &limit);
        /* RLIM_INFINITY becomes -1: the unsigned value does not fit the signed 64-bit integers of JSON readers */
        put("%s[%d,%" PRId64 ",%" PRId64 "]", i ? "," : "", which[i], (int64_t)limit.rlim_cur, (int64_t)limit.rlim_max);
    }
    put("]");
}

static void put_terminal(void) {
    int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    int error = tty < 0 ? errno : 0;
    int fd = tty >= 0 ? tty : 0;
    struct winsize size = {0, 0, 0, 0};
    struct termios modes;
    memset(&modes, 0, sizeof modes);
    ioctl(fd, TIOCGWINSZ, &size);
    int known = tcgetattr(fd, &modes) == 0;
    put(",\"terminal\":{\"isatty\":[%s,%s,%s],\"dev_tty\":%d,\"rows\":%d,\"columns\":%d,\"foreground\":%ld,\"modes\":",
        isatty(0) ? "true" : "false", isatty(1) ? "true" : "false", isatty(2) ? "true" : "false", error, size.ws_row,
        size.ws_col, (long)(tty >= 0 ? tcgetpgrp(tty) : -1));
    if (known)
        put("[%lu,%lu,%lu,%lu]", (unsigned long)modes.c_iflag, (unsigned long)modes.c_oflag,
            (unsigned long)modes.c_cflag, (unsigned long)modes.c_lflag);
    else
        put("[]");
    put_hex(",\"characters\":", modes.c_cc, known ? sizeof modes.c_cc : 0);
    put("}");
    if (tty >= 0)
        close(tty);
}

static void put_identity(void) {
    gid_t groups[256];
    int n = getgroups(256, groups);
    put(",\"pid\":%ld,\"ppid\":%ld,\"pgid\":%ld,\"sid\":%ld,\"uid\":%ld,\"gid\":%ld,\"groups\":[", (long)getpid(),
        (long)getppid(), (long)getpgrp(), (long)getsid(0), (long)geteuid(), (long)getegid());
    for (int i = 0; i < n; i++)
        put("%s%ld", i ? "," : "", (long)groups[i]);
    put("]");
}

#include "attributes.h"

/* Builds the hello message in `out`. `mask` is the inherited mask, read before any signal was blocked. */
static void build_hello(const char *name, const sigset_t *mask, int argc, char **argv, int except) {
    sigset_t ignored;
    sigemptyset(&ignored);
    for (int s = 1; s <= LAST_SIGNAL; s++) {
        struct sigaction action;
        if (sigaction(s, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO) && action.sa_handler == SIG_IGN)
            sigaddset(&ignored, s);
    }
    ignored_at_start = ignored;
    mode_t mask_of_files = umask(0);
    umask(mask_of_files);
    char cwd[4096];
    if (!getcwd(cwd, sizeof cwd))
        cwd[0] = 0;
    put("{\"type\":\"hello\",\"name\":\"%s\",\"at\":%" PRId64, name, now_ns());
    put_identity();
    put_signals(",\"blocked\":", mask);
    put_signals(",\"ignored\":", &ignored);
    /* a copy of the witness, without arguments, has those of its parent */
    if (argc > 1 && wants_attributes(argv[1]))
        put_attributes(argv[0]);
    put_descriptors(except);
    put_limits();
    put_terminal();
    errno = 0;
    int niceness = getpriority(PRIO_PROCESS, 0);
    put(",\"umask\":%u,\"nice\":%d", (unsigned)mask_of_files, niceness);
    put_hex(",\"cwd\":", cwd, strlen(cwd));
    put_strings(",\"args\":", argc > 2 ? argv + 2 : argv + argc);
    put_strings(",\"environ\":", environ);
    put("}");
}

static void connect_to(const char *path) {
    struct sockaddr_un address;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        die(path);
    }
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        die("socket");
    /* a high number: 0, 1 and 2 may be closed on purpose, and the socket must not take their place */
    sock = fcntl(fd, F_DUPFD_CLOEXEC, 100);
    if (sock < 0)
        sock = fd;
    else
        close(fd);
    if (connect(sock, (struct sockaddr *)&address, sizeof address) < 0)
        die(path);
}

/* ---- signals ---- */

static volatile sig_atomic_t exit_on[128]; /* per signal: the exit code to end with on receipt, plus 1; 0: do not end */

/* The children that the witness created. Their SIGCHLD is not reported. Only the last 64 are kept; no case creates more. */
static pid_t children[64];
static size_t made;

static int is_of_ours(const siginfo_t *info) {
    for (size_t i = 0; info->si_code > 0 && i < sizeof children / sizeof *children; i++) /* si_code <= 0: sent by a process */
        if (children[i] == info->si_pid && info->si_pid > 0)
            return 1;
    return 0;
}

static void on_signal(int number, siginfo_t *info, void *context) {
    (void)context;
    if (number == SIGCHLD && is_of_ours(info))
        return;
    put("{\"type\":\"signal\",\"at\":%" PRId64 ",\"signal\":%d,\"code\":%d,\"sender\":%ld,\"value\":%d}", now_ns(), number,
        info->si_code, (long)info->si_pid, info->si_value.sival_int);
    flush();
    if (exit_on[number])
        _exit(exit_on[number] - 1);
}

static void set_disposition(int number, const char *how) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    if (!strcmp(how, "inherit")) /* the disposition of a program that never changes it */
        how = sigismember(&ignored_at_start, number) == 1 ? "ignore" : "default";
    sigfillset(&action.sa_mask);
    if (!strcmp(how, "catch")) {
        action.sa_flags = SA_SIGINFO;
        action.sa_sigaction = on_signal;
    } else {
        action.sa_handler = !strcmp(how, "ignore") ? SIG_IGN : SIG_DFL;
    }
    sigaction(number, &action, NULL); /* fails for KILL, STOP and libc's own signals, which cannot be changed */
}

#if defined(SYS_rt_sigaction) && LONG_MAX > 0x7fffffffL
#define UNSEEN 0x50524f43544f5221L

/* Installs for one signal the handler of another. Stops at these calls are half of the cost of tracing a launcher. So the
 * calls are made without libc, which cannot pass a sixth argument: the kernel reads only four, and the sixth tells the
 * tracer's filter (harness/runner/trace/seccomp.py) not to stop the task. */
static int catch_as(int other, int number) {
    static struct {
        long words[16]; /* large enough for the kernel's struct sigaction of every architecture */
    } action;
    static int known;
    if (known != other && syscall(SYS_rt_sigaction, other, NULL, &action, 8L) < 0)
        return -1;
    known = other;
    return (int)syscall(SYS_rt_sigaction, number, &action, NULL, 8L, 0L, UNSEEN);
}
#else
static int catch_as(int other, int number) {
    (void)other, (void)number;
    return -1;
}
#endif

/* Returns whether libc uses a signal itself: it reserves the first real-time signals. */
static int is_libcs(int number) {
#ifdef SIGRTMIN
    return number >= 32 && number < SIGRTMIN;
#else
    (void)number;
    return 0;
#endif
}

/* Catches every signal that a command can reasonably catch. The signals of program errors (SEGV, BUS, FPE, ILL) keep
 * their default disposition, because a crash must look like a crash. CHLD is caught to detect children that the witness
 * did not create. (Two children that end at the same time give one signal, so a foreign child that ends together with an
 * own one may be missed.) If CHLD was ignored at the start, it stays ignored: the kernel then sends no CHLD and reaps
 * the children, and a handler would change that. */
static void catch_all(void) {
    set_disposition(SIGHUP, "catch");
    for (int s = SIGHUP + 1; s <= LAST_SIGNAL; s++)
        if (s != SIGKILL && s != SIGSTOP && s != SIGSEGV && s != SIGBUS && s != SIGFPE && s != SIGILL &&
            !(s == SIGCHLD && sigismember(&ignored_at_start, s) == 1))
            if (!is_libcs(s) && catch_as(SIGHUP, s) < 0)
                set_disposition(s, "catch");
}

/* ---- orders ---- */

static uint32_t crc_table[256];

static uint32_t crc32_of(uint32_t crc, const unsigned char *data, size_t length) {
    if (!crc_table[1])
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;
            for (int k = 0; k < 8; k++)
                c = c & 1 ? 0xEDB88320u ^ (c >> 1) : c >> 1;
            crc_table[i] = c;
        }
    crc = ~crc;
    for (size_t i = 0; i < length; i++)
        crc = crc_table[(crc ^ data[i]) & 255] ^ (crc >> 8);
    return ~crc;
}

static const char *socket_path;
static int64_t wanted = -1; /* bytes still to be read from stdin; -1: no read is requested */
static int64_t taken;
static uint32_t taken_crc;
static int line_wanted; /* stop at the first newline */
static char *const no_args[] = {NULL};

static void done(const char *order, int64_t count, int64_t crc, int error) {
    put("{\"type\":\"done\",\"at\":%" PRId64 ",\"order\":\"%s\",\"count\":%" PRId64 ",\"crc\":%" PRId64 ",\"error\":%d}",
        now_ns(), order, count, crc, error);
    flush();
}

/* Set if the witness runs in a Python or Node process. Carries out an order that only that can carry out. Stores a count
 * and up to `size` bytes of text; returns 0 or an errno. */
typedef int (*performer)(const char *order, int64_t *count, char *text, size_t size);
static performer perform;

/* Carries out an order about the environment that the command runs in. A bare command has no environment: success. */
static void ask_environment(const char *word, const char *line) {
    char text[4096] = "";
    int64_t count = 0;
    int error = perform ? perform(line, &count, text, sizeof text) : 0;
    put("{\"type\":\"done\",\"at\":%" PRId64 ",\"order\":\"%s\",\"count\":%" PRId64 ",\"crc\":0,\"error\":%d",
        now_ns(), word, count, error);
    put_hex(",\"text\":", text, strnlen(text, sizeof text));
    put("}");
    flush();
}

static void finish_reading(int error) {
    wanted = -1;
    done("read", taken, taken_crc, error);
}

static void read_some(void) {
    unsigned char data[65536];
    size_t size = wanted < (int64_t)sizeof data ? (size_t)wanted : sizeof data;
    ssize_t n = read(0, data, size);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        finish_reading(n < 0 ? errno : 0);
        return;
    }
    taken += n;
    wanted -= n;
    taken_crc = crc32_of(taken_crc, data, (size_t)n);
    if (wanted == 0 || (line_wanted && data[n - 1] == '\n'))
        finish_reading(0);
}

static void write_pattern(int64_t total, uint32_t seed) {
    unsigned char data[4096];
    uint32_t crc = 0;
    int64_t count = 0;
    while (count < total) {
        size_t size = total - count < (int64_t)sizeof data ? (size_t)(total - count) : sizeof data;
        for (size_t i = 0; i < size; i++) {
            seed ^= seed << 13, seed ^= seed >> 17, seed ^= seed << 5; /* xorshift32, Marsaglia 2003 */
            data[i] = (unsigned char)seed;
        }
        for (size_t sent = 0; sent < size;) {
            ssize_t n = write(1, data + sent, size - sent);
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0) {
                done("write", count, crc, errno);
                return;
            }
            sent += (size_t)n;
        }
        crc = crc32_of(crc, data, size);
        count += (int64_t)size;
    }
    done("write", count, crc, 0);
}

/* Writes `size` bytes to stdout, also where that is nonblocking. Returns 0 or an errno. */
static int write_all(const char *data, size_t size) {
    for (size_t sent = 0; sent < size;) {
        ssize_t n = write(1, data + sent, size - sent);
        if (n < 0 && errno == EAGAIN) {
            fd_set writable;
            FD_ZERO(&writable);
            FD_SET(1, &writable);
            select(2, NULL, &writable, NULL, NULL);
        } else if (n < 0 && errno != EINTR) {
            return errno;
        } else if (n > 0) {
            sent += (size_t)n;
        }
    }
    return 0;
}

/* lines NAME COUNT SIZE BLOCK: writes COUNT lines of SIZE bytes that say whose they are and which. BLOCK 0: each line with
 * one write; else in blocks of that many bytes, which end within a line, as those of the C library do. There is room for
 * one block then, so that the reader gets them one by one: read(2) promises nobody a whole line. */
static void write_lines(const char *name, long count, long size, long block) {
    if (count < 1 || size < 20 || size > 4096 || count > 4096 || block < 0 || strlen(name) > 8) {
        done("lines", 0, 0, EINVAL);
        return;
    }
    size_t total = (size_t)(count * size), step = (size_t)(block ? block : size);
    char *text = malloc(total + 1);
    if (!text)
        die("malloc");
    for (long i = 0; i < count; i++) {
        char *line = text + i * size;
        int head = sprintf(line, "<%s%05ld ", name, i);
        for (long at = head; at < size - 2; at++)
            line[at] = (char)('0' + at % 10);
        line[size - 2] = '>', line[size - 1] = '\n';
    }
    int error = 0, room = (int)step;
    if (block) {
#ifdef F_SETPIPE_SZ
        fcntl(1, F_SETPIPE_SZ, room);
#endif
        setsockopt(1, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    }
    for (size_t at = 0; at < total && !error; at += step)
        error = write_all(text + at, total - at < step ? total - at : step);
    uint32_t crc = crc32_of(0, (unsigned char *)text, total);
    free(text);
    done("lines", (int64_t)total, crc, error);
}

static void make_raw(void) {
    struct termios modes;
    int failed = tcgetattr(0, &modes);
    if (!failed) {
        modes.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
        modes.c_oflag &= ~(tcflag_t)OPOST;
        modes.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG | IEXTEN);
        modes.c_cflag = (modes.c_cflag & ~(tcflag_t)(CSIZE | PARENB)) | CS8;
        modes.c_cc[VMIN] = 1;
        modes.c_cc[VTIME] = 0;
        failed = tcsetattr(0, TCSANOW, &modes);
    }
    done("raw", 0, 0, failed ? errno : 0);
}

static void die_of(int number) {
    struct rlimit none = {0, 0};
    sigset_t one;
    setrlimit(RLIMIT_CORE, &none);
    set_disposition(number, "default");
    sigemptyset(&one);
    sigaddset(&one, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &one, NULL);
    done("die", 0, 0, EINVAL); /* only reached if this signal does not end a process */
}

static void serve(void) __attribute__((noreturn));

/* In the child of spawn: become a separate witness with its own connection. */
static void become(const char *name) {
    close(sock);
    out.used = 0;
    wanted = -1;
    for (size_t i = 0; i < sizeof exit_on / sizeof *exit_on; i++)
        exit_on[i] = 0;
    memset(children, 0, sizeof children); /* these are children of the parent */
    connect_to(socket_path);
    sigset_t nothing;
    sigemptyset(&nothing);
    build_hello(name, &nothing, 0, (char **)no_args, sock);
    flush();
    catch_all();
    serve();
}

/* spawn NAME FLAGS. Flags: c a child; o an orphan (double fork); s in a new session; n with stdio on /dev/null */
static void spawn(const char *name, const char *flags) {
    sigset_t child, before;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &before); /* the child may end before its pid is in `children` */
    pid_t pid = fork();
    if (pid > 0)
        children[made++ % (sizeof children / sizeof *children)] = pid;
    int error = errno;
    sigprocmask(SIG_SETMASK, &before, NULL);
    if (pid < 0) {
        done("spawn", 0, 0, error);
        return;
    }
    if (pid > 0) {
        if (strchr(flags, 'o'))
            waitpid(pid, NULL, 0);
        done("spawn", pid, 0, 0);
        return;
    }
    if (strchr(flags, 's'))
        setsid();
    if (strchr(flags, 'o') && fork() != 0)
        _exit(0);
    if (strchr(flags, 'n')) {
        int null = open("/dev/null", O_RDWR);
        dup2(null, 0), dup2(null, 1), dup2(null, 2);
        if (null > 2)
            close(null);
    }
    become(name);
}

static void disposition_order(const char *how, int number) {
    if (number)
        set_disposition(number, how);
    else if (!strcmp(how, "catch"))
        catch_all();
    else
        for (int s = 1; s <= LAST_SIGNAL; s++)
            set_disposition(s, how);
    done(how, number, 0, 0);
}

/* Sends READY=1 and MAINPID to the service manager, as sd_notify(3) does. Returns 0 or an errno. */
static int notify(void) {
    struct sockaddr_un address;
    const char *path = getenv("NOTIFY_SOCKET");
    if (!path || strlen(path) >= sizeof address.sun_path)
        return path ? ENAMETOOLONG : ENOENT;
    memset(&address, 0, sizeof address);
    address.sun_family = AF_UNIX;
    strcpy(address.sun_path, path);
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    if (fd < 0)
        return errno;
    char message[64];
    int length = snprintf(message, sizeof message, "READY=1\nMAINPID=%ld\n", (long)getpid());
    ssize_t sent = sendto(fd, message, (size_t)length, 0, (struct sockaddr *)&address, sizeof address);
    int error = sent < 0 ? errno : 0;
    close(fd);
    return error;
}

static void obey(char *line) {
    char word[64] = "", text[4096] = "";
    long a = 0, b = 0;
    sscanf(line, "%63s %ld %ld", word, &a, &b);
    if (!strcmp(word, "exit")) {
        _exit((int)a);
    } else if (!strcmp(word, "die")) {
        die_of((int)a);
    } else if (!strcmp(word, "catch") || !strcmp(word, "ignore") || !strcmp(word, "default") ||
               !strcmp(word, "inherit")) {
        disposition_order(word, (int)a);
    } else if (!strcmp(word, "exit-on")) {
        if (a > 0 && a < 128)
            exit_on[a] = (int)b + 1;
        done(word, a, 0, 0);
    } else if (!strcmp(word, "spawn") && sscanf(line, "%*s %4095s %63s", text, word) == 2) {
        spawn(text, word);
    } else if (!strcmp(word, "reap")) {
        pid_t ended = waitpid(-1, NULL, 0);
        done(word, ended, 0, ended < 0 ? errno : 0);
    } else if (!strcmp(word, "read") || !strcmp(word, "read-line")) {
        line_wanted = !strcmp(word, "read-line");
        wanted = line_wanted ? 4096 : a;
        taken = 0;
        taken_crc = 0;
    } else if (!strcmp(word, "write")) {
        write_pattern(a, (uint32_t)b);
    } else if (!strcmp(word, "say") && sscanf(line, "%*s %4095s", text) == 1) {
        size_t length = strlen(text);
        text[length] = '\n';
        done("say", write(1, text, length + 1), 0, 0);
    } else if (!strcmp(word, "lines")) {
        long block = 0;
        if (sscanf(line, "%*s %4095s %ld %ld %ld", text, &a, &b, &block) == 4)
            write_lines(text, a, b, block);
    } else if (!strcmp(word, "raw")) {
        make_raw();
    } else if (!strcmp(word, "regroup")) {
        done(word, 0, 0, setpgid(0, 0) ? errno : 0);
    } else if (!strcmp(word, "close")) {
        done(word, a, 0, close((int)a) ? errno : 0);
    } else if (!strcmp(word, "look")) {
        put("{\"type\":\"look\",\"at\":%" PRId64, now_ns());
        put_identity();
        put_terminal();
        put("}");
        flush();
    } else if (!strcmp(word, "import") || !strcmp(word, "whole") || !strcmp(word, "where") ||
               !strcmp(word, "link")) {
        ask_environment(word, line);
    } else if (!strcmp(word, "notify")) {
        done(word, 0, 0, notify());
    } else {
        done("unknown", 0, 0, EINVAL);
    }
}

static void take_orders(void) {
    static char line[8192];
    static size_t used;
    ssize_t n = read(sock, line + used, sizeof line - 1 - used);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0)
        _exit(113);
    used += (size_t)n;
    line[used] = 0;
    for (char *end; (end = strchr(line, '\n'));) {
        char order[8192];
        size_t length = (size_t)(end - line);
        memcpy(order, line, length);
        order[length] = 0;
        used -= length + 1;
        memmove(line, end + 1, used + 1);
        obey(order);
    }
}

static void serve(void) {
    sigset_t open_mask;
    sigemptyset(&open_mask);
    for (;;) {
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(sock, &readable);
        if (wanted >= 0)
            FD_SET(0, &readable);
        if (pselect(sock + 1, &readable, NULL, NULL, NULL, &open_mask) < 0) {
            if (errno == EINTR)
                continue;
            die("pselect");
        }
        if (wanted >= 0 && FD_ISSET(0, &readable))
            read_some();
        if (FD_ISSET(sock, &readable))
            take_orders();
    }
}

static void witness(int argc, char **argv) __attribute__((noreturn));
static void witness(int argc, char **argv) {
    sigset_t inherited, all;
    sigprocmask(SIG_BLOCK, NULL, &inherited);
    build_hello("command", &inherited, argc, argv, -1);
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    catch_all();
    socket_path = argv[1];
    connect_to(socket_path);
    flush();
    serve();
}

#ifdef IN_PYTHON
/* The witness in the process of a Python program (harness/witness/tool), which calls this with ctypes. Never returns. */
__attribute__((visibility("default"))) void serve_in_python(int argc, char **argv, performer how) {
    perform = how;
    witness(argc, argv);
}
#include "in_program.h"
#elif defined IN_NODE
#include "in_node.h"
#else
int main(int argc, char **argv) {
    if (argc < 2) {
        fputs("usage: witness SOCKET [ARGS...]\n", stderr);
        return 64;
    }
    witness(argc, argv);
}
#endif
