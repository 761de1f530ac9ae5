/* A child in a PID, mount and IPC namespace of its own, for the guardian's runner and for a launcher that is to be PID 1. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

/* Start the child; as an ordinary user with a user namespace as well, and then *in_user_namespace is set. Returns as
 * fork(2) does. clone(2), not unshare(2): after unshare the caller could create no process once PID 1 has ended. */
static pid_t fork_in_namespaces(int *in_user_namespace) {
    unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | SIGCHLD;
    long pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
    if (pid < 0 && errno == EINVAL) { /* a kernel without IPC namespaces */
        flags &= ~(unsigned long)CLONE_NEWIPC;
        pid = syscall(SYS_clone, flags, 0, 0, 0, 0);
    }
    *in_user_namespace = pid < 0 && errno == EPERM;
    if (*in_user_namespace)
        pid = syscall(SYS_clone, CLONE_NEWUSER | flags, 0, 0, 0, 0);
    return (pid_t)pid;
}

static int write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return -1;
    ssize_t written = write(fd, text, strlen(text));
    int error = errno;
    close(fd);
    errno = error;
    return written < 0 ? -1 : 0;
}

/* In the child: map user and group to themselves, and mount a /proc that shows only this namespace. Returns NULL, or
 * what failed, with errno. */
static const char *set_up_namespaces(uid_t uid, gid_t gid, int in_user_namespace) {
    char map[64];
    if (in_user_namespace) {
        if (write_text("/proc/self/setgroups", "deny") < 0)
            return "setgroups";
        snprintf(map, sizeof map, "%u %u 1", (unsigned)uid, (unsigned)uid);
        if (write_text("/proc/self/uid_map", map) < 0)
            return "uid_map";
        snprintf(map, sizeof map, "%u %u 1", (unsigned)gid, (unsigned)gid);
        if (write_text("/proc/self/gid_map", map) < 0)
            return "gid_map";
    }
    /* in a chroot "/" may not be a mount point; then it is enough that mounts on /proc do not propagate */
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 &&
        mount("none", "/proc", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return "mount-private";
    if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return "mount-proc";
    return NULL;
}
