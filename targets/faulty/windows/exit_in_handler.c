/* Makes a file in TMPDIR; once the command has ended its handler ends the launcher at once, with the right status, but
 * the file stays.
 *
 * /// fault
 * breaks = "SIG-7"
 * [found_at]
 * "end" = "launcher rt_sigprocmask#1 exit in part 2"
 * ///
 */

#include "launcher.h"

static char path[4096];
static pid_t maker;
static volatile sig_atomic_t over;
static int status;

static void on_signal(int number, siginfo_t *info, void *context) {
    if (over)
        _exit(status);
    if (child == 0 && getpid() == maker)
        unlink(path);
    forward(number, info, context);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const char *directory = getenv("TMPDIR");
    maker = getpid();
    snprintf(path, sizeof path, "%s/launcher-%d", directory ? directory : "/tmp", maker);
    catch_all(on_signal);
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return 125;
    close(fd);
    make_child();
    if (child == 0)
        become_command(argv);
    wait_for_end();
    block_all();
    status = reap();
#if FAULT
    over = 1;
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
#endif
    unlink(path);
    _exit(status);
}
