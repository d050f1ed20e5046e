#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace webpool::detail {

/// The backends that the application has registered, for the whole process. Append-only, so that a row never moves or
/// changes, and bounded, so that tables indexed by backend have a fixed size. Safe from any thread.
class BackendTable {
 public:
  static constexpr std::size_t capacity = 5;

  struct Row {
    std::string name;
    std::shared_ptr<const std::string> module;  ///< the text of its JavaScript module
  };

  static BackendTable& instance() {
    static BackendTable table;
    return table;
  }

  std::size_t size() const noexcept { return size_.load(std::memory_order_acquire); }
  /// The row at a place; null if there is none.
  const Row* find(std::size_t place) const noexcept {
    return place < capacity && place < size() ? &rows_[place] : nullptr;
  }
  /// The row at a place below `size()`.
  const Row& operator[](std::size_t place) const noexcept { return rows_[place]; }

  /// The place of the row of that name, which is added if there is none. Empty if the table is full.
  std::optional<std::size_t> find_or_add(Row row) {
    const std::lock_guard lock(adding_);
    const std::size_t end = size();
    for (std::size_t place = 0; place < end; ++place)
      if (rows_[place].name == row.name) return place;
    if (end == capacity) return std::nullopt;
    rows_[end] = std::move(row);
    size_.store(end + 1, std::memory_order_release);
    return end;
  }

 private:
  std::mutex adding_;
  std::array<Row, capacity> rows_;
  std::atomic<std::size_t> size_ = 0;
};

}  // namespace webpool::detail
