/* SIG-6: installs its handlers when it has forked, so a signal right after the fork ends it and leaves an orphan. */

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
