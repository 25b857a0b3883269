#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "CLinux.h"

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif
#define HERMES_STATX_MNT_ID_UNIQUE 0x4000U

int hermes_mount_id(const char *path, uint64_t *id, uint64_t *device) {
    struct statx status;
    // Nothing but the mount is asked for, and nothing is synchronised: a file system that does not answer answers this.
    int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC;
    if (statx(AT_FDCWD, path, flags, STATX_MNT_ID | HERMES_STATX_MNT_ID_UNIQUE, &status) != 0) return -1;
    if (!(status.stx_mask & (STATX_MNT_ID | HERMES_STATX_MNT_ID_UNIQUE))) {
        errno = ENOSYS;
        return -1;
    }
    *id = status.stx_mnt_id;
    *device = makedev(status.stx_dev_major, status.stx_dev_minor);
    return 0;
}

int hermes_open_path(const char *path) { return open(path, O_PATH | O_CLOEXEC); }
