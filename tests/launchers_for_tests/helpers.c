/* Starts a helper and its command. The helper sends it a signal before the command has run: then both can run. */

#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

static void note(int number) { (void)number; }

int main(int argc, char **argv) {
    struct sigaction noting = {.sa_handler = note};
    pid_t helper, command;
    int status = 0;
    (void)argc;
    sigaction(SIGUSR1, &noting, NULL);
    if ((helper = fork()) == 0) {
        kill(getppid(), SIGUSR1);
        setsid();
        _exit(0);
    }
    if ((command = fork()) == 0) {
        setpgid(0, 0);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    while (waitpid(helper, NULL, 0) == -1) {
    }
    while (waitpid(command, &status, 0) == -1) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
