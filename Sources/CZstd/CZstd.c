// The target needs one C source file.
#include "CZstd.h"
