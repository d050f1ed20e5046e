#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>

namespace webpool {

/// A model that a tab holds.
struct LoadedModel {
  ModelIndex model;
  std::size_t bytes = 0;  ///< as the page reports; until it does, the file's size
  TimePoint last_used;
  bool idle = false;                      ///< loaded, not pinned, nothing in flight: only such a model may be evicted
  TimePoint loaded;                       ///< when it was loaded
  std::uint64_t uses = 0;                 ///< runs since then
  std::chrono::nanoseconds load_time{0};  ///< of the model's last load, in whichever tab
};

/// One tab that is about to load another model.
struct MemoryView {
  const MemorySettings& settings;
  std::span<const LoadedModel> models;
  std::size_t used_bytes = 0;  ///< sum over `models`
  /// Of the model to load. Until a page reports, the file's size; then what it reported, but not more than the budgets
  /// leave beside pinned models: such a model can be loaded again, alone.
  std::size_t needed_bytes = 0;
  std::size_t pool_bytes = 0;  ///< used in all tabs together
  TimePoint now;
  bool may_evict = true;  ///< false: no model is `idle` here, because other tabs are asked first
};

/// What to do about it.
struct MemoryDecision {
  enum class Kind : unsigned char { load, evict, refuse };
  Kind kind = Kind::load;
  ModelIndex victim{};  ///< of `evict`

  friend bool operator==(const MemoryDecision&, const MemoryDecision&) = default;
};

/// Decides whether a tab may load one more model, and what has to be evicted first.
///
/// | expression       | result           | contract                                                                  |
/// |------------------|------------------|---------------------------------------------------------------------------|
/// | `m.make_room(v)` | `MemoryDecision` | `load` now; `evict` an idle model of `v.models` and be asked again; or    |
/// |                  |                  | `refuse`, then another tab is tried; called on the pool's strand before   |
/// |                  |                  | each load; must not block                                                 |
///
/// `v` is a `const MemoryView&`, valid during the call. Null object: `memory::Unlimited`.
/// Put `static_assert(webpool::MemoryPolicy<Mine>);` beside your own.
template <class M>
concept MemoryPolicy = std::movable<M> && requires(M m, const MemoryView& v) {
  { m.make_room(v) }
  noexcept->std::same_as<MemoryDecision>;
};

}  // namespace webpool
