#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/ids.hpp>
#include <webpool/tensor.hpp>

namespace webpool {

/// A message of the application, from a module in a page. Valid while its handler runs; copies of its tensors stay
/// valid.
struct PageMessage {
  ConnectionId connection;     ///< the sender, for an answer by `ResourcePool::send_message`
  const BrowserInfo& browser;  ///< the same tab
  std::string_view name;
  std::string_view body;  ///< valid JSON: any value, not only an object
  const std::vector<NamedTensor>& tensors;
};

/// Called on the pool's thread; must not block. Exceptions are logged and counted, nothing more.
using MessageHandler = std::function<void(const PageMessage&)>;

}  // namespace webpool
