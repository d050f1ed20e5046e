#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/engine/records.hpp>
#include <webpool/ids.hpp>

namespace webpool::engine {

/// What has changed in an event and needs a look before it ends. Rooms mark; the engine's pump looks, tabs first, until
/// nothing is marked. Marking twice is marking once, and nothing is allocated once the lists have grown.
class Marks {
 public:
  /// The model has a request to send, or lacks a place.
  void mark(ModelRow& model) {
    if (!std::exchange(model.marked, true)) models_.push(model.index);
  }

  /// The tab has room again, or nothing in flight any more.
  void mark(ConnectionId id, ConnectionRow& tab) {
    if (!std::exchange(tab.marked, true)) tabs_.push(id);
  }

  /// Something has changed by which every model may gain.
  void mark_all() noexcept { all_ = true; }

  /// The tab has nothing in flight: if it is still idle when all is served, models that found only busy tabs get
  /// another look.
  void mark_answered(ConnectionId id) noexcept { answered_ = id; }

  /// Whether a tab or a model is marked.
  bool any() const noexcept { return all_ || !tabs_.empty() || !models_.empty(); }

  std::optional<ConnectionId> next_tab() { return tabs_.pop(); }
  std::optional<ModelIndex> next_model() { return models_.pop(); }
  bool take_all() noexcept { return std::exchange(all_, false); }
  std::optional<ConnectionId> take_answered() noexcept { return std::exchange(answered_, std::nullopt); }

  void clear() noexcept { *this = {}; }

 private:
  /// First in, first out; empty at the end of each event, and then at its start again.
  template <class Id>
  class Queue {
   public:
    bool empty() const noexcept { return ids_.empty(); }
    void push(Id id) { ids_.push_back(id); }
    std::optional<Id> pop() {
      if (ids_.empty()) return std::nullopt;
      const Id id = ids_[next_++];
      if (next_ == ids_.size()) {
        ids_.clear();
        next_ = 0;
      }
      return id;
    }

   private:
    std::vector<Id> ids_;
    std::size_t next_ = 0;
  };

  Queue<ConnectionId> tabs_;
  Queue<ModelIndex> models_;
  std::optional<ConnectionId> answered_;
  bool all_ = false;
};

}  // namespace webpool::engine
