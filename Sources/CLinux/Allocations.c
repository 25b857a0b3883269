#include <malloc.h>

#include "CLinux.h"

void hermes_map_allocations(size_t size) { mallopt(M_MMAP_THRESHOLD, (int)size); }
