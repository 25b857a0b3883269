// The target needs one C source file.
#include "CFuse.h"
