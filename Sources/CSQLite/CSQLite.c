// The target needs one C source file.
#include "CSQLite.h"
