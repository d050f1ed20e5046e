#include <webpool/webpool.hpp>

template class webpool::ResourcePool<>;
