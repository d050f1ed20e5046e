#include "default_pool.hpp"

template class webpool::ResourcePool<>;
