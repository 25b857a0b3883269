#include "CLinux.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHUNK 1024

struct hermes_mapping {
    uintptr_t start; // UINTPTR_MAX while nobody has it
    uintptr_t end;
    int is_writable;
    int is_broken;
    struct hermes_mapping *next; // among those that nobody has
};

struct chunk {
    struct hermes_mapping mappings[CHUNK];
    struct chunk *next;
};

int hermes_any_page_is_broken;

// Under the lock, except that the handler reads it without: chunks are only added, and never freed.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct chunk *chunks;
static struct hermes_mapping *unused;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct sigaction before;

int hermes_mend_page(void *address) {
    uintptr_t place = (uintptr_t)address;
    for (struct chunk *chunk = __atomic_load_n(&chunks, __ATOMIC_ACQUIRE); chunk; chunk = chunk->next)
        for (struct hermes_mapping *mapping = chunk->mappings; mapping < chunk->mappings + CHUNK; mapping++) {
            uintptr_t start = __atomic_load_n(&mapping->start, __ATOMIC_ACQUIRE);
            uintptr_t end = __atomic_load_n(&mapping->end, __ATOMIC_ACQUIRE);
            // The place of another mapping may be given to a new one meanwhile. That of the faulting thread's stays.
            if (place < start || place >= end || __atomic_load_n(&mapping->start, __ATOMIC_ACQUIRE) != start) continue;
            // Before the page: a thread that reads its zeros sees this, too.
            __atomic_store_n(&mapping->is_broken, 1, __ATOMIC_SEQ_CST);
            __atomic_store_n(&hermes_any_page_is_broken, 1, __ATOMIC_SEQ_CST);
            uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
            int protection = mapping->is_writable ? PROT_READ | PROT_WRITE : PROT_READ;
            void *page = mmap((void *)(place & ~(size - 1)), size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
            return page != MAP_FAILED;
        }
    return 0;
}

static void mend(int number, siginfo_t *information, void *context) {
    (void)context;
    int error = errno;
    if (information->si_code <= 0) {
        signal(number, SIG_DFL);
        raise(number);
    } else if (!hermes_mend_page(information->si_addr)) {
        // The instruction is repeated, and the fault takes its way without this handler.
        sigaction(number, &before, NULL);
    }
    errno = error;
}

static void install(void) {
    struct sigaction action = {.sa_sigaction = mend, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    sigaction(SIGBUS, &action, &before);
}

static int add_chunk(void) {
    struct chunk *chunk = calloc(1, sizeof *chunk);
    if (!chunk) return -1;
    for (int index = 0; index < CHUNK; index++) {
        chunk->mappings[index].start = UINTPTR_MAX;
        chunk->mappings[index].next = unused;
        unused = &chunk->mappings[index];
    }
    chunk->next = chunks;
    __atomic_store_n(&chunks, chunk, __ATOMIC_RELEASE);
    return 0;
}

struct hermes_mapping *hermes_mapping_add(void *start, size_t size, int is_writable) {
    pthread_once(&once, install);
    pthread_mutex_lock(&lock);
    struct hermes_mapping *mapping = unused || add_chunk() == 0 ? unused : NULL;
    if (mapping) {
        unused = mapping->next;
        mapping->is_broken = 0;
        mapping->is_writable = is_writable;
        __atomic_store_n(&mapping->end, (uintptr_t)start + size, __ATOMIC_RELEASE);
        __atomic_store_n(&mapping->start, (uintptr_t)start, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&lock);
    return mapping;
}

void hermes_mapping_remove(struct hermes_mapping *mapping) {
    pthread_mutex_lock(&lock);
    __atomic_store_n(&mapping->start, UINTPTR_MAX, __ATOMIC_RELEASE);
    mapping->next = unused;
    unused = mapping;
    pthread_mutex_unlock(&lock);
}

int hermes_mapping_is_broken(const struct hermes_mapping *mapping) {
    return __atomic_load_n(&mapping->is_broken, __ATOMIC_ACQUIRE);
}
