// The shim over Linux calls that Swift cannot make itself: variadic functions, macros and thread-local storage.
#ifndef HERMES_CLINUX_H
#define HERMES_CLINUX_H

#include <stddef.h>

// Returns this thread's buffer of at least `size` bytes, page-aligned; freed when the thread ends. NULL when memory
// is short. The contents are whatever the thread last left there.
void *hermes_thread_buffer(size_t size);

// pipe2(2) with O_CLOEXEC: a pipe that a program started meanwhile by another thread does not inherit.
int hermes_pipe(int ends[2]);

#endif
