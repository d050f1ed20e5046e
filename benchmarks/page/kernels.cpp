// What depends on the GPU: pipelines compiled before the first request, and the shape of workgroups.

#include <chrono>
#include <cmath>
#include <webpool/kernels/log_mel.hpp>
#include <webpool/testing/statistics.hpp>

#include "../../examples/support/media.hpp"
#include "page.hpp"

namespace page {

namespace {

using Clock = std::chrono::steady_clock;

double median(std::vector<double> values) { return webpool::testing::quantile(values, 0.5); }

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

/// Milliseconds of the first request after each load, and of those loads.
struct Firsts {
  std::vector<double> load, first;
};

void load_and_ask(webpool::ResourcePool<>& pool, const Settings& settings, Firsts& into) {
  const auto picture = support::read_pgm(settings.models / "digits" / "samples" / "7.pgm");
  auto start = Clock::now();
  const webpool::Model model =
      pool.load(settings.models / "digits" / "digits.onnx", {.backends = {webpool::Backend::webgpu}});
  into.load.push_back(milliseconds_since(start));
  start = Clock::now();
  model({{"image", picture}});
  into.first.push_back(milliseconds_since(start));
}

}  // namespace

void measure_precompilation(const Settings& settings, comparison::Report& report) {
  comparison::Table table("First request of the digits model on WebGPU, ms (medians)",
                          {"", "compiled at load", "not", "ratio", "load", "load without"});
  for (const auto kind : browsers()) {
    auto cold = one(kind);
    cold.browser_options[kind].shader_precompile = false;
    webpool::ResourcePool<> with(one(kind)), without(cold);
    Firsts compiled, uncompiled;
    for (int i = 0; i < (settings.quick ? 3 : 7); ++i) {
      load_and_ask(with, settings, compiled);
      load_and_ask(without, settings, uncompiled);
    }
    const double ratio = median(uncompiled.first) / median(compiled.first);
    const std::string name(to_string(kind));
    table.add({name, comparison::text(median(compiled.first)), comparison::text(median(uncompiled.first)),
               comparison::text(ratio, 2), comparison::text(median(compiled.load)),
               comparison::text(median(uncompiled.load))});
    report.add("first_request/" + name + "/compiled_at_load", median(compiled.first), "ms");
    report.add("first_request/" + name + "/not", median(uncompiled.first), "ms");
  }
  table.print(std::cout);
}

void measure_layouts(const Settings& settings, comparison::Report& report) {
  const webpool::kernels::LogMel how;
  const std::size_t seconds = settings.quick ? 2 : 10;
  std::vector<float> samples(how.sample_rate * seconds);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto time = static_cast<float>(i) / static_cast<float>(how.sample_rate);
    samples[i] = std::sin(2000 * time * time);  // a chirp
  }
  const webpool::Inputs inputs{{"samples", webpool::Tensor::from(samples, {static_cast<std::int64_t>(samples.size())})},
                               {"tables", webpool::kernels::log_mel_tables(how)}};
  comparison::Table table("Log-mel spectrogram of " + std::to_string(seconds) + " s of sound, ms (medians)",
                          {"", "256x1x1", "64x4x1", "256x1x1 / 64x4x1"});
  for (const auto kind : browsers()) {
    webpool::ResourcePool<> pool(one(kind));
    std::vector<webpool::Model> layouts;
    for (const auto& variant : webpool::kernels::log_mel(how).variants) {
      webpool::Kernel kernel = webpool::kernels::log_mel(how);
      kernel.variants = {variant};
      layouts.push_back(pool.kernel(kernel));
    }
    std::vector<std::vector<double>> times(layouts.size());
    for (int i = 0; i < (settings.quick ? 3 : 7); ++i)
      for (std::size_t layout = 0; layout < layouts.size(); ++layout)
        times[layout].push_back(layouts[layout](inputs).times().compute);
    const std::string name(to_string(kind));
    const double wide = median(times.at(0)), tall = median(times.at(1));
    table.add({name, comparison::text(wide), comparison::text(tall), comparison::text(wide / tall, 2)});
    report.add("log_mel/" + name + "/256x1x1", wide, "ms");
    report.add("log_mel/" + name + "/64x4x1", tall, "ms");
  }
  table.print(std::cout);
}

}  // namespace page
