#include "pool.hpp"

template class webpool::ResourcePool<>;
