#include "forwards.hpp"

int from_backwards();

int main() { return from_backwards() == static_cast<int>(*webpool::parse_datatype("FP32")) ? 0 : 1; }
