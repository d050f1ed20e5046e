#pragma once

#include <string>
#include <webpool/model.hpp>

#include "trips.hpp"

namespace compare {

/// A tensor `x` to the model and back as `y`, by blocking calls one after the other. An answer for contender.py.
std::string call_blocking(const webpool::Model& echo, const Trips& trips);

/// The same by asynchronous calls: whenever one ends, its handler, on the pool's thread, makes the next.
std::string call_asynchronously(const webpool::Model& echo, const Trips& trips);

}  // namespace compare
