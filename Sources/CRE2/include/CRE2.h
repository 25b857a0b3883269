// The shim over RE2, regular expressions in time linear to the text: a C interface to its C++ classes. No exception leaves
// it. A compiled expression is immutable and may be used by several threads at once.
#ifndef HERMES_CRE2_H
#define HERMES_CRE2_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hermes_re2 hermes_re2;

// Compiles `count` bytes of UTF-8, in the syntax that Go's package regexp takes as well, with at most `memory` bytes for the
// program and its states. Returns NULL and fills `error`, a C string of at most `size` bytes, where that cannot be done.
hermes_re2 *hermes_re2_compile(const char *pattern, size_t count, size_t memory, char *error, size_t size);

// 1 if the expression matches any part of the text, else 0.
int hermes_re2_matches(const hermes_re2 *expression, const char *text, size_t count);

void hermes_re2_free(hermes_re2 *expression);

#ifdef __cplusplus
}
#endif

#endif
