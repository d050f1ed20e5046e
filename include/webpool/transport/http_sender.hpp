#pragma once

#include <asio/any_io_executor.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/byte_source.hpp>
#include <webpool/error.hpp>
#include <webpool/transport/asio.hpp>
#include <webpool/transport/http_answer.hpp>

namespace webpool::transport {

/// Sends one answer: what is in memory from there, another source's bytes by pieces through a buffer of its own. Keeps
/// itself alive until `done` is called, once. Not thread-safe.
class HttpSender : public std::enable_shared_from_this<HttpSender> {
 public:
  /// `progress` is called while bytes go out; on `reader` sources are read that are not in memory.
  HttpSender(asio::ip::tcp::socket& socket, HttpAnswer answer, const ByteRange& range, asio::any_io_executor reader,
             std::function<void()> progress, std::function<void()> done)
      : socket_(socket),
        answer_(std::move(answer)),
        range_(range),
        head_(http_head(answer_, range)),
        reader_(std::move(reader)),
        progress_(std::move(progress)),
        done_(std::move(done)) {}

  void send() {
    const std::size_t left = range_.end - range_.first;
    if (!answer_.source) return write(std::as_bytes(std::span(*answer_.body)).subspan(range_.first, left));
    if (const auto bytes = answer_.source->in_memory(); !bytes.empty() || left == 0)
      return write(bytes.subspan(range_.first, left));
    buffer_.resize(std::min(left, piece));
    asio::post(reader_, [self = shared_from_this(), back = socket_.get_executor()] {
      std::optional<std::string> fault;
      try {
        read_exactly(*self->answer_.source, self->range_.first, self->buffer_);
      } catch (const Error& error) {
        fault = error.message();
      }
      asio::post(back, [self, fault = std::move(fault)] { fault ? self->fail(*fault) : self->write(self->buffer_); });
    });
  }

 private:
  static constexpr std::size_t piece = std::size_t{1} << 20;

  void write(std::span<const std::byte> bytes) {
    const std::array<asio::const_buffer, 2> next{asio::buffer(head_), asio::buffer(bytes.data(), bytes.size())};
    asio::async_write(
        socket_, next,
        [self = shared_from_this()](const asio::error_code& failed, std::size_t) {
          constexpr std::size_t glance = 64 << 10;
          self->progress_();
          return failed ? 0 : glance;
        },
        [self = shared_from_this(), size = bytes.size()](const asio::error_code& failed, std::size_t) {
          self->head_.clear();
          self->range_.first += size;
          if (failed || self->range_.first == self->range_.end) return self->done_();
          self->send();
        });
  }

  /// The source can't be read. Who has got nothing yet is told; others notice that bytes are missing.
  void fail(const std::string& sentence) {
    if (head_.empty()) return done_();
    answer_ = {500, "text/plain", std::make_shared<const std::string>(sentence)};
    range_ = {0, answer_.size()};
    head_ = http_head(answer_, range_);
    send();
  }

  asio::ip::tcp::socket& socket_;
  HttpAnswer answer_;
  ByteRange range_;
  std::string head_;
  std::vector<std::byte> buffer_;
  asio::any_io_executor reader_;
  std::function<void()> progress_, done_;
};

}  // namespace webpool::transport
