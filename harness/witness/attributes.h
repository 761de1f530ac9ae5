/* What the kernel keeps for a process across fork(2) and execve(2), and what the process can read of it.
 *
 * ",\"attributes\":{NAME:VALUE,...}", each value in hex. What the system does not have, or does not show, is left out.
 * conformance/spec/inherit.md lists the names, with where each is documented and what checks it.
 */
#ifdef __linux__
#include <sched.h>
#include <sys/auxv.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/time.h>

#ifndef PR_GET_IO_FLUSHER
#define PR_GET_IO_FLUSHER 58
#endif
#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_MEMORY_MERGE
#define PR_GET_MEMORY_MERGE 68
#endif

static int some_attribute;

/* /proc/self: paths from here on are looked up in two thirds of the time */
static int own_directory;

static void put_text(const char *name, const char *value, size_t length) {
    put("%s\"%s\":", some_attribute ? "," : "", name);
    put_hex("", value, length);
    some_attribute = 1;
}

static void put_number(const char *name, long long value) {
    char text[32];
    put_text(name, text, (size_t)snprintf(text, sizeof text, "%lld", value));
}

/* Reads a file of /proc/self, which is at most so large; returns its length without the last newline, -1 on failure. */
static ssize_t contents(const char *path, char *into, size_t size) {
    int fd = openat(own_directory, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, into, size - 1);
    close(fd);
    while (length > 0 && (into[length - 1] == '\n' || into[length - 1] == 0))
        length--;
    if (length >= 0)
        into[length] = 0;
    return length;
}

/* The lines of /proc/self/status that show an attribute; proc_pid_status(5). */
static void put_status(void) {
    static const struct {
        const char *name, *field;
    } shown[] = {
        {"user-ids", "Uid:"},
        {"group-ids", "Gid:"},
        {"tracer", "TracerPid:"},
        {"pending-signals", "SigPnd:"},
        {"pending-signals-of-process", "ShdPnd:"},
        {"capabilities-inheritable", "CapInh:"},
        {"capabilities-permitted", "CapPrm:"},
        {"capabilities-effective", "CapEff:"},
        {"capabilities-bounding", "CapBnd:"},
        {"capabilities-ambient", "CapAmb:"},
        {"no-new-privileges", "NoNewPrivs:"},
        {"seccomp-mode", "Seccomp:"},
        {"seccomp-filters", "Seccomp_filters:"},
        {"store-bypass", "Speculation_Store_Bypass:"},
        {"indirect-branch", "SpeculationIndirectBranch:"},
        {"cpu-affinity", "Cpus_allowed:"},
        {"memory-nodes", "Mems_allowed:"},
    };
    char text[8192];
    if (contents("status", text, sizeof text) < 0)
        return;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        char line[64];
        snprintf(line, sizeof line, "\n%s", shown[i].field);
        const char *at = strstr(text, line);
        if (!at)
            continue;
        at += strlen(line);
        at += strspn(at, " \t");
        /* who the tracer is depends on the run */
        if (strcmp(shown[i].name, "tracer") == 0)
            put_number(shown[i].name, *at != '0');
        else
            put_text(shown[i].name, at, strcspn(at, "\n"));
    }
}

/* Whole files that hold one attribute each; proc(5). */
static void put_files(void) {
    static const struct {
        const char *name, *path;
    } shown[] = {
        {"oom-score", "oom_score_adj"},    {"core-dump-filter", "coredump_filter"},
        {"login-user", "loginuid"},        {"audit-session", "sessionid"},
        {"security-label", "attr/current"}, {"control-groups", "cgroup"},
    };
    char text[4096];
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        ssize_t length = contents(shown[i].path, text, sizeof text);
        if (length >= 0)
            put_text(shown[i].name, text, (size_t)length);
    }
}

/* Namespaces by their numbers; namespaces(7). */
static void put_namespaces(void) {
    static const char *const kinds[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts",
                                        "pid_for_children", "time_for_children"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char path[64], name[64], link[64];
        snprintf(path, sizeof path, "ns/%s", kinds[i]);
        ssize_t length = readlinkat(own_directory, path, link, sizeof link);
        snprintf(name, sizeof name, "namespace-%s", kinds[i]);
        /* one that no process has entered yet has no number; namespaces(7) */
        if (length < 0 && errno == ENOENT && strstr(kinds[i], "_for_children"))
            put_text(name, "a new one", strlen("a new one"));
        if (length > 0)
            put_text(name, link, (size_t)length);
    }
}

