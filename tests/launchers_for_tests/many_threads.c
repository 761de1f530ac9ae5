/* A correct launcher with many threads: `many_threads WHEN COUNT COMMAND ARGS...`.
 *
 * WHEN: "first": it starts the threads before its command; "later": when it gets its first signal. Every thread waits for
 * ever. The first one forwards signals, and ends as the command does.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void *wait_for_ever(void *unused) {
    while (pause() < 0) /* all signals are blocked */
        continue;
    return unused;
}

static void start_threads(int count) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    for (int i = 0; i < count; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, &attributes, wait_for_ever, NULL);
        if (error) {
            fprintf(stderr, "many_threads: %s after %d threads\n", strerror(error), i);
            _exit(99);
        }
    }
}

int main(int argc, char **argv) {
    sigset_t all, before;
    if (argc < 4)
        return 125;
    int later = !strcmp(argv[1], "later"), count = atoi(argv[2]), status;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    if (!later)
        start_threads(count);
    pid_t child = fork();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &before, NULL);
        execvp(argv[3], argv + 3);
        _exit(errno == ENOENT ? 127 : 126);
    }
    for (;;) {
        int number = sigwaitinfo(&all, NULL);
        if (number == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
            _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
        if (number <= 0 || number == SIGCHLD)
            continue;
        if (later)
            start_threads(count);
        later = 0;
        kill(child, number);
    }
}
