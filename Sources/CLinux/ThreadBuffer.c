#include "CLinux.h"

#include <pthread.h>
#include <stdlib.h>

struct buffer {
    size_t size;
    void *bytes;
};

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static _Thread_local struct buffer *mine;

static void release(void *pointer) {
    struct buffer *buffer = pointer;
    free(buffer->bytes);
    free(buffer);
}

static void make_key(void) { pthread_key_create(&key, release); }

void hermes_thread_buffer_trim(size_t most) {
    if (!mine || mine->size <= most) return;
    free(mine->bytes);
    mine->bytes = NULL;
    mine->size = 0;
}

void *hermes_thread_buffer(size_t size) {
    if (mine && mine->size >= size) return mine->bytes;
    pthread_once(&once, make_key);
    if (!mine) {
        mine = calloc(1, sizeof *mine);
        if (!mine) return NULL;
        pthread_setspecific(key, mine);
    }
    void *bytes = NULL;
    if (posix_memalign(&bytes, 4096, size)) return NULL;
    free(mine->bytes);
    mine->bytes = bytes;
    mine->size = size;
    return bytes;
}