/* How the process is scheduled; sched(7), ioprio_set(2), set_mempolicy(2). */
static void put_scheduling(void) {
    struct sched_param parameters;
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime, deadline, period;
        uint32_t least, most;
    } attributes;
    int policy = sched_getscheduler(0);
    if (policy >= 0)
        put_number("scheduling-policy", policy);
    if (sched_getparam(0, &parameters) == 0)
        put_number("scheduling-priority", parameters.sched_priority);
    memset(&attributes, 0, sizeof attributes);
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) == 0 && attributes.size >= sizeof attributes) {
        char text[64];
        put_text("cpu-clamp", text, (size_t)snprintf(text, sizeof text, "%u to %u", attributes.least, attributes.most));
    }
    long priority = syscall(SYS_ioprio_get, 1, 0); /* IOPRIO_WHO_PROCESS */
    if (priority >= 0)
        put_number("io-priority", priority);
    int mode = 0;
    if (syscall(SYS_get_mempolicy, &mode, NULL, 0, NULL, 0) == 0)
        put_number("memory-policy", mode);
}

/* What prctl(2) reads that is kept across fork or execve. */
static void put_controls(void) {
    static const struct {
        const char *name;
        int option, by_pointer;
    } shown[] = {
        {"parent-death-signal", PR_GET_PDEATHSIG, 1},
        {"child-subreaper", PR_GET_CHILD_SUBREAPER, 1},
#ifdef __x86_64__
        {"time-stamp-counter", PR_GET_TSC, 1},
#endif
        {"timer-slack", PR_GET_TIMERSLACK, 0},
        {"secure-bits", PR_GET_SECUREBITS, 0},
        {"huge-pages-off", PR_GET_THP_DISABLE, 0},
        {"machine-check-policy", PR_MCE_KILL_GET, 0},
        {"io-flusher", PR_GET_IO_FLUSHER, 0},
        {"memory-merge", PR_GET_MEMORY_MERGE, 0},
        {"no-writable-code", PR_GET_MDWE, 0},
    };
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        int value = 0;
        int got = prctl(shown[i].option, shown[i].by_pointer ? (unsigned long)&value : 0, 0, 0, 0);
        if (got >= 0)
            put_number(shown[i].name, shown[i].by_pointer ? value : got);
    }
    int persona = personality(0xffffffff);
    if (persona >= 0)
        put_number("personality", persona);
}

static void put_attributes(const char *name_of_program) {
    static const char *const timers[] = {"real-timer", "virtual-timer", "profiling-timer"};
    struct stat root;
    siginfo_t child;
    put(",\"attributes\":{");
    some_attribute = 0;
    own_directory = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    put_text("name", name_of_program, strlen(name_of_program));
    put_status();
    put_files();
    put_namespaces();
    put_scheduling();
    put_controls();
    for (int which = 0; which < 3; which++) {
        struct itimerval timer;
        if (getitimer(which, &timer) == 0)
            put_number(timers[which], timer.it_value.tv_sec || timer.it_value.tv_usec);
    }
    if (stat("/", &root) == 0) {
        char text[64];
        put_text("root-directory", text,
                 (size_t)snprintf(text, sizeof text, "%" PRIu64 ":%" PRIu64, (uint64_t)root.st_dev, (uint64_t)root.st_ino));
    }
    /* a child of the process that became the witness */
    put_number("children", waitid(P_ALL, 0, &child, WEXITED | WSTOPPED | WCONTINUED | WNOHANG | WNOWAIT | __WALL) == 0);
    /* KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING */
    long keyring = syscall(SYS_keyctl, 0, -3, 0);
    if (keyring >= 0)
        put_number("session-keyring", keyring);
    put_number("secure-execution", (long long)getauxval(AT_SECURE));
    put("}");
    close(own_directory);
}
#else
/* elsewhere there is nothing to read */
static void put_attributes(const char *name_of_program) {
    (void)name_of_program;
}
#endif

/* Whether the runner wants them: it says so by the name of its socket. They take a tenth of the time of an execution. */
static int wants_attributes(const char *socket_path) {
    size_t length = strlen(socket_path);
    return length > 2 && strcmp(socket_path + length - 2, "/a") == 0;
}
