#pragma once

#include <string>
#include <webpool/model.hpp>

#include "trips.hpp"

namespace compare {

/// What so many requests took, as an answer for contender.py, and the last one's results.
struct Served {
  std::string json;
  webpool::Outputs last;
};

/// The same request again and again, by blocking calls one after the other. The answer has `runs_us` too: what the
/// session took for each in its tab.
Served call(const webpool::Model& model, const webpool::Inputs& inputs, std::size_t count);

/// The same by asynchronous calls with several in flight: the handler of each, on the pool's thread, makes the next.
Served relay(const webpool::Model& model, const webpool::Inputs& inputs, std::size_t in_flight, std::size_t count);

/// The tensor to a model that answers with it, and back; one at a time by blocking calls, unless `by_handlers`.
std::string make_round_trips(const webpool::Model& echo, const Trips& trips, bool by_handlers);

/// Inputs of the shapes that the model declares, with 1 for free extents.
webpool::Inputs inputs_for(const webpool::ModelInfo& info);

/// From the first of many requests, which call for a tab more than the one that holds the model, to the first answer of
/// another tab.
std::string scale_up(const webpool::Model& model);

}  // namespace compare
