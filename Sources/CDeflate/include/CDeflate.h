// The shim over libdeflate, which inflates whole streams some three times as fast as zlib.
#ifndef HERMES_CDEFLATE_H
#define HERMES_CDEFLATE_H

#include <libdeflate.h>

#endif
