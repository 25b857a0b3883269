// The shim over libfuse's low-level API (libfuse 3.14, Linux).
//
// glibc's headers come first and are parsed before _FILE_OFFSET_BITS is defined, so that their declarations stay
// the same in every Clang module; libfuse itself insists on 64-bit offsets.
#ifndef HERMES_CFUSE_H
#define HERMES_CFUSE_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define _FILE_OFFSET_BITS 64
#define FUSE_USE_VERSION 314
#include <fuse3/fuse_lowlevel.h>

// fuse_session_loop_mt is a macro over a versioned symbol.
static inline int hermes_fuse_loop(struct fuse_session *session, struct fuse_loop_config *config) {
    return fuse_session_loop_mt(session, config);
}

// Has the session work over an open descriptor of /dev/fuse, which it closes at its end. Returns 0, or a negative errno.
//
// A process that is killed in the middle of a read or an answer makes the kernel fail the request with EIO only where the
// memory for it has first to be brought in. So all of that memory is touched before the call.
int hermes_fuse_use(struct fuse_session *session, int descriptor);

#endif
