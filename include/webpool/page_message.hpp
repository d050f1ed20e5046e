#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/ids.hpp>
#include <webpool/tensor.hpp>

namespace webpool {

/// A message of the application's own kind, from a module in a page. Valid while its handler runs; a tensor's copies
/// are valid for as long as they live.
struct PageMessage {
  ConnectionId connection;     ///< who sent it, to answer with `ResourcePool::send_message`
  const BrowserInfo& browser;  ///< the same tab
  std::string_view name;
  std::string_view body;  ///< JSON, checked: any value, not only an object
  const std::vector<NamedTensor>& tensors;
};

/// Called on the pool's thread, where it must not block. What it throws is logged and counted, nothing more.
using MessageHandler = std::function<void(const PageMessage&)>;

}  // namespace webpool
