/* Directories that nothing below the runner can change: those of the interpreters that launchers may take for theirs. */
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

/* Mount flags of a directory that a user namespace must keep; mount_namespaces(7), "Restrictions on mount namespaces". */
static unsigned long kept_flags(const char *path) {
    static const struct {
        unsigned long shown, flag;
    } known[] = {{ST_NOSUID, MS_NOSUID},   {ST_NODEV, MS_NODEV},           {ST_NOEXEC, MS_NOEXEC},
                 {ST_NOATIME, MS_NOATIME}, {ST_NODIRATIME, MS_NODIRATIME}, {ST_RELATIME, MS_RELATIME}};
    struct statvfs st;
    unsigned long flags = 0;
    if (statvfs(path, &st) == 0)
        for (size_t n = 0; n < sizeof known / sizeof *known; n++)
            flags |= st.f_flag & known[n].shown ? known[n].flag : 0;
    return flags;
}

/* In a mount namespace of our own: make these directories read-only, for all that run in it. paths: separated by ':'; it
 * is changed. Where the system refuses, nothing is said here: they are then as any user finds them. */
static void make_read_only(char *paths) {
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return; /* in a chroot: the mount would propagate to the whole machine */
    for (char *path = strtok(paths, ":"); path; path = strtok(NULL, ":"))
        if (mount(path, path, NULL, MS_BIND | MS_REC, NULL) == 0)
            mount("none", path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY | kept_flags(path), NULL);
}
