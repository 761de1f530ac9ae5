/* Installs its handlers after it has forked, so a signal right after the fork ends it and leaves an orphan.
 *
 * /// fault
 * breaks = "SIG-6"
 * [found_at]
 * "start" = "launcher clone#1 exit"
 * "start, terminal" = "launcher clone#1 exit"
 * ///
 */

#include "launcher.h"

int main(int argc, char **argv) {
    begin(argc, argv);
#if !FAULT
    catch_all(forward);
#endif
    make_child();
    if (child == 0)
        become_command(argv);
#if FAULT
    catch_all(forward);
#endif
    wait_for_end();
    block_all();
    _exit(reap());
}
