/* SIG-6: stores the child's pid when fork has returned, so a handler that runs before takes it for not started. */

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
