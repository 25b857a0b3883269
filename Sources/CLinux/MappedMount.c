#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "CLinux.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif

pid_t hermes_namespace_begin(void) {
    // As fork(2) does, and without a signal at the child's end. The child calls the kernel alone: another thread may have
    // held any lock of the library.
    pid_t child = (pid_t)syscall(SYS_clone, CLONE_NEWUSER, 0, 0, 0, 0);
    if (child != 0) return child;
    syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    syscall(SYS_close_range, 0U, ~0U, 0U);
    while (1) syscall(SYS_ppoll, 0, 0, 0, 0, 0);
}

void hermes_namespace_end(pid_t child) {
    kill(child, SIGKILL);
    while (waitpid(child, NULL, __WALL) < 0 && errno == EINTR) continue;
}

int hermes_mount_mapped(const char *source, const char *target, int name_space) {
    int tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | O_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (tree < 0) return -1;
    struct mount_attr attributes = {
        .attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY,
        .userns_fd = (uint64_t)name_space,
    };
    int result = mount_setattr(tree, "", AT_EMPTY_PATH, &attributes, sizeof attributes);
    if (result == 0) result = move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH);
    int error = errno;
    close(tree);
    errno = error;
    return result;
}
