// The shim over Linux calls that Swift cannot make itself: variadic functions, macros and thread-local storage.
#ifndef HERMES_CLINUX_H
#define HERMES_CLINUX_H

#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/xattr.h>

// Returns this thread's buffer of at least `size` bytes, page-aligned; freed when the thread ends. NULL when memory
// is short. The contents are whatever the thread last left there.
void *hermes_thread_buffer(size_t size);

// Frees this thread's buffer if it has more than `most` bytes.
void hermes_thread_buffer_trim(size_t most);

// Waits as poll(2) does, and gives back before the memory of the program's own pages that were never written, as its code is. They are read
// from its file again when they are used. For a process that waits for very long.
int hermes_poll_released(struct pollfd *entries, nfds_t count, int milliseconds);

// A number for this thread: 0 to HERMES_SHARED_SLOT - 1 that no other living thread has, or, when these are taken,
// HERMES_SHARED_SLOT, which threads share.
#define HERMES_SHARED_SLOT 63
int hermes_thread_slot(void);

// Which image each thread runs code for, in a mapped file that outlives the process: CrashMarks.swift describes its form.
#define HERMES_CRASH_MARKS_SIZE 4096
struct hermes_crash_mark {
    uint64_t is_set;
    uint64_t image[4];
    uint64_t thread;
    uint64_t unused[2];
};
struct hermes_crash_marks {
    uint64_t magic;
    uint64_t is_running;
    uint64_t memory_kills;
    uint64_t signal;
    uint64_t culprit;
    uint64_t unused[3];
    struct hermes_crash_mark threads[HERMES_SHARED_SLOT];
};

// Maps a file of HERMES_CRASH_MARKS_SIZE bytes, for the life of the process. Returns NULL with errno.
struct hermes_crash_marks *hermes_crash_marks_map(int file);

// Lets threads mark from here on, and notes the signal of a fault in the marks before the process ends by it. To be called once, before
// other threads mark. Returns 0, or -1 with errno.
int hermes_crash_marks_use(struct hermes_crash_marks *marks);

// Marks this thread as one that runs code for the image with this digest, until hermes_serving_end on the same thread. Returns 0,
// and is not to be ended, where the thread has a mark already, or nobody keeps marks.
int hermes_serving_begin(uint64_t first, uint64_t second, uint64_t third, uint64_t fourth);
void hermes_serving_end(void);

// Mapped files whose pages the disk may fail to give. The kernel answers a read of such a page with SIGBUS. A handler then puts
// a page of zeros in its place, and notes that the mapping is broken: who has read from it looks afterwards, and uses nothing of what it
// read.
struct hermes_mapping;

// Lets the pages of a mapping be mended, from here until hermes_mapping_remove, which comes before munmap(2). NULL when memory is
// short.
struct hermes_mapping *hermes_mapping_add(void *start, size_t size, int is_writable);
void hermes_mapping_remove(struct hermes_mapping *mapping);

// Whether a page of the mapping was mended.
int hermes_mapping_is_broken(const struct hermes_mapping *mapping);

// Whether a page of some mapping was mended since the start of the process, as seen after all reads before this call.
extern int hermes_any_page_is_broken;
static inline int hermes_pages_are_broken(void) {
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return __atomic_load_n(&hermes_any_page_is_broken, __ATOMIC_RELAXED);
}

// For a handler of SIGBUS: mends the page at this address. Returns 0 where it is in no such mapping.
int hermes_mend_page(void *address);

// pipe2(2) with O_CLOEXEC: a pipe that a program started meanwhile by another thread does not inherit.
int hermes_pipe(int ends[2]);

// posix_spawn_file_actions_addclosefrom_np(3): the program has no descriptor from `first` on. glibc declares it for _GNU_SOURCE
// only.
int hermes_spawn_close_from(posix_spawn_file_actions_t *actions, int first);

// Makes malloc map what is larger than `size` bytes and unmap it when it is freed, for the life of the process: buffers of
// a span that are only needed now and then would otherwise stay in the heap (mallopt(3), M_MMAP_THRESHOLD).
void hermes_map_allocations(size_t size);

// The ID of the mount on which `path` lies, and its device (statx(2), STATX_MNT_ID: Linux 5.8; from 6.8 on IDs are never used
// again). Asks no file system, so it does not wait for one. Returns 0, or -1 with errno.
int hermes_mount_id(const char *path, uint64_t *id, uint64_t *device);

// Starts a process that has a user namespace of its own and does nothing; it ends with the thread that started it. Returns its ID,
// or -1 with errno. hermes_namespace_end ends it.
pid_t hermes_namespace_begin(void);
void hermes_namespace_end(pid_t child);

// Shows the folder `source` on `target` as well, read-only, without the mounts below it, and with the owners of an open user
// namespace (mount_setattr(2), MOUNT_ATTR_IDMAP). Returns 0, or -1 with errno: EINVAL where the file system cannot do that.
int hermes_mount_mapped(const char *source, const char *target, int name_space);

// open(2) with O_PATH, which glibc declares for _GNU_SOURCE only: names a file without asking its file system.
int hermes_open_path(const char *path);

// Sends one message over a connected socket of type SOCK_SEQPACKET, with an open descriptor unless that is negative (SCM_RIGHTS,
// unix(7)). Does not wait, and raises no SIGPIPE. Returns the bytes sent, or -1 with errno.
ssize_t hermes_send_message(int socket, const void *bytes, size_t size, int descriptor);

// Receives one message without waiting, and the descriptor that came with it, with O_CLOEXEC, or -1 in `descriptor`; more than
// one are closed. Returns the bytes of the message, 0 at the end, or -1 with errno: EMSGSIZE for one larger than `size`.
ssize_t hermes_receive_message(int socket, void *bytes, size_t size, int *descriptor);

// The user of the process that connected a socket, or listens at its other end (SO_PEERCRED, which glibc declares for
// _GNU_SOURCE only). Returns 0, or -1 with errno.
int hermes_peer_user(int socket, uid_t *user);

// The process that listened at, or connected, the other end of a unix socket; -1 where it is not known (unix(7), SO_PEERCRED).
pid_t hermes_peer_process(int socket);

// pthread_setname_np(3), which glibc declares for _GNU_SOURCE only.
void hermes_thread_name(pthread_t thread, const char *name);

// The kernel's number of this thread (gettid(2)).
pid_t hermes_thread_id(void);

// The columns of the terminal behind a descriptor (TIOCGWINSZ, ioctl_tty(2)); 0 when it is none or does not say.
int hermes_terminal_width(int descriptor);

// The parts of a device number, and the number of the parts: macros in glibc (makedev(3)).
static inline uint32_t hermes_major(uint64_t device) { return major(device); }
static inline uint32_t hermes_minor(uint64_t device) { return minor(device); }
static inline uint64_t hermes_makedev(uint32_t major, uint32_t minor) { return makedev(major, minor); }

#endif
