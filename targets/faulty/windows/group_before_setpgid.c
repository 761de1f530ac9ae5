/* Lets its handler forward to the command's process group two calls before it makes that group, so a signal between is
 * lost.
 *
 * /// fault
 * breaks = "SIG-6"
 * [found_at]
 * "start" = "launcher rt_sigaction#9 entry"
 * ///
 */

#include "launcher.h"

static volatile pid_t target;

/* Once it has a group of its own the terminal's keys do not reach the command. */
static void forward_to_target(int number, siginfo_t *info, void *context) {
    int error = errno;
    if (child == 0)
        forward(number, info, context);
    else
        kill(target ? target : child, number);
    errno = error;
}

int main(int argc, char **argv) {
    begin(argc, argv);
    catch_all(forward_to_target);
    make_child();
    if (child == 0) {
        setpgid(0, 0);
        become_command(argv);
    }
#if FAULT
    target = -child;
    signal(SIGWINCH, SIG_IGN);
    setpgid(child, child);
#else
    signal(SIGWINCH, SIG_IGN);
    setpgid(child, child);
    target = -child;
#endif
    wait_for_end();
    block_all();
    _exit(reap());
}
