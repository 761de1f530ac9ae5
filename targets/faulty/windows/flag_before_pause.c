/* Checks what has arrived, then calls pause(2): what comes between is forwarded too late or never, and the end of the
 * command is missed.
 *
 * /// fault
 * breaks = "SIG-6"
 * also_breaks = ["EXIT-1"]
 * [found_at]
 * "start" = "launcher wait4#1 exit"
 * "order" = "launcher wait4#1 exit"
 * ///
 */

#include "launcher.h"

static volatile sig_atomic_t come[NSIG];

static void note(int number, siginfo_t *info, void *context) {
    (void)info, (void)context;
    come[number] = 1;
}

static void forward_noted(void) {
    for (size_t i = 0; i < COUNT; i++)
        if (come[FORWARDED[i]]) {
            come[FORWARDED[i]] = 0;
            kill(child, FORWARDED[i]);
        }
}

int main(int argc, char **argv) {
    struct sigaction ours = {.sa_sigaction = note, .sa_flags = SA_SIGINFO};
    sigset_t open;
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
    int status;
#if FAULT
    sigprocmask(SIG_SETMASK, &open, NULL);
#endif
    for (;;) {
        forward_noted();
        if (waitpid(child, &status, WNOHANG) == child)
            break;
#if FAULT
        pause();
#else
        sigsuspend(&open);
#endif
    }
    _exit(exit_code(status));
}
