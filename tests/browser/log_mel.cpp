// The log-mel spectrogram on every browser with WebGPU, against one computed in double precision.

#include <complex>
#include <numbers>
#include <webpool/kernels/log_mel.hpp>

#include "support.hpp"

using namespace webpool;
using support::BrowserPool;

namespace {

/// By the definitions: a discrete Fourier transform term by term, and filters whose corners are spaced evenly in mel.
std::vector<double> reference(const std::vector<float>& samples, const kernels::LogMel& how) {
  const std::size_t frames = (samples.size() - how.window) / how.hop + 1, bins = how.fft / 2 + 1;
  const auto hertz_of = [](double mel) { return 700 * (std::pow(10, mel / 2595) - 1); };
  const double top = 2595 * std::log10(1 + how.sample_rate / 2.0 / 700);
  std::vector<double> result;
  for (std::size_t frame = 0; frame < frames; ++frame) {
    std::vector<double> power;
    for (std::size_t bin = 0; bin < bins; ++bin) {
      std::complex<double> sum;
      for (std::size_t i = 0; i < how.window; ++i) {
        const double window = 0.5 - 0.5 * std::cos(2 * std::numbers::pi * static_cast<double>(i) / how.window);
        sum += window * static_cast<double>(samples[frame * how.hop + i]) *
               std::polar(1.0, -2 * std::numbers::pi * static_cast<double>(bin * i % how.fft) / how.fft);
      }
      power.push_back(std::norm(sum));
    }
    for (unsigned mel = 0; mel < how.mels; ++mel) {
      const auto corner = [&](unsigned i) { return hertz_of(top * (mel + i) / (how.mels + 1)); };
      double sum = 0;
      for (std::size_t bin = 0; bin < bins; ++bin) {
        const double hertz = static_cast<double>(bin) * how.sample_rate / how.fft;
        sum += power[bin] * std::max(0.0, std::min((hertz - corner(0)) / (corner(1) - corner(0)),
                                                   (corner(2) - hertz) / (corner(2) - corner(1))));
      }
      result.push_back(std::log10(std::max(sum, 1e-10)));
    }
  }
  return result;
}

}  // namespace

TEST_CASE("the log-mel spectrogram of speech is the reference's in both layouts of workgroups", "[browser]") {
  const kernels::LogMel how{.sample_rate = 8000, .window = 200, .hop = 80, .fft = 256, .mels = 40};
  const Tensor wav = support::read_wav(support::models / "speech" / "samples" / "3.wav");
  const std::vector<float> samples(wav.as<float>().begin(), wav.as<float>().end());
  const auto expected = reference(samples, how);
  const Inputs inputs{{"samples", Tensor::from(samples, {static_cast<std::int64_t>(samples.size())})},
                      {"tables", kernels::log_mel_tables(how)}};

  using support::kinds;
  BrowserPool pool(support::one_of_each(kinds));
  REQUIRE(support::joined(pool, kinds.size()));
  for (const Browser kind : kinds)
    for (std::size_t layout = 0; layout < 2; ++layout) {
      CAPTURE(kind, layout);
      Kernel kernel = kernels::log_mel(how);
      kernel.variants = {kernel.variants.at(layout)};
      const Outputs outputs = pool.kernel(kernel, {.browsers = {kind}})(inputs);
      const auto values = outputs["log_mel"].as<float>();
      REQUIRE(values.size() == expected.size());
      CHECK(outputs["log_mel"].shape() == Shape{static_cast<std::int64_t>(expected.size() / how.mels), how.mels});
      // 32-bit floats carry 24 bits, and a sum over some bins loses little of that: about 2e-6 was measured.
      double worst = 0;
      for (std::size_t i = 0; i < values.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(values[i]) - expected[i]));
      INFO("largest difference " << worst << " of log10");
      CHECK(worst < 1e-5);
    }
}
