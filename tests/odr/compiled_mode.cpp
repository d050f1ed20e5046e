#include <webpool/resource_pool.hpp>

// A part of a program in the compiled mode: it does not link with parts in the header-only mode.
std::string made_with_the_library() { return webpool::ResourcePool<>().join_url(); }
