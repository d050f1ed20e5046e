#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/transport/link.hpp>

namespace webpool::transport {

/// A link without a socket, for tests that play the page: both ends are in this program, and on its caller's thread.
///
///     const auto link = Loopback::open(handlers, Channel::control);
///     link->say(frame);          // handlers.received has returned when this does
///     while (auto message = link->take()) …
///
/// Keep the shared pointer as long as the page is to live. Not thread-safe.
class Loopback final : public Link, public std::enable_shared_from_this<Loopback> {
  struct Private {};

 public:
  struct Closing {
    CloseCode code;
    std::string words;
  };

  /// The handlers must outlive the link.
  static std::shared_ptr<Loopback> open(const LinkHandlers& handlers, Channel channel) {
    auto link = std::make_shared<Loopback>(Private(), handlers);
    handlers.opened(link, channel);
    return link;
  }
  Loopback(Private, const LinkHandlers& handlers) : handlers_(handlers) {}

  // --- the pool's end

  void send(Write write) override {
    std::string message;
    write(message);
    if (closing_ || ended_) return;
    buffered_ += message.size();
    sent_.push_back(std::move(message));
  }

  void close(CloseCode code, std::string_view words) override {
    if (!closing_ && !ended_) closing_.emplace(Closing{code, std::string(words)});
  }

  std::size_t buffered() const override { return buffered_; }

  void introduced() override { introduced_ = true; }

  // --- the page's end

  /// Sends a message. Does nothing once the link has ended.
  void say(std::string message) {
    if (ended_) return;
    const auto owner = std::make_shared<const std::string>(std::move(message));
    handlers_.received(*this, std::as_bytes(std::span(*owner)), owner);
  }

  /// The next message that the pool sent; empty when there is none.
  std::optional<std::string> take() {
    if (sent_.empty()) return std::nullopt;
    std::string message = std::move(sent_.front());
    sent_.pop_front();
    buffered_ -= message.size();
    return message;
  }

  /// How the pool closes the link, if it does. The link ends with `hang_up`, as a socket does with the page's answer.
  const std::optional<Closing>& closing() const noexcept { return closing_; }
  bool is_introduced() const noexcept { return introduced_; }

  /// Ends the link; once.
  void hang_up(const std::string& reason = "its link closed") {
    if (std::exchange(ended_, true)) return;
    const auto self = shared_from_this();  // whoever hears may let go of it
    handlers_.closed(*this, closing_ ? closing_->words : reason);
  }

 private:
  const LinkHandlers& handlers_;
  std::deque<std::string> sent_;  ///< what the page has not taken
  std::size_t buffered_ = 0;
  std::optional<Closing> closing_;
  bool introduced_ = false, ended_ = false;
};

}  // namespace webpool::transport
