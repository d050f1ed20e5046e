#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <webpool/transport/asio.hpp>
#include <webpool/transport/http_answer.hpp>

namespace webpool::transport {

/// Sends one answer: what is in memory from there, a file by pieces through a buffer of its own. Keeps itself alive
/// until `done` is called, once. Not thread-safe.
class HttpSender : public std::enable_shared_from_this<HttpSender> {
 public:
  /// `progress` is called while bytes go out.
  HttpSender(asio::ip::tcp::socket& socket, HttpAnswer answer, const ByteRange& range, std::function<void()> progress,
             std::function<void()> done)
      : socket_(socket),
        answer_(std::move(answer)),
        range_(range),
        head_(http_head(answer_, range)),
        progress_(std::move(progress)),
        done_(std::move(done)) {}

  void send() {
    std::array<asio::const_buffer, 2> next{asio::buffer(head_), {}};
    const std::size_t left = range_.end - range_.first;
    std::size_t size = left;
    if (answer_.file) {
      size = std::min(left, piece);
      buffer_.resize(size);
      if (!answer_.file->read(range_.first, std::as_writable_bytes(std::span(buffer_)))) return done_();
      next[1] = asio::buffer(buffer_);
    } else {
      next[1] = asio::buffer(answer_.body->data() + range_.first, size);
    }
    asio::async_write(
        socket_, next,
        [self = shared_from_this()](const asio::error_code& failed, std::size_t) {
          constexpr std::size_t glance = 64 << 10;
          self->progress_();
          return failed ? 0 : glance;
        },
        [self = shared_from_this(), size](const asio::error_code& failed, std::size_t) {
          self->head_.clear();
          self->range_.first += size;
          if (failed || self->range_.first == self->range_.end) return self->done_();
          self->send();
        });
  }

 private:
  static constexpr std::size_t piece = std::size_t{1} << 20;

  asio::ip::tcp::socket& socket_;
  HttpAnswer answer_;
  ByteRange range_;
  std::string head_, buffer_;
  std::function<void()> progress_, done_;
};

}  // namespace webpool::transport
