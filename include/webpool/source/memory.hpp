#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <ranges>
#include <span>
#include <utility>
#include <webpool/byte_source.hpp>

namespace webpool::source {

namespace detail {

class Memory final : public ByteSource {
 public:
  Memory(std::span<const std::byte> bytes, std::shared_ptr<const void> owner)
      : bytes_(bytes), owner_(std::move(owner)) {}

  std::uint64_t size() const override { return bytes_.size(); }
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) override {
    const auto rest = bytes_.subspan(std::min<std::size_t>(offset, bytes_.size()));
    const auto part = rest.first(std::min(rest.size(), into.size()));
    std::ranges::copy(part, into.begin());
    return part.size();
  }
  std::span<const std::byte> in_memory() const noexcept override { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> owner_;
};

}  // namespace detail

/// Bytes that somebody else holds, who lives as long as `owner`. They are served from where they are.
inline std::shared_ptr<ByteSource> memory(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  return std::make_shared<detail::Memory>(bytes, std::move(owner));
}

/// A container of bytes, such as std::vector<std::byte> or std::string. Move it in, or it is copied here; never later.
template <std::ranges::contiguous_range Container>
requires(sizeof(std::ranges::range_value_t<Container>) == 1 &&
         !std::ranges::view<Container>) std::shared_ptr<ByteSource> memory(Container container) {
  const auto owner = std::make_shared<const Container>(std::move(container));
  return memory(std::as_bytes(std::span(*owner)), owner);
}

}  // namespace webpool::source
