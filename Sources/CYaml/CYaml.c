// The target needs one C source file.
#include "CYaml.h"
