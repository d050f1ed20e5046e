#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace webpool::scaling {

/// Triple exponential smoothing, additive: forecasts a series that has a level ℓ, a trend b and a season s of m values.
///
///     ℓ' = α (y − s) + (1 − α)(ℓ + b)       b' = β (ℓ' − ℓ) + (1 − β) b       s' = γ (y − ℓ − b) + (1 − γ) s
///     forecast of the k-th value to come: ℓ + k b + the s of its place in the season
///
/// Holt, "Forecasting seasonals and trends by exponentially weighted moving averages", ONR memorandum 52 (1957);
/// Winters, "Forecasting sales by exponentially weighted moving averages", Management Science 6 (1960). The first
/// season gives ℓ (its mean) and s; b starts at 0.
class HoltWinters {
 public:
  struct Settings {
    std::size_t season = 1440;  ///< m; 0 and 1: the series has none
    /// Shares of the newest value in ℓ, of the newest rise in b, of the newest season in s. Anything outside [0, 1]
    /// counts as the default.
    double alpha = 0.1, beta = 0.005, gamma = 0.3;
  };

  HoltWinters() : HoltWinters(Settings()) {}
  explicit HoltWinters(Settings settings) : length_(std::max<std::size_t>(settings.season, 1)) {
    const auto valid = [](double share, double fallback) { return share >= 0 && share <= 1 ? share : fallback; };
    alpha_ = valid(settings.alpha, Settings().alpha);
    beta_ = valid(settings.beta, Settings().beta);
    gamma_ = length_ == 1 ? 0 : valid(settings.gamma, Settings().gamma);
    season_.reserve(length_);
  }

  /// Whether a whole season has been added.
  bool ready() const noexcept { return season_.size() == length_; }

  /// Adds the next value. If it is not finite, the expected value counts instead.
  void add(double value) noexcept {
    if (!ready()) {
      season_.push_back(std::isfinite(value) ? value : 0);
      if (ready()) begin();
      return;
    }
    if (!std::isfinite(value)) value = forecast(1);
    double& seasonal = season_[next_];
    const double expected = level_ + trend_;
    const double level = alpha_ * (value - seasonal) + (1 - alpha_) * expected;
    trend_ = beta_ * (level - level_) + (1 - beta_) * trend_;
    seasonal = gamma_ * (value - expected) + (1 - gamma_) * seasonal;
    level_ = level;
    next_ = (next_ + 1) % length_;
  }

  /// The forecast of the value `ahead` ≥ 1 steps after the last one. Call it only when ready.
  double forecast(std::size_t ahead) const noexcept {
    return level_ + static_cast<double>(ahead) * trend_ + season_[(next_ + ahead - 1) % length_];
  }

 private:
  void begin() noexcept {
    level_ = std::accumulate(season_.begin(), season_.end(), 0.0) / static_cast<double>(length_);
    for (double& each : season_) each -= level_;
  }

  std::size_t length_;
  double alpha_, beta_, gamma_;
  std::vector<double> season_;  // the values themselves until it is whole
  std::size_t next_ = 0;        // place of the value to come
  double level_ = 0, trend_ = 0;
};

}  // namespace webpool::scaling
