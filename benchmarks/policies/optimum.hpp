#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <span>

namespace comparison {

/// The least that loading can cost one tab whose requests are `asked`, in order, if all of them are known beforehand:
/// the sum of `cost` over its loads, with models of `bytes` each, never more than `room` bytes at once, and each model
/// there when it is asked for. What it holds at the start is its choice and costs nothing.
///
/// Exact, not a bound: it follows every set of models that the tab could hold. For models of one size and cost this is
/// Belady's optimum; with unlike ones, evicting what is asked for last is not optimal, and the problem is NP-hard in
/// the number of models (M. Chrobak, G. Woeginger, K. Makino, H. Xu, "Caching is hard - even in the fault model",
/// Algorithmica 63, 2012). So it is for few: each request takes O(Models * 2^Models).
template <std::size_t Models>
constexpr double optimum(std::span<const std::size_t> asked, const std::array<std::size_t, Models>& bytes,
                         const std::array<double, Models>& cost, std::size_t room) {
  constexpr double never = std::numeric_limits<double>::infinity();
  constexpr std::size_t sets = std::size_t{1} << Models;  // a bit for each model that is held
  std::array<bool, sets> fits{};
  std::array<double, sets> least{};  // by what is held now
  for (std::size_t set = 0; set < sets; ++set) {
    std::size_t used = 0;
    for (std::size_t model = 0; model < Models; ++model) used += (set >> model & 1) * bytes[model];
    fits[set] = used <= room;
    least[set] = fits[set] ? 0 : never;
  }
  for (const std::size_t model : asked) {
    for (std::size_t bit = 1; bit < sets; bit *= 2)  // evicting costs nothing
      for (std::size_t set = 0; set < sets; ++set)
        if (!(set & bit)) least[set] = std::min(least[set], least[set | bit]);
    const std::size_t bit = std::size_t{1} << model;
    for (std::size_t without = 0; without < sets; ++without) {
      if (without & bit) continue;
      const std::size_t with = without | bit;
      least[with] = fits[with] ? std::min(least[with], least[without] + cost[model]) : never;
      least[without] = never;
    }
  }
  return *std::ranges::min_element(least);
}

// Belady's example: three of five pages, 7 faults with the first three.
static_assert(optimum<5>(std::array<std::size_t, 12>{0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4}, {1, 1, 1, 1, 1},
                         {1, 1, 1, 1, 1}, 3) == 7 - 3);
// Model 0 is asked for last, but it is dear: the others are loaded again and again.
static_assert(optimum<3>(std::array<std::size_t, 6>{0, 1, 2, 1, 2, 0}, {1, 1, 1}, {9, 1, 1}, 2) == 3);
// Model 0 is as large as both others, which are asked for more often.
static_assert(optimum<3>(std::array<std::size_t, 5>{1, 2, 0, 1, 2}, {2, 1, 1}, {1, 1, 1}, 2) == 3);
static_assert(optimum<3>(std::array<std::size_t, 5>{1, 2, 0, 1, 2}, {2, 1, 1}, {1, 1, 1}, 3) == 2);

}  // namespace comparison
