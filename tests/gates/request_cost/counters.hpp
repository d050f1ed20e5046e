#pragma once

namespace request_cost {

/// Since the program began, by all of its threads.
struct Counts {
  unsigned long allocations;
  unsigned long copied_bytes;  ///< in blocks of 4 KiB or more
};

}  // namespace request_cost
