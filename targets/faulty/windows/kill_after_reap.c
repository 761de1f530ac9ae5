/* SIG-8: reaps the child while its handler still has the pid, so a signal right after is sent to whoever has that
 * number then. */

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
