#include <webpool/device_tensor.hpp>

#include <type_traits>

#include "catch.hpp"

using webpool::DeviceTensor;

// Whoever has the last reference frees it, so that it is one object that nobody copies.
static_assert(std::is_abstract_v<DeviceTensor> && std::has_virtual_destructor_v<DeviceTensor>);
static_assert(!std::is_copy_constructible_v<DeviceTensor> && !std::is_copy_assignable_v<DeviceTensor>);
