/* Forwards once before it knows that the child has become the command. A signal before that ends the child, and one
 * after the exec reaches the command; only in between it is lost.
 *
 * /// fault
 * breaks = "SIG-6"
 * found_at = {}  # no sweep finds it, pairs do
 * ///
 */

#include "launcher.h"

static void forward_all(int number, siginfo_t *info, void *context) {
    int error = errno;
    (void)info, (void)context;
    kill(child, number);
    errno = error;
}

static void lose(int number, siginfo_t *info, void *context) { (void)number, (void)info, (void)context; }

int main(int argc, char **argv) {
    int ready[2];
    char byte;
    begin(argc, argv);
    block_all();
    catch_all(forward_all);
    if (pipe2(ready, O_CLOEXEC) < 0)
        return 125;
    make_child();
    if (child == 0) { /* in a group of its own, so that the terminal's keys come to the launcher only */
        setpgid(0, 0);
        catch_none();
        sigprocmask(SIG_UNBLOCK, &forwarded, NULL);
        catch_all(lose);
        catch_none();
        become_command(argv);
    }
    setpgid(child, child);
    close(ready[1]);
#if FAULT
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
    block_all();
#endif
    while (read(ready[0], &byte, 1) < 0 && errno == EINTR) /* until the exec closes the child's end */
        ;
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
    wait_for_end();
    block_all();
    return reap();
}
