/* Makes a file in TMPDIR and arranges its removal one call later, so a signal between leaves it there.
 *
 * /// fault
 * breaks = "SIG-6"
 * [found_at]
 * "start" = "launcher openat#1 exit"
 * ///
 */

#include "launcher.h"

static char path[4096];
static pid_t maker;

static void clean_up_or_forward(int number, siginfo_t *info, void *context) {
    int error = errno;
    if (child == 0 && getpid() == maker)
        unlink(path);
    forward(number, info, context);
    errno = error;
}

static void make_file(void) {
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0) {
        perror(path);
        _exit(125);
    }
    close(fd);
}

int main(int argc, char **argv) {
    begin(argc, argv);
    const char *directory = getenv("TMPDIR");
    maker = getpid();
    snprintf(path, sizeof path, "%s/launcher-%d", directory ? directory : "/tmp", maker);
#if FAULT
    make_file();
    catch_all(clean_up_or_forward);
#else
    catch_all(clean_up_or_forward);
    make_file();
#endif
    make_child();
    if (child == 0)
        become_command(argv);
    wait_for_end();
    block_all();
    unlink(path);
    _exit(reap());
}
