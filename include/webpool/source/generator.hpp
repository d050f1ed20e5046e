#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <webpool/byte_source.hpp>

namespace webpool::source {

/// Puts bytes from `offset` on into the span and returns how many, as `ByteSource::read` does.
using Generate = std::function<std::size_t(std::uint64_t offset, std::span<std::byte> into)>;

namespace detail {

class Generator final : public ByteSource {
 public:
  Generator(std::uint64_t size, Generate generate, std::optional<std::string> sha256)
      : size_(size), generate_(std::move(generate)), sha256_(std::move(sha256)) {}

  std::uint64_t size() const override { return size_; }
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) override {
    const std::lock_guard lock(one_at_a_time_);
    return generate_(offset, into);
  }
  std::optional<std::string> sha256() const override { return sha256_; }

 private:
  std::uint64_t size_;
  std::mutex one_at_a_time_;
  Generate generate_;
  std::optional<std::string> sha256_;
};

}  // namespace detail

/// Bytes that a function makes when they are needed: it decompresses, decrypts, fetches. One thread at a time calls it,
/// not always the same. It is mostly asked for what follows the last read, but a tab that begins a download begins at
/// the first byte, or where its last try broke off.
inline std::shared_ptr<ByteSource> generator(std::uint64_t size, Generate generate,
                                             std::optional<std::string> sha256 = std::nullopt) {
  return std::make_shared<detail::Generator>(size, std::move(generate), std::move(sha256));
}

}  // namespace webpool::source
