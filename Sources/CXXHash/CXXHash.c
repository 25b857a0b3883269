// The target needs one C source file.
#include "CXXHash.h"
