/* What these launchers have in common. Each is started as LAUNCHER COMMAND ARGS..., ends as the command does (128+N
 * where that died of signal N), and hands on to it the mask and the dispositions that it was given itself. */

#ifndef LAUNCHER_H
#define LAUNCHER_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef FAULT
#define FAULT 0
#endif

typedef void (*handler)(int number, siginfo_t *info, void *context);

static const int FORWARDED[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM};
static const size_t COUNT = sizeof FORWARDED / sizeof *FORWARDED;

static volatile pid_t child;
static sigset_t forwarded, mask_before;
static struct sigaction sigchld_before;

/* Note what the command is to be given. SIGCHLD gets its default: ignored, it would reap without us. */
static inline void begin(int argc, char **argv) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    if (argc < 2) {
        fprintf(stderr, "usage: %s COMMAND [ARGS...]\n", argv[0]);
        exit(125);
    }
    sigemptyset(&forwarded);
    for (size_t i = 0; i < COUNT; i++)
        sigaddset(&forwarded, FORWARDED[i]);
    sigprocmask(SIG_SETMASK, NULL, &mask_before);
    sigaction(SIGCHLD, &standard, &sigchld_before);
}

static inline void set_all(const struct sigaction *action) {
    for (size_t i = 0; i < COUNT; i++) {
        struct sigaction now;
        sigaction(FORWARDED[i], NULL, &now);
        if (now.sa_handler != SIG_IGN) /* what came ignored stays so, for the command as well */
            sigaction(FORWARDED[i], action, NULL);
    }
}

/* Catch what is forwarded. */
static inline void catch_all(handler action) {
    struct sigaction ours = {.sa_sigaction = action, .sa_flags = SA_SIGINFO};
    sigfillset(&ours.sa_mask);
    set_all(&ours);
}

/* Undo it. */
static inline void catch_none(void) { set_all(&(struct sigaction){.sa_handler = SIG_DFL}); }

/* The usual handler. Where there is no command yet, in the launcher and in the child before its exec, the signal does
 * what it does by default, as soon as the handler returns. The keys of the terminal have reached the command already. */
static inline void forward(int number, siginfo_t *info, void *context) {
    int error = errno;
    (void)context;
    if (child == 0) {
        signal(number, SIG_DFL);
        kill(getpid(), number);
    } else if (info->si_code != SI_KERNEL || (number != SIGINT && number != SIGQUIT)) {
        kill(child, number);
    }
    errno = error;
}

/* Make the child, with its pid in `child` before anyone can be signalled: the kernel stores it while it makes the
 * child, which itself keeps the 0. fork(2) returns it, and a handler can run before that is stored. clone(2). */
static inline void make_child(void) {
    if (syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &child, 0, 0) < 0) {
        perror("clone");
        _exit(125);
    }
}

static inline void become_command(char **argv) {
    sigaction(SIGCHLD, &sigchld_before, NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
    execvp(argv[1], argv + 1);
    int error = errno;
    perror(argv[1]);
    _exit(error == ENOENT ? 127 : 126);
}

/* Wait for the end of the child, and leave it a zombie: its pid is still its own. */
static inline void wait_for_end(void) {
    siginfo_t info;
    while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
}

/* From here on no handler runs. */
static inline void block_all(void) { sigprocmask(SIG_BLOCK, &forwarded, NULL); }

static inline int exit_code(int status) {
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline int reap(void) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return exit_code(status);
}

#endif
