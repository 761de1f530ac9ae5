/* The witness in the process of a real program (harness/witness/programs), whose Python calls these with ctypes. The
 * program keeps its own handlers and its mask. It takes no orders, and reports nothing but what its adaptor asks for.
 *
 * A handler may interrupt the program anywhere, in malloc() too. So each message is made on the stack and written with
 * one call: a stream socket takes so short a message whole (unix(7)), also from a process that the program has forked. */
#define IN_PROGRAM __attribute__((visibility("default")))
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS; Python ignores SIGPIPE */
#endif

static struct sigaction handled_before[128]; /* per signal: the program's own action */
static pid_t reporter;                       /* a process that the program forks has handlers of its own soon */

static void send_whole(const char *line, int length) {
    while (length > 0 && send(sock, line, (size_t)length, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

/* Reports what the program was started with. argv: the program's name, the socket, its arguments. */
IN_PROGRAM void greet(int argc, char **argv) {
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    build_hello("command", &mask, argc, argv, -1);
    reporter = getpid();
    connect_to(argv[1]);
    flush();
}

/* Reports that the program has come to a point of its own. name: lower case letters and "-". */
IN_PROGRAM void report_milestone(const char *name) {
    char line[160];
    send_whole(line, snprintf(line, sizeof line, "{\"type\":\"milestone\",\"name\":\"%.60s\"}\n", name));
}

/* Reports a signal, and does what the program would have done without this. */
static void report_and_handle(int number, siginfo_t *info, void *context) {
    const struct sigaction *its = &handled_before[number];
    int error = errno;
    if (getpid() == reporter) {
        char line[160];
        send_whole(line, snprintf(line, sizeof line,
                                  "{\"type\":\"signal\",\"at\":%" PRId64 ",\"signal\":%d,\"code\":%d,\"sender\":%ld}\n",
                                  now_ns(), number, info->si_code, (long)info->si_pid));
    }
    errno = error;
    if (its->sa_flags & SA_SIGINFO) {
        its->sa_sigaction(number, info, context);
    } else if (its->sa_handler == SIG_DFL) {
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, number);
        sigaction(number, its, NULL);
        raise(number);
        sigprocmask(SIG_UNBLOCK, &one, NULL);
    } else {
        its->sa_handler(number);
    }
}

/* Reports each delivery of a signal from now on, until the program sets another handler. Does nothing if the program
 * ignores it: to catch it would interrupt calls that go on now. Returns 0 or an errno. */
IN_PROGRAM int watch_signal(int number) {
    struct sigaction now;
    if (number <= 0 || number >= (int)(sizeof handled_before / sizeof *handled_before))
        return EINVAL;
    if (sigaction(number, NULL, &now) < 0)
        return errno;
    int has_siginfo = (now.sa_flags & SA_SIGINFO) != 0;
    if ((has_siginfo && now.sa_sigaction == report_and_handle) || (!has_siginfo && now.sa_handler == SIG_IGN))
        return 0;
    handled_before[number] = now;
    now.sa_flags |= SA_SIGINFO;
    now.sa_sigaction = report_and_handle;
    return sigaction(number, &now, NULL) < 0 ? errno : 0;
}
