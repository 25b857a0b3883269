// The target needs one C source file.
#include "CZlib.h"
