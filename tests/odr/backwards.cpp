#include "backwards.hpp"

int from_backwards() { return static_cast<int>(webpool::parse_datatype("FP32").value()); }
