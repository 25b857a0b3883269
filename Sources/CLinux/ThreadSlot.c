#include "CLinux.h"

#include <stdatomic.h>

// One bit for each slot that a thread has.
static _Atomic uint64_t taken;
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local int mine; // the slot plus one; 0 before the first call

static void give_back(void *pointer) {
    // Released, so that the slot's next thread sees what this one wrote.
    atomic_fetch_and_explicit(&taken, ~(1ull << ((uintptr_t)pointer - 1)), memory_order_release);
}

static void make_key(void) { pthread_key_create(&key, give_back); }

// Out of line, so that what every read calls stays short.
__attribute__((noinline)) static int claim(void) {
    pthread_once(&once, make_key);
    uint64_t seen = atomic_load_explicit(&taken, memory_order_relaxed);
    while (~seen & ~(1ull << HERMES_SHARED_SLOT)) {
        int slot = __builtin_ctzll(~seen);
        if (!atomic_compare_exchange_weak_explicit(&taken, &seen, seen | 1ull << slot, memory_order_acquire,
                                                   memory_order_relaxed))
            continue;
        if (pthread_setspecific(key, (void *)(uintptr_t)(slot + 1)) == 0) return slot;
        atomic_fetch_and_explicit(&taken, ~(1ull << slot), memory_order_release);
        break;
    }
    return HERMES_SHARED_SLOT;
}

int hermes_thread_slot(void) {
    if (!mine) mine = claim() + 1;
    return mine - 1;
}
