// A program of several models: how long until it gets the first answer of the first.

#include <chrono>
#include <cmath>
#include <fstream>
#include <functional>
#include <webpool/testing/statistics.hpp>

#include "../../examples/demo/reference.hpp"
#include "../../examples/support/media.hpp"
#include "../../tests/support/onnx_file.hpp"
#include "page.hpp"

namespace page {

namespace {

using Clock = std::chrono::steady_clock;

/// A product with 24 MiB of weights.
std::filesystem::path write_projector(const std::filesystem::path& folder) {
  constexpr std::size_t in = 384, out = 16 * 1024;
  std::vector<float> weights(in * out);
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = std::sin(static_cast<float>(i));
  const auto path = folder / "projector.onnx";
  std::ofstream(path, std::ios::binary) << webpool::testing::onnx_file(
      {{"x", {{1, std::int64_t{in}}}}}, {{"y", {{1, std::int64_t{out}}}}}, {{"MatMul", {"x", "w"}, {"y"}}},
      {{"w", {in, out}, std::move(weights)}});
  return path;
}

/// Milliseconds until `models()`, of which the first is the digits model, have given the first answer of that one. All
/// are loaded when this returns, and released.
double first_answer(const Settings& settings, const std::function<std::vector<webpool::Model>()>& models) {
  const auto picture = support::read_pgm(settings.models / "digits" / "samples" / "7.pgm");
  const auto start = Clock::now();
  const auto loaded = models();
  loaded.front()({{"image", picture}});
  const double time = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  if (loaded.size() > 1) loaded.back()({{"x", webpool::Tensor::from(std::vector<float>(384), {1, 384})}});
  return time;
}

}  // namespace

void measure_parts(const Settings& settings, comparison::Report& report) {
  const demo::TemporaryFolder folder;
  const std::vector<std::filesystem::path> files{settings.models / "digits" / "digits.onnx",
                                                 settings.models / "text" / "encoder.onnx",
                                                 write_projector(folder.path())};
  comparison::Table table("First answer of the first of three models (0.2, 7 and 24 MiB, WASM), ms (medians)",
                          {"", "load_parts", "load each, then ask", "ratio", "the first alone", "load_parts / alone"});
  for (const auto kind : browsers()) {
    auto options = one(kind);
    options.browser_options[kind].model_cache_bytes = 0;  // each load fetches
    webpool::ResourcePool<> pool(options);
    const webpool::ModelOptions how{.backends = {webpool::Backend::wasm}};
    pool.load(files[0], how);  // the browser has started, and knows ONNX Runtime
    const auto in_parts = [&] {
      std::vector<webpool::ModelPart> parts;
      for (const auto& file : files) parts.push_back({file, how});
      return pool.load_parts(std::move(parts));
    };
    const auto each = [&] {
      std::vector<webpool::Model> all;
      for (const auto& file : files) all.push_back(pool.load(file, how));
      return all;
    };
    const auto alone = [&] { return std::vector{pool.load(files[0], how)}; };
    std::vector<double> progressive, sequential, single;
    for (int i = 0; i < (settings.quick ? 3 : 7); ++i) {
      progressive.push_back(first_answer(settings, in_parts));
      sequential.push_back(first_answer(settings, each));
      single.push_back(first_answer(settings, alone));
    }
    const auto median = [](std::vector<double>& times) { return webpool::testing::quantile(times, 0.5); };
    const double parts = median(progressive), whole = median(sequential), first = median(single);
    const std::string name(to_string(kind));
    table.add({name, comparison::text(parts), comparison::text(whole), comparison::text(whole / parts, 2),
               comparison::text(first), comparison::text(parts / first, 2)});
    report.at_least("parts/" + name + "/sequential_over_progressive", whole / parts, "x", 1.5);
    report.add("parts/" + name + "/progressive_over_first_alone", parts / first, "x");
  }
  table.print(std::cout);
}

}  // namespace page
