/* SIG-7: gives the signals back their default before it ends, so one that comes at the very end is its status. */

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
