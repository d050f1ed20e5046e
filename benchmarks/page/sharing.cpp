// One encoder for three classifiers, whose vector stays on the device, against three encoders.

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <span>
#include <webpool/testing/statistics.hpp>

#include "../../examples/support/tokenizer.hpp"
#include "page.hpp"

namespace page {

namespace {

using Clock = std::chrono::steady_clock;
using webpool::Backend, webpool::Browser;

constexpr std::array heads{"topic.onnx", "language.onnx", "sentence.onnx"};

/// Three classifiers, each with an encoder of its own or all with one.
struct Classifiers {
  Classifiers(const Settings& settings, Browser kind, Backend backend, bool shared) : pool(one(kind)) {
    const auto text = settings.models / "text";
    const webpool::ModelOptions how{.backends = {backend}, .free_dimensions = {{"batch", 1}}};
    for (const char* head : heads) {
      if (shared && !groups.empty()) break;
      std::vector<webpool::ModelSource> parts{text / "encoder.onnx"};
      for (const char* each : heads)
        if (shared || each == head) parts.push_back(text / each);
      groups.push_back(pool.load_together(std::move(parts), how));
    }
  }

  /// The scores of all three, one after the other.
  std::vector<float> classify(const std::string& sentence) {
    std::vector<float> scores;
    for (const auto& models : groups) {
      const auto encoded = models[0]({{"ids", support::tokenize(sentence)}}, {.keep_on_device = {"pooled"}});
      for (const webpool::Model& head : std::span(models).subspan(1)) {
        const auto outputs = head({{"pooled", encoded["pooled"]}});
        std::ranges::copy(outputs["probabilities"].as<float>(), std::back_inserter(scores));
      }
    }
    return scores;
  }

  webpool::ResourcePool<> pool;
  std::vector<std::vector<webpool::Model>> groups;
};

}  // namespace

void measure_sharing(const Settings& settings, comparison::Report& report) {
  comparison::Table table("One encoder for three classifiers against three encoders (medians)",
                          {"", "shared MiB", "separate MiB", "shared / separate", "shared ms", "separate ms",
                           "shared / separate", "largest difference"});
  for (const auto& [kind, backend] :
       {std::pair(Browser::chromium, Backend::webgpu), std::pair(Browser::chromium, Backend::wasm),
        std::pair(Browser::firefox, Backend::webgpu), std::pair(Browser::firefox, Backend::wasm),
        std::pair(Browser::headless_shell, Backend::webgpu), std::pair(Browser::headless_shell, Backend::webnn)}) {
    if (!webpool::browser::find(kind)) continue;
    Classifiers shared(settings, kind, backend, true), separate(settings, kind, backend, false);
    std::array<std::vector<double>, 2> times;
    double difference = 0;
    for (int i = 0; i < (settings.quick ? 2 : 4); ++i) {
      std::array<std::vector<float>, 2> scores;
      for (const std::size_t which : {std::size_t{0}, std::size_t{1}}) {
        const auto start = Clock::now();
        scores[which] = (which == 0 ? shared : separate).classify("Sentence number " + std::to_string(i));
        times[which].push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
      }
      for (std::size_t k = 0; k < scores[0].size(); ++k)
        difference = std::max(difference, static_cast<double>(std::abs(scores[0][k] - scores[1].at(k))));
    }
    constexpr double mebibyte = 1 << 20;
    const double bytes = static_cast<double>(shared.pool.metrics().memory_bytes) / mebibyte,
                 separate_bytes = static_cast<double>(separate.pool.metrics().memory_bytes) / mebibyte,
                 time = webpool::testing::quantile(times[0], 0.5),
                 separate_time = webpool::testing::quantile(times[1], 0.5);
    const std::string name = std::string(to_string(kind)) + '/' + std::string(to_string(backend));
    table.add({name, comparison::text(bytes), comparison::text(separate_bytes),
               comparison::text(bytes / separate_bytes, 2), comparison::text(time), comparison::text(separate_time),
               comparison::text(time / separate_time, 2), comparison::text(difference, 7)});
    report.at_most("sharing/" + name + "/bytes", bytes / separate_bytes, "of separate", 0.7);
    report.add("sharing/" + name + "/time", time / separate_time, "of separate");
    report.at_most("sharing/" + name + "/difference", difference, "", 1e-5);
  }
  table.print(std::cout);
}

}  // namespace page
