#pragma once

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <list>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/options.hpp>

namespace webpool::driver {

/// Decides which requests of one model run together, and when. Without I/O and clock; knows a request as an `Item` that
/// can be hashed.
///
/// The settings are those of Triton's dynamic batcher: `max_batch_size`, `max_queue_delay_microseconds` and
/// `preferred_batch_size` (docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/batcher.html). But
/// given a delay, Triton keeps to it although an instance is idle, which only helps where a batch costs hardly more
/// than a row. Here:
/// - fewer batches run than tabs hold the model: what is there is sent at once, nothing would be gained by waiting;
/// - each tab has one and may take more (`runs_per_tab`): a batch is sent when its oldest request has waited for the
///   delay, so that its bytes travel while the tab computes;
/// - the tabs have all that they may: a batch grows until a run ends or it is full, as it would only wait elsewhere.
/// Measured with the digits model in Firefox on WASM, maximum 8 and delay 2 ms: a lone client gets its answers as fast
/// as without batches, in 0.8 ms (by Triton's rule: 3.2 ms); 16 clients get 4,200 per second (by Triton's rule: 5,000;
/// without batches: 1,500).
///
/// A batch with the maximum or a preferred number of rows is complete and is sent whatever runs.
///
/// No call looks at all requests: each costs a look-up, and O(log kinds) where the oldest of a batch changes.
template <class Item>
class BatchCollector {
 public:
  using Batch = std::vector<Item>;  ///< in the order of their coming

  explicit BatchCollector(BatchOptions options, std::size_t runs_per_tab = 2)
      : options_(std::move(options)), runs_per_tab_(runs_per_tab) {}

  /// Takes in a request; only those of the same `kind` share a batch. Returns the batches to send now. A request that
  /// would make a batch too large begins the next one; one with more rows than the maximum runs alone.
  std::vector<Batch> add(Item item, const std::string& kind, std::size_t rows, TimePoint now) {
    std::vector<Batch> full;
    if (const auto found = groups_.find(kind);
        found != groups_.end() && found->second.rows + rows > std::max(options_.maximum, rows))
      full.push_back(hand_out(found->second));
    Group& group = groups_.try_emplace(kind).first->second;
    group.kind = kind;
    group.entries.push_back({item, rows, now + options_.delay});
    group.rows += rows;
    if (group.entries.size() == 1) by_age_.emplace(group.due(), &group);
    places_.emplace(item, Place{&group, std::prev(group.entries.end())});
    if (complete(group)) full.push_back(hand_out(group));
    std::ranges::move(take_due(now), std::back_inserter(full));
    return full;
  }

  /// What is to be sent at this time.
  std::vector<Batch> take_due(TimePoint now) {
    std::vector<Batch> ready;
    while (!by_age_.empty() && (running_ < tabs_ || (has_place() && by_age_.begin()->first <= now)))
      ready.push_back(hand_out(*by_age_.begin()->second));
    return ready;
  }

  /// When to call `take_due` next, if nothing else happens before; `never` when only the end of a run can help.
  TimePoint due() const { return by_age_.empty() || !has_place() ? end_of_time : by_age_.begin()->first; }

  /// Some of a batch that was handed out before runs again, by itself.
  void started() { ++running_; }

  /// A batch that was handed out has ended. Returns those to send now.
  std::vector<Batch> ended(TimePoint now) {
    --running_;
    return take_due(now);
  }

  /// Sends what waits beside this request together with it, because it can't wait. Empty when it does not wait.
  Batch take_with(const Item& item) {
    const auto place = places_.find(item);
    return place == places_.end() ? Batch() : hand_out(*place->second.group);
  }

  std::vector<Batch> take_all() {
    std::vector<Batch> all;
    while (!by_age_.empty()) all.push_back(hand_out(*by_age_.begin()->second));
    return all;
  }

  /// The request does not want to run any more. False when it does not wait here.
  bool erase(const Item& item) {
    const auto place = places_.find(item);
    if (place == places_.end()) return false;
    const auto [group, entry] = place->second;
    by_age_.erase({group->due(), group});
    group->rows -= entry->rows;
    group->entries.erase(entry);
    places_.erase(place);
    if (group->entries.empty())
      forget(*group);
    else
      by_age_.emplace(group->due(), group);
    return true;
  }

  /// For requests from now on; what waits keeps together what it has.
  void set_maximum(std::size_t rows) { options_.maximum = rows; }
  /// How many tabs hold the model. Where none does yet, one is expected.
  void set_tabs(std::size_t tabs) { tabs_ = std::max<std::size_t>(tabs, 1); }

  std::size_t maximum() const noexcept { return options_.maximum; }
  std::size_t waiting() const noexcept { return places_.size(); }
  std::size_t running() const noexcept { return running_; }

 private:
  struct Entry {
    Item item;
    std::size_t rows;
    TimePoint due;
  };
  struct Group {
    std::string kind;
    std::list<Entry> entries;
    std::size_t rows = 0;
    TimePoint due() const { return entries.front().due; }
  };
  struct Place {
    Group* group;
    typename std::list<Entry>::iterator entry;
  };

  bool has_place() const { return running_ < tabs_ * runs_per_tab_; }

  bool complete(const Group& group) const {
    return group.rows >= options_.maximum ||
           std::ranges::find(options_.preferred, group.rows) != options_.preferred.end();
  }

  Batch hand_out(Group& group) {
    Batch batch;
    for (const auto& entry : group.entries) {
      batch.push_back(entry.item);
      places_.erase(entry.item);
    }
    by_age_.erase({group.due(), &group});
    forget(group);
    ++running_;
    return batch;
  }

  void forget(Group& group) { groups_.erase(groups_.find(group.kind)); }

  BatchOptions options_;
  std::size_t runs_per_tab_;
  std::size_t tabs_ = 1, running_ = 0;
  std::unordered_map<std::string, Group> groups_;
  std::set<std::pair<TimePoint, Group*>> by_age_;
  std::unordered_map<Item, Place> places_;
};

}  // namespace webpool::driver
