#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/selector_parts.hpp>

namespace webpool::selector {

/// Keeps a client's requests for a model in the tab that served it last, while that tab is idle, so that what the tab
/// has warmed up or cached stays useful. For a load it proposes the tab that ran the model last, whose browser still
/// has the file. Part of a chain: `Chain<Affinity, PowerOfTwo>`.
///
/// It remembers 4,096 pairs of model and client, by their hash; a new pair replaces an older one. Don't use it if
/// clients are many and models few: then it only makes the tabs' load uneven.
class Affinity {
 public:
  std::optional<ConnectionIndex> propose(const PoolView& pool, const Request& request) noexcept {
    const Memory& known = memory_[place(request)];
    if (!known.used || known.model != request.model || known.client != request.client) return std::nullopt;
    if (known.tab.value >= pool.slots() || pool[known.tab].joined != known.joined) return std::nullopt;
    return pool[known.tab].in_flight == 0 && pool.contains(known.tab) ? std::optional(known.tab) : std::nullopt;
  }

  void observe(const Outcome& outcome) noexcept {
    if (!outcome.ok) return;
    memory_[place(outcome.request)] = {true, outcome.request.model, outcome.request.client, outcome.connection,
                                       outcome.joined};
  }

 private:
  struct Memory {
    bool used = false;
    ModelIndex model;
    std::uint32_t client = 0;
    ConnectionIndex tab;
    TimePoint joined;
  };
  static constexpr std::size_t places = 4096;

  /// Fibonacci hashing: Knuth, The Art of Computer Programming, volume 3, section 6.4.
  static constexpr std::size_t place(const Request& request) noexcept {
    const std::uint64_t key = std::uint64_t{request.model.value} << 32 | request.client;
    return static_cast<std::size_t>((key * 0x9e3779b97f4a7c15) >> 52);
  }

  std::vector<Memory> memory_ = std::vector<Memory>(places);
};

static_assert(Proposer<Affinity> && Observer<Affinity>);

}  // namespace webpool::selector
