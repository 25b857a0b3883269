// The shim over zlib: inflateInit2 is a macro, which Swift cannot call.
#ifndef HERMES_CZLIB_H
#define HERMES_CZLIB_H

#include <zlib.h>

static inline int hermes_inflate_init(z_stream *stream, int window_bits) {
    return inflateInit2(stream, window_bits);
}

#endif
