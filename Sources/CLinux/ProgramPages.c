#define _GNU_SOURCE
#include "CLinux.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

// Pages that were never written are those of the file, and come back from it when they are touched.
static int release(struct dl_phdr_info *object, size_t size, void *unused) {
    (void)size;
    (void)unused;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < object->dlpi_phnum; index++) {
        const ElfW(Phdr) *segment = &object->dlpi_phdr[index];
        if (segment->p_type != PT_LOAD || segment->p_flags & PF_W) continue;
        // Whole pages of the segment alone: another one may share the first and the last.
        uintptr_t start = (object->dlpi_addr + segment->p_vaddr + page - 1) & ~(page - 1);
        uintptr_t end = (object->dlpi_addr + segment->p_vaddr + segment->p_filesz) & ~(page - 1);
        if (start < end) madvise((void *)start, end - start, MADV_DONTNEED);
    }
    return 0;
}

int hermes_poll_released(struct pollfd *entries, nfds_t count, int milliseconds) {
    dl_iterate_phdr(release, NULL);
    // Nothing else runs before the wait: where the kernel maps 2 MiB around each page that is touched, that would be most of it again.
    return poll(entries, count, milliseconds);
}
