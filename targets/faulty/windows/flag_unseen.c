/* Checks a flag that its handler sets, then calls pause(2), with no call between the two: an end of the command
 * between them is missed.
 *
 * /// fault
 * breaks = "EXIT-1"
 * [found_at]
 * "order" = "launcher pause#1 entry"
 * ///
 */

#include "launcher.h"

static volatile sig_atomic_t ended;

static void note_end(int number) {
    (void)number;
    ended = 1;
}

int main(int argc, char **argv) {
    struct sigaction ours = {.sa_handler = note_end};
    sigset_t end, open;
    begin(argc, argv);
    open = mask_before;
    sigdelset(&open, SIGCHLD);
    sigemptyset(&end);
    sigaddset(&end, SIGCHLD);
    sigprocmask(SIG_BLOCK, &end, NULL);
    sigaction(SIGCHLD, &ours, NULL);
    catch_all(forward);
    make_child();
    if (child == 0)
        become_command(argv);
#if FAULT
    sigprocmask(SIG_SETMASK, &open, NULL);
    while (!ended)
        pause();
#else
    while (!ended)
        sigsuspend(&open);
#endif
    block_all();
    _exit(reap());
}
