/* Blocks the signals around fork, but unblocks them before its handlers are installed: one that came meanwhile ends it
 * and leaves an orphan.
 *
 * /// fault
 * breaks = "SIG-6"
 * [found_at]
 * "start" = "launcher clone#1 exit"
 * ///
 */

#include "launcher.h"

/* The command has a process group of its own, so the terminal's keys come here only. */
static void forward_all(int number, siginfo_t *info, void *context) {
    int error = errno;
    (void)info, (void)context;
    kill(child, number);
    errno = error;
}

static void unblock(void) { sigprocmask(SIG_SETMASK, &mask_before, NULL); }

int main(int argc, char **argv) {
    begin(argc, argv);
    block_all();
    child = fork();
    if (child == 0) {
        setpgid(0, 0);
        become_command(argv);
    }
    setpgid(child, child);
#if FAULT
    unblock();
    catch_all(forward_all);
#else
    catch_all(forward_all);
    unblock();
#endif
    wait_for_end();
    block_all();
    _exit(reap());
}
