#pragma once

// What stands behind webpool's headers, for the mode in which it is compiled once. Exactly one file of a program
// includes this, and nothing of webpool before it; every file is compiled with WEBPOOL_COMPILED defined. The CMake
// target webpool::compiled does all that.

#ifndef WEBPOOL_COMPILED
#error "webpool: src.hpp is for programs compiled with -DWEBPOOL_COMPILED; without that, webpool is header-only"
#endif

#define WEBPOOL_SOURCE
#include <webpool/webpool.hpp>

#ifndef WEBPOOL_SOURCE_INCLUDED
#error "webpool: include src.hpp before other headers of webpool"
#endif
