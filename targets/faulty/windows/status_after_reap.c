/* Resets the signals to their default before it ends, so one that comes at the very end becomes its status.
 *
 * /// fault
 * breaks = "SIG-7"
 * [found_at]
 * "end" = "launcher rt_sigprocmask#1 exit in part 2"
 * ///
 */

#include "launcher.h"

int main(int argc, char **argv) {
    begin(argc, argv);
    catch_all(forward);
    make_child();
    if (child == 0)
        become_command(argv);
    wait_for_end();
    block_all();
    int status = reap();
#if FAULT
    catch_none();
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
#endif
    _exit(status);
}
