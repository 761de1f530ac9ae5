/* Stores the child's pid when fork has returned, so a handler that runs before assumes that no child was started.
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
    catch_all(forward);
#if FAULT
    pid_t made = fork();
    child = made;
#else
    make_child();
#endif
    if (child == 0)
        become_command(argv);
    wait_for_end();
    block_all();
    _exit(reap());
}
