/* Reaps the child while its handler still has the pid, so a signal right after that goes to the next process with that
 * pid.
 *
 * /// fault
 * breaks = "SIG-8"
 * [found_at]
 * "end, pids" = "launcher wait4#1 exit in part 2"
 * ///
 */

#include "launcher.h"

int main(int argc, char **argv) {
    begin(argc, argv);
    catch_all(forward);
    make_child();
    if (child == 0)
        become_command(argv);
#if FAULT
    int status = reap();
    block_all();
#else
    wait_for_end();
    block_all();
    int status = reap();
#endif
    _exit(status);
}
