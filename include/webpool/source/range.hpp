#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <webpool/byte_source.hpp>
#include <webpool/error.hpp>

namespace webpool::source {

namespace detail {

class Range final : public ByteSource {
 public:
  Range(std::shared_ptr<ByteSource> whole, std::uint64_t offset, std::uint64_t size)
      : whole_(std::move(whole)), offset_(offset), size_(size) {}

  std::uint64_t size() const override { return size_; }
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) override {
    const std::uint64_t rest = size_ - std::min(offset, size_);
    const auto part = into.first(static_cast<std::size_t>(std::min<std::uint64_t>(rest, into.size())));
    return part.empty() ? 0 : whole_->read(offset_ + offset, part);
  }
  std::span<const std::byte> in_memory() const noexcept override {
    const auto bytes = whole_->in_memory();
    if (offset_ > bytes.size() || size_ > bytes.size() - offset_) return {};
    return bytes.subspan(static_cast<std::size_t>(offset_), static_cast<std::size_t>(size_));
  }
  std::optional<FileExtent> on_disk() const override {
    auto extent = whole_->on_disk();
    if (extent) extent->offset += offset_;
    return extent;
  }

 private:
  std::shared_ptr<ByteSource> whole_;
  std::uint64_t offset_, size_;
};

}  // namespace detail

/// A part of another source. Throws `errc::invalid_options` if that has no such part.
inline std::shared_ptr<ByteSource> range(std::shared_ptr<ByteSource> whole, std::uint64_t offset, std::uint64_t size) {
  const std::uint64_t all = whole->size();
  if (offset > all || size > all - offset)
    throw Error(errc::invalid_options, "there are no " + std::to_string(size) + " bytes from byte " +
                                           std::to_string(offset) + " on in " + std::to_string(all));
  return std::make_shared<detail::Range>(std::move(whole), offset, size);
}

}  // namespace webpool::source
