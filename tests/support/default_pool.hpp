#pragma once

#include <webpool/resource_pool.hpp>

// Compiled once, in default_pool.cpp: each translation unit that makes a pool would compile the whole transport again.
extern template class webpool::ResourcePool<>;
