/* SIG-6: forwards to the child's process group, which only the child makes, so before it has done so there is no such
 * group and the signal is lost. */

#include "launcher.h"

int main(int argc, char **argv) {
    begin(argc, argv);
    sigaddset(&forwarded, SIGCHLD);
    block_all();
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        become_command(argv);
    }
#if !FAULT
    setpgid(child, child); /* refused only where the child has done it, and the exec as well */
#endif
    for (;;) {
        int number = sigwaitinfo(&forwarded, NULL), status;
        if (number == SIGCHLD && waitpid(child, &status, WNOHANG) == child)
            _exit(exit_code(status));
        if (number > 0 && number != SIGCHLD)
            kill(-child, number);
    }
}
