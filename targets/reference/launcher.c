/* The front of the reference launcher: starts Python, and tells it which signals the caller had blocked and ignored.
 *
 * usage: launcher [--interpreter=PYTHON] ARGS...     PYTHON: default python3, searched in PATH
 *
 * CPython ignores SIGPIPE and SIGXFSZ before any Python code runs, and keeps no record of what they were. So they are
 * read here, in the same process, before there is a Python. This program executes
 *
 *   PYTHON -I -S -X launcher_blocked=N,N -X launcher_ignored=N,N SCRIPT ARGS...
 *
 * SCRIPT is `launcher`, one directory above this program. An -X option reaches Python as sys._xoptions. Unlike a
 * variable it cannot leak to the command, and unlike an argument no program takes it for its own.
 *
 * It leaves all signals blocked. A signal that arrives while Python starts stays pending: no KeyboardInterrupt ends a
 * half-started Python. Nothing else that exec(2) preserves is changed.
 *
 * This is not a shell script, because a shell does change other things. NOTES.md lists them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#define OPTION "--interpreter="
enum { LAUNCHER_FAILED = 125 }; /* as in reference_launcher/command.py */

static int fail(const char *what) {
    fprintf(stderr, "launcher: cannot run '%s': %s\n", what, strerror(errno));
    return LAUNCHER_FAILED;
}

/* Appends `,signo`, or `signo` to a list that ends with `=`. */
static void append(char *list, int signo) {
    size_t length = strlen(list);
    sprintf(list + length, list[length - 1] == '=' ? "%d" : ",%d", signo);
}

/* Writes the path of this program, without symbolic links. Returns -1 if it cannot be told. */
static int own_path(char *path) {
#ifdef __APPLE__
    char linked[PATH_MAX];
    uint32_t size = sizeof linked;
    return _NSGetExecutablePath(linked, &size) == 0 && realpath(linked, path) ? 0 : -1;
#else
    ssize_t length = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (length < 0)
        return -1;
    path[length] = 0;
    return 0;
#endif
}

/* Replaces `.../bin/launcher` by `.../launcher`. */
static int find_script(char *path) {
    if (own_path(path) < 0)
        return -1;
    for (int part = 0; part < 2; part++) {
        char *slash = strrchr(path, '/');
        if (!slash) {
            errno = ENOENT;
            return -1;
        }
        *slash = 0;
    }
    if (strlen(path) + sizeof "/launcher" > PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcat(path, "/launcher");
    return 0;
}

int main(int argc, char **argv) {
    static char blocked_list[NSIG * 4 + 32] = "launcher_blocked=", ignored_list[NSIG * 4 + 32] = "launcher_ignored=";
    static char script[PATH_MAX];
    char *python = "python3";
    sigset_t all, blocked;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &blocked);
    for (int signo = 1; signo < NSIG; signo++) {
        struct sigaction action;
        if (sigismember(&blocked, signo) == 1)
            append(blocked_list, signo);
        if (sigaction(signo, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
            append(ignored_list, signo);
    }
    if (find_script(script) < 0)
        return fail("this program");
    if (argc > 1 && !strncmp(argv[1], OPTION, strlen(OPTION))) {
        python = argv[1] + strlen(OPTION);
        argv++;
        argc--;
    }
    char *own[] = {python, "-I", "-S", "-X", blocked_list, "-X", ignored_list, script};
    size_t count = sizeof own / sizeof *own, rest = argc > 0 ? (size_t)argc - 1 : 0;
    char **words = calloc(count + rest + 1, sizeof *words);
    if (!words)
        return fail(python);
    memcpy(words, own, sizeof own);
    if (rest)
        memcpy(words + count, argv + 1, rest * sizeof *words);
    execvp(python, words);
    return fail(python);
}
