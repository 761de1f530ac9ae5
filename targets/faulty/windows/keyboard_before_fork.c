/* Does not forward the terminal's Ctrl-C, which the command has received as well; but one that came while signals were
 * blocked, before there was a child, only the launcher has received, and it is lost.
 *
 * /// fault
 * breaks = "SIG-6"
 * [found_at]
 * "start, terminal" = "launcher pipe2#1 exit"
 * ///
 */

#include "launcher.h"

static void wait_for_gate(const int gate[2]) {
    char nothing;
    close(gate[1]);
    while (read(gate[0], &nothing, 1) < 0)
        ;
}

int main(int argc, char **argv) {
    int gate[2], number, status;
    siginfo_t info;
    begin(argc, argv);
    sigaddset(&forwarded, SIGCHLD);
    block_all();
    if (pipe2(gate, O_CLOEXEC) < 0)
        return 125;
    child = fork();
    if (child == 0) {
        wait_for_gate(gate);
        become_command(argv);
    }
#if !FAULT
    /* while the child still blocks them all, one that it has received as well is one with this */
    while ((number = sigtimedwait(&forwarded, NULL, &(struct timespec){0})) > 0)
        if (number != SIGCHLD)
            kill(child, number);
#endif
    close(gate[0]);
    close(gate[1]);
    while (waitpid(child, &status, WNOHANG) != child) {
        number = sigwaitinfo(&forwarded, &info);
        if (number > 0 && number != SIGCHLD && (info.si_code != SI_KERNEL || (number != SIGINT && number != SIGQUIT)))
            kill(child, number);
    }
    _exit(exit_code(status));
}
