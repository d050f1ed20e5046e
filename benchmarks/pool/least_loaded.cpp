#include <webpool/webpool.hpp>

template class webpool::ResourcePool<webpool::selector::LeastLoaded, webpool::scaling::Fixed>;
