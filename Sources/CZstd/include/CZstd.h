// The shim over zstd.
#ifndef HERMES_CZSTD_H
#define HERMES_CZSTD_H

#include <zstd.h>

#endif
