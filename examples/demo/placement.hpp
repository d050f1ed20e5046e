#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <vector>
#include <webpool/model.hpp>

#include "models.hpp"

namespace demo {

/// One model on one backend of one browser, measured and compared with native ONNX Runtime.
struct Placement {
  std::string model{}, browser{}, backend{}, adapter{}, answer{}, reason{};
  std::optional<bool> software{};  ///< empty if the browser hides its adapter
  double p50_ms = 0, p95_ms = 0, max_abs_error = std::numeric_limits<double>::quiet_NaN();
  bool verified = false;
};

/// How far a result may differ from native ONNX Runtime's, in units of the output's largest magnitude (at least 1), and
/// still count as the same number. All compute in 32-bit floats (epsilon 6e-8) and add up to a few thousand products
/// per element, each in its own order, which costs about 1e-6. WebAssembly has the reference's kernels. GPUs and
/// WebNN's backends also fuse multiply-adds and approximate exp, tanh and square roots to a few units in the last
/// place, in every layer.
inline double tolerance(webpool::Backend backend) { return backend == webpool::Backend::wasm ? 5e-6 : 5e-5; }

/// The largest difference between two outputs, and how large it may be.
struct Comparison {
  double largest = 0, scale = 1;

  void add(std::span<const float> given, std::span<const float> native) {
    if (given.size() != native.size()) largest = std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < std::min(given.size(), native.size()); ++i) {
      const double difference = std::abs(static_cast<double>(given[i]) - static_cast<double>(native[i]));
      if (!(difference <= largest)) largest = difference;  // NaN stays, and fails
      scale = std::max(scale, std::abs(static_cast<double>(native[i])));
    }
  }
};

inline double quantile(std::vector<double> values, double share) {
  std::ranges::sort(values);
  return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1) + 0.5)];
}

inline std::string adapter_of(const webpool::Where& where) {
  if (where.backend == webpool::Backend::wasm) return "CPU";
  if (where.device) return "WebNN, asked for " + std::string(to_string(*where.device));
  return where.browser.webgpu ? where.browser.webgpu->label() : "hidden";
}

inline void describe(Placement& row, const webpool::Where& where) {
  row.backend = to_string(where.backend);
  row.adapter = adapter_of(where) + (where.cpu_fallback ? ", some nodes on the CPU" : "");
  row.software = where.software();
  for (const auto& each : where.passed_over)
    row.reason += (row.reason.empty() ? "" : "; ") + std::string(to_string(each.backend)) + ": " + each.message;
}

using Native = std::vector<std::vector<webpool::Tensor>>;  ///< by input, then by output

/// Runs the model at least five times and then until `budget` is spent or 50 runs are done.
inline void measure(Placement& row, const DemoModel& demo, const webpool::Model& model, const Native& native,
                    std::chrono::milliseconds budget) {
  std::vector<webpool::Tensor> answers, expected;
  for (const auto& outputs : native) expected.push_back(outputs[0]);
  std::vector<double> latencies;
  Comparison comparison;
  const auto deadline = std::chrono::steady_clock::now() + budget;
  for (std::size_t run = 0;
       run < 50 && (run < std::max<std::size_t>(5, native.size()) || std::chrono::steady_clock::now() < deadline);
       ++run) {
    const std::size_t which = run % native.size();
    const webpool::Outputs out = model(demo.inputs[which]);
    latencies.push_back(out.times().total);
    for (std::size_t i = 0; i < demo.outputs.size(); ++i)
      comparison.add(out[demo.outputs[i]].as<float>(), native[which][i].as<float>());
    if (run < native.size()) answers.push_back(out[demo.outputs[0]]);
    if (run == 0) describe(row, out.where());
  }
  row.p50_ms = quantile(latencies, 0.5);
  row.p95_ms = quantile(latencies, 0.95);
  row.answer = demo.answer(answers);
  row.max_abs_error = comparison.largest;
  row.verified = comparison.largest <= tolerance(*webpool::parse_backend(row.backend)) * comparison.scale &&
                 row.answer == demo.answer(expected);
}

/// Every backend of one browser that can hold the model: each load tries the backends after the last one used.
template <class Report>
void place(auto& pool, const DemoModel& demo, const webpool::BrowserInfo& browser, const Native& native,
           Report& report) {
  using webpool::Backend;
  std::vector<Backend> rest{Backend::webnn, Backend::webgpu, Backend::wasm};
  while (!rest.empty()) {
    Placement row{.model = demo.name, .browser = std::string(to_string(browser.browser)) + " " + browser.version};
    try {
      const webpool::Model model =
          pool.load(demo.file, {.name = demo.name,
                                .backends = rest,
                                .browsers = {browser.browser},
                                .free_dimensions = {{"batch", 1}},
                                .progress = [&](const auto& news) { report.progress(row, news); }});
      measure(row, demo, model, native, std::chrono::seconds(3));
      rest.erase(rest.begin(), std::ranges::find(rest, *webpool::parse_backend(row.backend)) + 1);
    } catch (const webpool::Error& error) {
      row.backend = to_string(rest.front());
      row.reason = error.what();
      rest.clear();
    }
    report.finished(row);
  }
}

}  // namespace demo
