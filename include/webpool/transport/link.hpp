#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <webpool/detail/function_ref.hpp>

namespace webpool::transport {

/// What a page opens a link for: one control link per tab, one data link per worker.
enum class Channel : std::uint8_t { control, data };

/// Why the pool closes a link: the status codes of RFC 6455, section 7.4.1.
enum class CloseCode : std::uint16_t { normal = 1000, policy_violation = 1008 };

/// The pool's end of a line to a page that carries whole messages in order, such as a WebSocket. All that the pool asks
/// of a transport; `LinkHandlers` is all that a transport tells the pool. Both are called on one thread at a time: that
/// of the pool's event loop.
///
/// | function              | contract                                                                                |
/// |-----------------------|-----------------------------------------------------------------------------------------|
/// | `send(write)`         | calls `write(out)` once, before it returns; `out` is empty, and what `write` appends is |
/// |                       | one message. Does nothing else that is visible once the link is closing                 |
/// | `close(code, words)`  | begins to close; the page may be told the words, cut if need be. A second call does     |
/// |                       | nothing. What the page sent before it noticed may still be received                     |
/// | `buffered()`          | bytes that were sent and that the page's side has not taken yet: they are in memory     |
/// | `introduced()`        | the page has shown that it belongs here: limits that hold for strangers end             |
///
/// None of them blocks, throws (`std::bad_alloc` and what `write` throws excepted) or calls a handler before it
/// returns.
class Link {
 public:
  using Write = webpool::detail::FunctionRef<void(std::string& out)>;

  Link() = default;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  virtual ~Link() = default;

  virtual void send(Write write) = 0;
  virtual void close(CloseCode code, std::string_view words) = 0;
  virtual std::size_t buffered() const = 0;
  virtual void introduced() {}
};

/// What a transport tells. For each link `opened` comes first, and `closed` last, once, whoever closed it; the pool
/// keeps the link alive from the one to the other.
struct LinkHandlers {
  std::function<void(std::shared_ptr<Link>, Channel)> opened;
  /// A whole message; `owner` keeps its bytes alive.
  std::function<void(Link&, std::span<const std::byte> message, std::shared_ptr<const void> owner)> received;
  /// `reason`: the words of whoever closed it, or what happened to it.
  std::function<void(Link&, const std::string& reason)> closed;
};

}  // namespace webpool::transport
