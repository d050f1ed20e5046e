#pragma once

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace webpool::scheduling::detail {

/// A hash map that reuses its nodes: after a warm-up, entries come and go without allocating.
template <class Key, class Value>
class NodeMap {
 public:
  std::size_t size() const noexcept { return map_.size(); }

  /// Null if there is none. Valid until the entry is taken.
  const Value* find(Key key) const noexcept {
    const auto found = map_.find(key);
    return found == map_.end() ? nullptr : &found->second;
  }

  /// Adds the entry, or changes it.
  void set(Key key, Value value) noexcept {
    if (const auto found = map_.find(key); found != map_.end()) {
      found->second = std::move(value);
    } else if (spare_.empty()) {
      map_.emplace(key, std::move(value));
    } else {
      auto node = std::move(spare_.back());
      spare_.pop_back();
      node.key() = key;
      node.mapped() = std::move(value);
      map_.insert(std::move(node));
    }
  }

  /// Removes the entry and returns its value; empty if there is none.
  std::optional<Value> take(Key key) noexcept {
    const auto found = map_.find(key);
    if (found == map_.end()) return std::nullopt;
    std::optional<Value> value(std::move(found->second));
    spare_.push_back(map_.extract(found));
    return value;
  }

  /// Removes the entries whose values satisfy the predicate: O(size).
  template <class Predicate>
  void remove_if(Predicate predicate) noexcept {
    for (auto each = map_.begin(); each != map_.end();) {
      const auto here = each++;
      if (predicate(here->second)) spare_.push_back(map_.extract(here));
    }
  }

 private:
  using Map = std::unordered_map<Key, Value>;

  Map map_;
  std::vector<typename Map::node_type> spare_;
};

}  // namespace webpool::scheduling::detail
