// The shim over libyaml.
#ifndef HERMES_CYAML_H
#define HERMES_CYAML_H

#include <yaml.h>

#endif
