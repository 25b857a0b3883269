// The shim over xxHash. The running state is a plain struct here, which needs no allocation: its layout is that of the
// header's own version of the library, and both come from one package.
#ifndef HERMES_CXXHASH_H
#define HERMES_CXXHASH_H

#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#endif
