#pragma once

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/engine/records.hpp>
#include <webpool/ids.hpp>

namespace webpool::engine {

/// What has changed in an event and needs a look before it ends. Rooms mark; the engine's pump looks until nothing is
/// marked. Marking twice is marking once. Most events mark one model and nothing else, which costs a few instructions;
/// nothing is allocated once the lists have grown.
class Marks {
 public:
  /// The model has a request to send, or lacks a place.
  void mark(ModelRow& model) {
    if (std::exchange(model.marked, true)) return;
    if (!model_)
      model_ = &model;
    else
      models_.push_back(&model);
  }

  /// The tab has room again, or nothing in flight any more.
  void mark(ConnectionId id, ConnectionRow& tab) {
    if (std::exchange(tab.marked, true)) return;
    tabs_.push_back(id);
    more_ = true;
  }

  /// Something has changed by which every model may gain.
  void mark_all() noexcept { all_ = more_ = true; }

  /// The tab has nothing in flight: if it is still idle when all is served, models that found only busy tabs get
  /// another look.
  void mark_answered(ConnectionId id) noexcept {
    answered_ = id;
    more_ = true;
  }

  /// The model is about to go.
  void forget(const ModelRow& model) {
    if (model_ == &model) model_ = nullptr;
    std::erase(models_, &model);
  }

  /// The model that was marked last, which is no longer marked then; null when there is none.
  ModelRow* take_model() noexcept {
    ModelRow* model = nullptr;
    if (models_.empty()) {
      model = std::exchange(model_, nullptr);
    } else {
      model = models_.back();
      models_.pop_back();
    }
    if (model) model->marked = false;
    return model;
  }

  /// Whether anything but models is marked.
  bool more() const noexcept { return more_; }

  std::optional<ConnectionId> take_tab() noexcept {
    if (tabs_.empty()) return std::nullopt;
    const ConnectionId id = tabs_.back();
    tabs_.pop_back();
    return id;
  }
  bool take_all() noexcept { return std::exchange(all_, false); }
  /// The last of what `more` means.
  std::optional<ConnectionId> take_answered() noexcept {
    more_ = false;
    return std::exchange(answered_, std::nullopt);
  }

  void clear() noexcept { *this = {}; }

 private:
  ModelRow* model_ = nullptr;
  std::vector<ModelRow*> models_;
  std::vector<ConnectionId> tabs_;
  std::optional<ConnectionId> answered_;
  bool all_ = false, more_ = false;
};

}  // namespace webpool::engine
