// The smallest file system that answers reads as Hermes does, in C on libfuse's low-level API: one folder with one file,
// whose bytes are a range of a local file. What a benchmark compares Hermes with.
//
//   cfs DIR BACKING OFFSET SIZE THREADS        the file is DIR/file; runs until it is unmounted
#define _GNU_SOURCE
#define FUSE_USE_VERSION 314
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse_lowlevel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_NUMBER = 2, MAX_READ = 1 << 20 };
static const double forever = 1e9;
static int backing;
static off_t start, length;

static void attributes(fuse_ino_t number, struct stat *out) {
    memset(out, 0, sizeof *out);
    out->st_ino = number;
    out->st_mode = number == FILE_NUMBER ? S_IFREG | 0444 : S_IFDIR | 0555;
    out->st_nlink = 1;
    out->st_size = number == FILE_NUMBER ? length : 0;
    out->st_blocks = (out->st_size + 511) / 512;
}

static void cfs_init(void *data, struct fuse_conn_info *connection) {
    (void)data;
    connection->want = connection->capable & (FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_NO_OPEN_SUPPORT
        | FUSE_CAP_NO_OPENDIR_SUPPORT);
    // libfuse wants the mount option of that name and this to agree.
    connection->max_read = MAX_READ;
    connection->max_write = MAX_READ;
    connection->max_readahead = 8 << 20;
    connection->max_background = 128;
    connection->congestion_threshold = 96;
}

static void cfs_lookup(fuse_req_t request, fuse_ino_t parent, const char *name) {
    if (parent != FUSE_ROOT_ID || strcmp(name, "file") != 0) {
        fuse_reply_err(request, ENOENT);
        return;
    }
    struct fuse_entry_param entry = {.ino = FILE_NUMBER, .attr_timeout = forever, .entry_timeout = forever};
    attributes(FILE_NUMBER, &entry.attr);
    fuse_reply_entry(request, &entry);
}

static void cfs_getattr(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info) {
    (void)info;
    struct stat status;
    attributes(number, &status);
    fuse_reply_attr(request, &status, forever);
}

// ENOSYS: the kernel opens without asking and keeps its caches.
static void cfs_open(fuse_req_t request, fuse_ino_t number, struct fuse_file_info *info) {
    (void)number, (void)info;
    fuse_reply_err(request, ENOSYS);
}

static void cfs_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info) {
    (void)number, (void)info;
    static _Thread_local char *buffer;
    if (!buffer && posix_memalign((void **)&buffer, 4096, MAX_READ)) buffer = NULL;
    if (!buffer) {
        fuse_reply_err(request, ENOMEM);
        return;
    }
    if (offset >= length) size = 0;
    else if ((off_t)size > length - offset) size = (size_t)(length - offset);
    if (size > MAX_READ) size = MAX_READ;
    ssize_t count = pread(backing, buffer, size, start + offset);
    if (count < 0) fuse_reply_err(request, errno);
    else fuse_reply_buf(request, buffer, (size_t)count);
}

static const struct fuse_lowlevel_ops operations = {
    .init = cfs_init,
    .lookup = cfs_lookup,
    .getattr = cfs_getattr,
    .open = cfs_open,
    .opendir = cfs_open,
    .read = cfs_read,
};

int main(int argc, char **argv) {
    if (argc != 6) {
        fprintf(stderr, "usage: cfs DIR BACKING OFFSET SIZE THREADS\n");
        return 64;
    }
    backing = open(argv[2], O_RDONLY | O_CLOEXEC);
    if (backing < 0) {
        perror(argv[2]);
        return 66;
    }
    start = atoll(argv[3]);
    length = atoll(argv[4]);
    unsigned threads = (unsigned)atoi(argv[5]);

    char *words[] = {"cfs", "-o", "ro,default_permissions,fsname=cfs,max_read=1048576", NULL};
    struct fuse_args arguments = FUSE_ARGS_INIT(3, words);
    struct fuse_session *session = fuse_session_new(&arguments, &operations, sizeof operations, NULL);
    if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[1])) return 71;
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    if (!config) return 71;
    fuse_loop_cfg_set_clone_fd(config, 1);
    fuse_loop_cfg_set_max_threads(config, threads);
    fuse_loop_cfg_set_idle_threads(config, threads);
    int result = fuse_session_loop_mt(session, config);
    fuse_loop_cfg_destroy(config);
    fuse_session_unmount(session);
    fuse_session_destroy(session);
    return result < 0 ? 74 : 0;
}
