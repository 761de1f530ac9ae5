/* Has room for one signal only: of two that come before it forwards, the first is lost.
 *
 * /// fault
 * breaks = "SIG-6"
 * found_at = {}  # no sweep finds it, pairs do
 * ///
 */

#include "launcher.h"

static volatile sig_atomic_t come[NSIG], last;

static void note(int number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    come[number] = 1;
    last = number;
}

static void forward_noted(void) {
    for (size_t i = 0; i < COUNT; i++)
        if (come[FORWARDED[i]]) {
            come[FORWARDED[i]] = 0;
#if FAULT
            if (last != FORWARDED[i])
                continue;
#endif
            kill(child, FORWARDED[i]);
        }
}

int main(int argc, char **argv) {
    struct sigaction ours = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigset_t open;
    int status;
    begin(argc, argv);
    open = mask_before;
    sigdelset(&open, SIGCHLD);
    sigaddset(&forwarded, SIGCHLD);
    block_all();
    catch_all(note);
    sigaction(SIGCHLD, &ours, NULL);
    child = fork();
    if (child == 0) { /* in a group of its own, so that the terminal's keys come to the launcher only */
        setpgid(0, 0);
        catch_none(); /* what comes before the exec is not for this handler */
        become_command(argv);
    }
    setpgid(child, child);
    for (;;) {
        sigprocmask(SIG_SETMASK, &open, NULL); /* all that has come is noted: sigsuspend lets in one at a time */
        block_all();
        forward_noted();
        if (waitpid(child, &status, WNOHANG) == child)
            break;
        sigsuspend(&open);
    }
    _exit(exit_code(status));
}
