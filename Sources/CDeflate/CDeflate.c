// The target needs one C source file.
#include "CDeflate.h"
