#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

_Static_assert(sizeof(struct hermes_crash_marks) == HERMES_CRASH_MARKS_SIZE, "one page, whose form is in CrashMarks.swift");

// What a fault raises in the thread that made it; Swift's traps are SIGILL or SIGTRAP. SIGABRT is abort(3), or systemd's watchdog.
static const int faults[] = {SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGFPE, SIGABRT};
#define FAULTS (sizeof faults / sizeof *faults)
static struct sigaction before[FAULTS];

static struct hermes_crash_marks *marks;
static _Thread_local struct hermes_crash_mark *mine;
// So that a thread whose stack is full can be noted, too. Pages that nobody touches cost nothing.
static char stacks[HERMES_SHARED_SLOT][32 << 10] __attribute__((aligned(16)));

// Runs between any two instructions, so it calls only what signal-safety(7) allows.
static void note(int number, siginfo_t *information, void *context) {
    (void)context;
    int error = errno;
    if (number == SIGBUS && information->si_code > 0 && hermes_mend_page(information->si_addr)) {
        errno = error;
        return;
    }
    // The first thread to crash is the one that counts.
    uint64_t nobody = 0;
    if (__atomic_compare_exchange_n(&marks->signal, &nobody, (uint64_t)number, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED) &&
        mine && mine->is_set)
        marks->culprit = (uint64_t)(mine - marks->threads) + 1;
    if (information->si_code <= 0) {
        // It was sent, and does not come again by itself. Another handler could take it for a fault, and go on.
        signal(number, SIG_DFL);
        raise(number);
    }
    for (size_t index = 0; information->si_code > 0 && index < FAULTS; index++)
        // The fault comes again when the instruction is repeated.
        if (faults[index] == number) sigaction(number, &before[index], NULL);
    errno = error;
}

struct hermes_crash_marks *hermes_crash_marks_map(int file) {
    void *address = mmap(NULL, HERMES_CRASH_MARKS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return address == MAP_FAILED ? NULL : address;
}

int hermes_crash_marks_use(struct hermes_crash_marks *memory) {
    marks = memory;
    struct sigaction action = {.sa_sigaction = note, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    for (size_t index = 0; index < FAULTS; index++)
        if (sigaction(faults[index], &action, &before[index])) return -1;
    return 0;
}

// Out of line, so that what every request calls stays short.
__attribute__((noinline)) static void claim(void) {
    int slot = hermes_thread_slot();
    // A mark that threads share would be wrong for all but one of them.
    if (slot == HERMES_SHARED_SLOT) return;
    stack_t stack = {.ss_sp = stacks[slot], .ss_size = sizeof stacks[slot]};
    sigaltstack(&stack, NULL);
    marks->threads[slot].thread = (uint64_t)hermes_thread_id();
    mine = &marks->threads[slot];
}

int hermes_serving_begin(uint64_t first, uint64_t second, uint64_t third, uint64_t fourth) {
    if (!marks) return 0;
    if (!mine) claim();
    if (!mine || mine->is_set) return 0;
    __atomic_store_n(&mine->image[0], first, __ATOMIC_RELAXED);
    __atomic_store_n(&mine->image[1], second, __ATOMIC_RELAXED);
    __atomic_store_n(&mine->image[2], third, __ATOMIC_RELAXED);
    __atomic_store_n(&mine->image[3], fourth, __ATOMIC_RELAXED);
    // Last: a kill between these leaves no mark, and none of another image.
    __atomic_store_n(&mine->is_set, 1, __ATOMIC_RELEASE);
    return 1;
}

void hermes_serving_end(void) { __atomic_store_n(&mine->is_set, 0, __ATOMIC_RELEASE); }
