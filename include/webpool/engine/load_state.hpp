#pragma once

#include <algorithm>
#include <cstdint>
#include <webpool/clock.hpp>

namespace webpool::engine {

/// What a load is at. The last three are what the page reports, with each backend that it tries in turn.
enum class LoadStage : std::uint8_t {
  start,  ///< its worker is to start
  waits,  ///< for its turn
  fetch,
  create,
  warmup,
};

struct LoadNews {
  LoadStage stage = LoadStage::start;
  std::uint64_t done = 0, total = 0;  ///< bytes while it fetches, else 0 or 1 of 1
};

/// How far a load is, and since when. Only what a page can't repeat for ever counts: a thousandth more of the bytes,
/// and so many changes of the stage.
class LoadState {
 public:
  explicit LoadState(TimePoint opened) noexcept : since_(opened) {}

  void advance(const LoadNews& news, TimePoint now) noexcept {
    if (!is_new(news)) return;
    if (news.stage > LoadStage::fetch) ++changes_;
    at_ = news;
    since_ = now;
  }

  const LoadNews& at() const noexcept { return at_; }
  /// Whether the page has been told what to load.
  bool sent() const noexcept { return at_.stage > LoadStage::waits; }
  /// When it is given up. A load that waits for its turn can't be late.
  TimePoint due(Duration patience) const noexcept {
    return at_.stage == LoadStage::waits ? end_of_time : since_ + patience;
  }

 private:
  /// Sixteen backends, each with a beginning and an end of both stages.
  static constexpr unsigned changes_counted = 64;

  bool is_new(const LoadNews& news) const noexcept {
    const bool same = news.stage == at_.stage;
    if (news.stage > LoadStage::fetch) return changes_ < changes_counted && !(same && news.done == at_.done);
    return same ? news.done >= at_.done + std::max<std::uint64_t>(at_.total / 1000, 1) : news.stage > at_.stage;
  }

  LoadNews at_;
  unsigned changes_ = 0;
  TimePoint since_;
};

}  // namespace webpool::engine
