// A library to be loaded before a program (LD_PRELOAD), which counts what the program asks of the C library: its
// allocations, operator new among them, and the bytes that it copies in large blocks.
//
// Not seen: loops over bytes that are no call of memcpy or memmove, such as websocketpp's that unmasks in place what
// comes in; what realloc moves; and the kernel's own copy of all that goes through a socket, one each way.

#include "counters.hpp"

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <cstddef>

namespace {

constexpr std::size_t large = 4096;
std::atomic<unsigned long> allocations, copied_bytes;

using Copy = void*(void*, const void*, std::size_t);

Copy* find(const char* name) { return reinterpret_cast<Copy*>(::dlsym(RTLD_NEXT, name)); }

void count_copy(std::size_t size) {
  if (size >= large) copied_bytes.fetch_add(size, std::memory_order_relaxed);
}
void count_allocation() { allocations.fetch_add(1, std::memory_order_relaxed); }

}  // namespace

extern "C" {

// How glibc calls its own, which these stand in front of.
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

request_cost::Counts request_cost_counts() { return {allocations, copied_bytes}; }

void* malloc(std::size_t size) {
  count_allocation();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  count_allocation();
  return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) {
  count_allocation();
  return __libc_realloc(memory, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) {
  count_allocation();
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  count_allocation();
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}

void* memcpy(void* to, const void* from, std::size_t size) {
  static Copy* const real = find("memcpy");
  count_copy(size);
  return real(to, from, size);
}
void* memmove(void* to, const void* from, std::size_t size) {
  static Copy* const real = find("memmove");
  count_copy(size);
  return real(to, from, size);
}
}
