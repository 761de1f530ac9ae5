/* EXIT-1: blocks SIGCHLD when it has forked, so the end of a command that ended before goes by unseen, and it waits
 * for ever. */

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
