/* Starts its command from its third thread, after the second one has ended; the first one waits for it. */

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static void *end(void *unused) { return unused; }

static void *start(void *words) {
    char **argv = words;
    pid_t child = fork();
    int status = 0;
    if (child == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    waitpid(child, &status, 0);
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

int main(int argc, char **argv) {
    pthread_t thread;
    (void)argc;
    pthread_create(&thread, NULL, end, NULL);
    pthread_join(thread, NULL);
    pthread_create(&thread, NULL, start, argv + 1);
    pthread_join(thread, NULL);
}
