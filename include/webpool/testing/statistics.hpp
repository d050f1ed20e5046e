#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

namespace webpool::testing {

/// The smallest value that a share `quantile` (0 to 1) of all values does not exceed; 0 if there are none.
inline double quantile(std::vector<double> values, double quantile) {
  if (values.empty()) return 0;
  const double rank = std::ceil(quantile * static_cast<double>(values.size()));
  const auto at = static_cast<std::ptrdiff_t>(std::clamp(rank, 1.0, static_cast<double>(values.size()))) - 1;
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

inline double mean(std::span<const double> values) {
  double sum = 0;
  for (double each : values) sum += each;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

/// Jain's fairness index of what each of n clients got: (sum of x)^2 / (n * sum of x^2). It goes from 1/n, if one has
/// everything, to 1, if all have the same (R. Jain, D. Chiu, W. Hawe, DEC TR-301, 1984). 1 if nobody got anything.
inline double fairness(std::span<const double> shares) {
  double sum = 0, squares = 0;
  for (double each : shares) {
    sum += each;
    squares += each * each;
  }
  return squares > 0 ? sum * sum / (static_cast<double>(shares.size()) * squares) : 1;
}

}  // namespace webpool::testing
