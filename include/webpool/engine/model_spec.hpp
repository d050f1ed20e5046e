#pragma once

#include <cstddef>
#include <string>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/placing.hpp>
#include <webpool/task.hpp>

namespace webpool::engine {

/// What the engine needs to know of a model; the bytes and the ONNX side of it stay with the driver.
struct ModelSpec {
  std::string name{};
  Task task = Task::other;
  std::size_t bytes = 0;            ///< of the file: the estimate of its memory until a page reports
  std::vector<Browser> browsers{};  ///< only these; empty: any
  std::size_t replicas = 1;         ///< tabs that must hold it before it counts as ready
  bool pinned = false;              ///< never evicted
  bool own_tabs_only = false;       ///< never in a tab that the pool did not launch
  Placing placing{};                ///< beside which other models and tensors it may stand
  std::string identity{};           ///< models that have the same one load alike; empty: like no other
};

}  // namespace webpool::engine
