#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>
#include <webpool/error.hpp>
#include <webpool/kernel.hpp>
#include <webpool/tensor.hpp>

namespace webpool::kernels {

/// Log-mel spectrogram, the input of speech models. Frames begin every `hop` samples, without padding.
struct LogMel {
  unsigned sample_rate = 16'000;   ///< Hz
  unsigned window = 400;           ///< samples per frame, under a periodic Hann window
  unsigned hop = 160;              ///< samples
  unsigned fft = 512;              ///< a power of two from 2 to 2048, at least `window`; frames are padded with zeros
  unsigned mels = 80;              ///< triangular filters, equally wide in mel
  double lowest = 0, highest = 0;  ///< range of the filters in Hz; a `highest` of 0 is half the sample rate
};

namespace detail {

inline void check(const LogMel& how) {
  const auto must = [](bool good, const std::string& fault) {
    if (!good) throw Error(errc::invalid_options, "log-mel spectrogram: " + fault);
  };
  must(how.sample_rate > 0 && how.hop > 0 && how.mels > 0, "sample_rate, hop and mels must not be 0");
  must(std::has_single_bit(how.fft) && how.fft >= 2 && how.fft <= 2048,
       "fft is " + std::to_string(how.fft) + ": it must be a power of two from 2 to 2048");
  must(how.window > 0 && how.window <= how.fft,
       "window is " + std::to_string(how.window) + ": it must be from 1 to fft, " + std::to_string(how.fft));
  const double highest = how.highest > 0 ? how.highest : how.sample_rate / 2.0;
  must(how.lowest >= 0 && how.lowest < highest && highest <= how.sample_rate / 2.0,
       "lowest must be below highest, and both from 0 to half the sample rate");
}

}  // namespace detail

/// The kernel's second input, `tables`: the window, cosines and sines of the FFT, and the filters' corners in bins.
/// A frequency of f Hz is 2595 log10(1 + f / 700) mel (D. O'Shaughnessy, Speech Communication, 1987). Throws
/// `errc::invalid_options`.
inline Tensor log_mel_tables(const LogMel& how) {
  detail::check(how);
  constexpr double turn = 2 * std::numbers::pi;
  std::vector<float> tables;
  const auto add = [&](double value) { tables.push_back(static_cast<float>(value)); };
  for (unsigned i = 0; i < how.window; ++i) add(0.5 - 0.5 * std::cos(turn * i / how.window));
  for (unsigned i = 0; i < how.fft / 2; ++i) add(std::cos(turn * i / how.fft));
  for (unsigned i = 0; i < how.fft / 2; ++i) add(std::sin(turn * i / how.fft));
  const auto mel_of = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = mel_of(how.lowest), high = mel_of(how.highest > 0 ? how.highest : how.sample_rate / 2.0);
  for (unsigned i = 0; i < how.mels + 2; ++i)
    add(700 * (std::pow(10, (low + (high - low) * i / (how.mels + 1)) / 2595) - 1) * how.fft / how.sample_rate);
  const auto size = static_cast<std::int64_t>(tables.size());
  return Tensor::from(std::move(tables), {size});
}

/// Inputs are `samples` FP32 [n] and `tables` from `log_mel_tables`. The output is `log_mel` FP32 [frames, mels], where
/// frames = (n - window) / hop + 1: log10 of the power under each filter, at least 1e-10. There are two layouts of
/// workgroups: 256 invocations for one frame, or 64 for each of several frames. Throws `errc::invalid_options`.
inline Kernel log_mel(const LogMel& how) {
  detail::check(how);
  const auto text = [](unsigned number) { return std::to_string(number); };
  const auto constant = [&](const char* name, unsigned value) {
    return "const " + std::string(name) + " = " + text(value) + "u;\n";
  };
  const unsigned bins = how.fft / 2 + 1, corners = how.window + how.fft;
  const std::string wgsl = constant("fft", how.fft) +
                           constant("bits", static_cast<unsigned>(std::countr_zero(how.fft))) + constant("bins", bins) +
                           constant("window", how.window) + constant("hop", how.hop) + constant("mels", how.mels) +
                           constant("corners", corners) + R"(
var<workgroup> real: array<f32, fft * workgroup_y>;
var<workgroup> imaginary: array<f32, fft * workgroup_y>;

// Cooley and Tukey's FFT, in place, from samples in bit-reversed order.
@compute @workgroup_size(workgroup_x, workgroup_y)
fn spectrum(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let frame = group.y * workgroup_y + local.y;
  let base = local.y * fft;
  for (var i = local.x; i < fft; i += workgroup_x) {
    let at = base + (reverseBits(i) >> (32u - bits));
    var value = 0.0;
    if (frame < extents.frames && i < window) { value = samples[frame * hop + i] * tables[i]; }
    real[at] = value;
    imaginary[at] = 0.0;
  }
  for (var half = 1u; half < fft; half *= 2u) {
    workgroupBarrier();
    for (var i = local.x; i < fft / 2u; i += workgroup_x) {
      let a = base + i / half * 2u * half + i % half;
      let b = a + half;
      let step = i % half * (fft / 2u / half);
      let c = tables[window + step];
      let s = tables[window + fft / 2u + step];
      let re = real[b] * c + imaginary[b] * s;
      let im = imaginary[b] * c - real[b] * s;
      real[b] = real[a] - re;
      imaginary[b] = imaginary[a] - im;
      real[a] += re;
      imaginary[a] += im;
    }
  }
  workgroupBarrier();
  if (frame >= extents.frames) { return; }
  for (var i = local.x; i < bins; i += workgroup_x) {
    let re = real[base + i];
    let im = imaginary[base + i];
    power[frame * bins + i] = re * re + im * im;
  }
}

@compute @workgroup_size(workgroup_x, workgroup_y)
fn filters(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= mels || id.y >= extents.frames) { return; }
  let left = tables[corners + id.x];
  let middle = tables[corners + id.x + 1u];
  let right = tables[corners + id.x + 2u];
  var sum = 0.0;
  for (var bin = u32(ceil(left)); bin < bins && f32(bin) < right; bin++) {
    let weight = min((f32(bin) - left) / (middle - left), (right - f32(bin)) / (right - middle));
    sum += weight * power[id.y * bins + bin];
  }
  log_mel[id.y * mels + id.x] = log(max(sum, 1e-10)) * 0.43429448;
}
)";
  return {
      .name = "log_mel",
      .wgsl = wgsl,
      .inputs = {{.name = "samples", .shape = {"n"}}, {.name = "tables", .shape = {corners + how.mels + 2}}},
      .outputs = {{.name = "log_mel", .shape = {"frames", how.mels}}},
      .scratch = {{.name = "power", .shape = {"frames", bins}}},
      .extents = {{"frames", "(n - " + text(how.window) + ") / " + text(how.hop) + " + 1"}},
      .passes = {{"spectrum", {"workgroup_x", "frames", "1"}}, {"filters", {text(how.mels), "frames", "1"}}},
      .variants = {{.workgroup_size = {256, 1, 1}}, {.workgroup_size = {64, std::clamp(2048 / how.fft, 1u, 4u), 1}}},
      .sample = {{"n", std::int64_t{how.sample_rate} * 10}}};
}

}  // namespace webpool::kernels
