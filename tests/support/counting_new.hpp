#pragma once

// Counts what a program asks of `operator new`. It replaces every allocation, so one file of a program includes it, and
// no program with sanitizers, which do that too.

#include <cstddef>
#include <cstdlib>
#include <new>

namespace webpool::testing {

/// Made so far. Not for programs in which several threads allocate.
inline std::size_t allocations = 0;

}  // namespace webpool::testing

// Not inlined: GCC would take `free` for a mistake.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++webpool::testing::allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
