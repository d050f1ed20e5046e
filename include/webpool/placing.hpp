#pragma once

#include <string>
#include <vector>

namespace webpool {

/// Where models, and tensors that requests leave in tabs, may stand beside others. What they are known by to others is
/// a group, a name of the application's own. An empty list asks for nothing.
///
///     auto first = pool.load("a.onnx", {.placing = {.group = "shards", .apart_from = {"shards"}}});
///     auto second = pool.load("b.onnx", {.placing = {.group = "shards", .apart_from = {"shards"}}});  // another tab
///
/// Both sides count: what has come first is not joined by something that it wants to be apart from. If no tab that is
/// there will do, the pool launches another one. If it can't, a model ends with `errc::no_browser_found`, and a request
/// waits until its deadline.
struct Placing {
  std::string group{};
  /// Never in the tab of a model, of a tensor that a request left there, or of a run under way that names one of these.
  std::vector<std::string> apart_from{};
  /// Only in a browser of the same kind (`Browser`) as one that has something of each of these groups. A group that is
  /// nowhere yet asks for nothing.
  std::vector<std::string> same_browser_as{};
};

}  // namespace webpool
