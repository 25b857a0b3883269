// The target needs one C source file.
#include "CCrypto.h"
