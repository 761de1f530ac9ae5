/* Starts its command with PR_SET_PDEATHSIG and handles no signal: a Ctrl-C ends both, and which of the two deaths is
   seen first is chance. So do bwrap --die-with-parent and setpriv --pdeathsig. */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    pid_t command;
    int status = 0;
    (void)argc;
    if ((command = fork()) == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execvp(argv[1], argv + 1);
        _exit(127);
    }
    while (waitpid(command, &status, 0) == -1) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
