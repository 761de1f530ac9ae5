/* Unblocks signals in the child while that still has the launcher's handler, which only records them: what the
 * launcher forwards before the exec is lost.
 *
 * /// fault
 * breaks = "SIG-6"
 * [found_at]
 * "start" = "launcher rt_sigprocmask#1 exit"
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
    if (child == 0) {
        setpgid(0, 0); /* so that the terminal's keys come to the launcher only */
#if !FAULT
        catch_none();
#endif
        become_command(argv);
    }
    setpgid(child, child);
    int status;
    while (waitpid(child, &status, WNOHANG) != child) {
        sigsuspend(&open);
        forward_noted();
    }
    _exit(exit_code(status));
}
