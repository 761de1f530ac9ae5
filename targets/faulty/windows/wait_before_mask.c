/* Blocks SIGCHLD after it has forked, so it misses the end of a command that has ended before, and waits for ever.
 *
 * /// fault
 * breaks = "EXIT-1"
 * [found_at]
 * "order" = "launcher clone#1 exit"
 * ///
 */

#include "launcher.h"

static sigset_t end;

static void keep_sigchld(void) { sigprocmask(SIG_BLOCK, &end, NULL); }

int main(int argc, char **argv) {
    begin(argc, argv);
    sigemptyset(&end);
    sigaddset(&end, SIGCHLD);
    catch_all(forward);
#if !FAULT
    keep_sigchld();
#endif
    make_child();
    if (child == 0)
        become_command(argv);
#if FAULT
    keep_sigchld();
#endif
    siginfo_t info = {0};
    do { /* a stopped child sends SIGCHLD as well */
        while (sigwaitinfo(&end, NULL) < 0)
            ;
    } while (waitid(P_PID, (id_t)child, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0);
    block_all();
    _exit(reap());
}
