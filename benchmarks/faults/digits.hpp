#pragma once

// The model that real browsers are asked, and its right answers, which native ONNX Runtime computes.

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>
#include <webpool/browser/find.hpp>

#include "../../examples/demo/reference.hpp"
#include "../../tests/support/checked_load.hpp"
#include "faults.hpp"

namespace faults {

inline std::filesystem::path digits_file(const Settings& settings) {
  return settings.models / "digits" / "digits.onnx";
}

/// `each` pictures in one input; ten inputs, which differ.
inline std::vector<support::Question> digit_questions(const Settings& settings, std::size_t each = 1) {
  std::vector<std::vector<float>> pictures;
  for (int digit = 0; digit < 10; ++digit) {
    const auto tensor = support::read_pgm(settings.models / "digits/samples" / (std::to_string(digit) + ".pgm"));
    pictures.emplace_back(tensor.as<float>().begin(), tensor.as<float>().end());
  }
  const auto input = [&](std::size_t first, std::size_t count) {
    std::vector<float> pixels;
    for (std::size_t i = 0; i < count; ++i) std::ranges::copy(pictures[(first + i) % 10], std::back_inserter(pixels));
    return webpool::Inputs{
        {"image", webpool::Tensor::from(std::move(pixels), {static_cast<std::int64_t>(count), 1, 28, 28})}};
  };
  const demo::DemoModel all{"digits", digits_file(settings), {"probabilities"}, {input(0, 10)}, {}};
  const auto native = demo::reference(all, settings.reference);
  const auto rows = native.at(0).at(0).as<float>();
  std::vector<support::Question> questions;
  for (std::size_t digit = 0; digit < 10; ++digit) {
    support::Question& question = questions.emplace_back(support::Question{input(digit, each), {}});
    for (std::size_t i = 0; i < each; ++i)
      std::ranges::copy(rows.subspan((digit + i) % 10 * 10, 10), std::back_inserter(question.answer));
  }
  return questions;
}

/// A pool that keeps one browser of each kind.
/// Throws where one is missing: what is measured without it would not be what the table says.
inline webpool::PoolOptions one_of_each(std::vector<webpool::Browser> kinds, unsigned attempts = 3) {
  for (const webpool::Browser kind : kinds)
    if (!webpool::browser::find(kind))
      throw webpool::Error(webpool::errc::no_browser_found, std::string(to_string(kind)) + " is not installed");
  webpool::PoolOptions options;
  options.min_connections = options.max_connections = kinds.size();
  options.browsers = std::move(kinds);
  options.connection.connect_timeout = 60s;
  options.connection.health_interval = 500ms;
  options.retries.attempts = attempts;
  options.log = [](auto, std::string_view) {};
  return options;
}

/// Whether every browser is there and holds the model, within a minute.
inline bool whole(const webpool::Pool& pool, std::size_t tabs) {
  return within(60s, [&] {
    const webpool::Metrics metrics = pool.metrics();
    return metrics.connections == tabs && metrics.workers >= tabs && metrics.starting == 0;
  });
}

/// Whether a browser of that kind computes right now.
inline bool busy(const webpool::Pool& pool, webpool::Browser kind) {
  return std::ranges::any_of(pool.connections(), [kind](const webpool::ConnectionInfo& each) {
    return each.browser.browser == kind && each.in_flight > 0;
  });
}

}  // namespace faults
