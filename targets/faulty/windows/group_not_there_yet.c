/* Forwards to the child's process group, which only the child makes, so a signal before that is lost.
 *
 * /// fault
 * breaks = "SIG-6"
 * [found_at]
 * "start" = "launcher clone#1 exit"
 * ///
 */

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
