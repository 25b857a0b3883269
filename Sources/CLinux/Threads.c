#define _GNU_SOURCE
#include "CLinux.h"

#include <unistd.h>

void hermes_thread_name(pthread_t thread, const char *name) { pthread_setname_np(thread, name); }

pid_t hermes_thread_id(void) { return gettid(); }
