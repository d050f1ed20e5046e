#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/selector_parts.hpp>
#include <webpool/policies/selector/sample.hpp>

namespace webpool::selector {

namespace detail {

template <class... Parts>
inline constexpr bool well_formed_chain = false;
template <class Last>
inline constexpr bool well_formed_chain<Last> = BrowserSelector<Last>;
template <class First, class... Rest>
inline constexpr bool well_formed_chain<First, Rest...> = SelectorPart<First>&& well_formed_chain<Rest...>;

}  // namespace detail

/// Parts one after the other, without virtual calls: filters rule tabs out, proposers may decide early, and otherwise
/// the last part, a selector, decides. `Chain<Healthy, Affinity, Learned>` reads as it runs.
///
/// Filters look at a `Sample` of at most 16 candidates. A filter that leaves none is skipped for this decision: a pool
/// whose tabs are all unfit serves its requests badly rather than never.
template <class... Parts>
requires(sizeof...(Parts) > 1 && detail::well_formed_chain<Parts...>) class Chain {
 public:
  Chain() = default;
  explicit Chain(Parts... parts) noexcept : parts_(std::move(parts)...) {}

  std::optional<ConnectionIndex> select(const PoolView& pool, const Request& request) noexcept {
    auto chosen = propose<0>(pool, request);
    if (!chosen) {
      const Sample sample(pool, draw_);
      chosen = decide<0>(pool.with(sample.tabs(), sample.idle()), request);
    }
    if constexpr ((ChoiceListener<Parts> || ...))
      if (chosen && pool.contains(*chosen))
        std::apply([&](auto&... part) { (tell_choice(part, *chosen, request), ...); }, parts_);
    return chosen;
  }

  void observe(const Outcome& outcome) noexcept requires(Observer<Parts> || ...) {
    std::apply([&](auto&... part) { (tell(part, outcome), ...); }, parts_);
  }

 private:
  template <std::size_t I>
  using Part = std::tuple_element_t<I, std::tuple<Parts...>>;
  static constexpr std::size_t last = sizeof...(Parts) - 1;

  /// The first proposal that the filters before it accept.
  template <std::size_t I>
  std::optional<ConnectionIndex> propose(const PoolView& pool, const Request& request) noexcept {
    if constexpr (I == last) {
      return std::nullopt;
    } else {
      if constexpr (Proposer<Part<I>>) {
        const auto proposed = std::get<I>(parts_).propose(pool, request);
        if (proposed && accepted<I>(pool, *proposed, request)) return proposed;
      }
      return propose<I + 1>(pool, request);
    }
  }

  /// By all filters before part `End`.
  template <std::size_t End, std::size_t I = 0>
  bool accepted(const PoolView& pool, ConnectionIndex tab, const Request& request) noexcept {
    if constexpr (I == End) {
      return true;
    } else {
      if constexpr (CandidateFilter<Part<I>>)
        if (!std::get<I>(parts_).accepts(pool, tab, request)) return false;
      return accepted<End, I + 1>(pool, tab, request);
    }
  }

  template <std::size_t I>
  std::optional<ConnectionIndex> decide(const PoolView& pool, const Request& request) noexcept {
    if constexpr (I == last) {
      return std::get<I>(parts_).select(pool, request);
    } else if constexpr (CandidateFilter<Part<I>>) {
      std::array<ConnectionIndex, Sample::most> fit;
      std::size_t size = 0, idle = 0;
      for (std::size_t i = 0; i < pool.candidates().size(); ++i) {
        if (!std::get<I>(parts_).accepts(pool, pool.candidates()[i], request)) continue;
        fit[size++] = pool.candidates()[i];
        if (i < pool.idle().size()) idle = size;
      }
      return decide<I + 1>(size == 0 ? pool : pool.with({fit.data(), size}, idle), request);
    } else {
      return decide<I + 1>(pool, request);
    }
  }

  template <class Each>
  static void tell(Each& part, const Outcome& outcome) noexcept {
    if constexpr (Observer<Each>) part.observe(outcome);
  }

  template <class Each>
  static void tell_choice(Each& part, ConnectionIndex chosen, const Request& request) noexcept {
    if constexpr (ChoiceListener<Each>) part.chosen(chosen, request);
  }

  std::tuple<Parts...> parts_;
  Draw draw_;
};

}  // namespace webpool::selector
