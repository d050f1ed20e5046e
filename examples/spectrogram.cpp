// Draws the log-mel spectrogram of a WAV file. The library's WGSL kernel computes it on the GPU in a browser, in
// whichever of its layouts of workgroups is fastest there.
//
//     spectrogram [sound.wav [spectrogram.svg]]

#include <algorithm>
#include <fstream>
#include <iostream>
#include <webpool/kernels/log_mel.hpp>
#include <webpool/webpool.hpp>

#include "support/media.hpp"

/// One square per frame and filter, from dark (quiet) to bright (loud); low frequencies at the bottom.
void draw(const webpool::Tensor& log_mel, const std::string& path) {
  constexpr int size = 6;
  const auto values = log_mel.as<float>();
  const auto frames = log_mel.shape()[0], mels = log_mel.shape()[1];
  const float loudest = *std::ranges::max_element(values), quietest = loudest - 6;  // 60 dB
  std::ofstream svg(path);
  svg << "<svg xmlns='http://www.w3.org/2000/svg' width='" << frames * size << "' height='" << mels * size
      << "' shape-rendering='crispEdges'>\n";
  for (std::int64_t frame = 0; frame < frames; ++frame)
    for (std::int64_t mel = 0; mel < mels; ++mel) {
      const float value = values[static_cast<std::size_t>(frame * mels + mel)];
      const float level = std::clamp((value - quietest) / (loudest - quietest), 0.F, 1.F);
      svg << "<rect x='" << frame * size << "' y='" << (mels - 1 - mel) * size << "' width='" << size << "' height='"
          << size << "' fill='hsl(" << static_cast<int>(280 - 230 * level) << " 85% "
          << static_cast<int>(6 + 60 * level) << "%)'/>\n";
    }
  svg << "</svg>\n";
}

int main(int argc, char** argv) {
  const std::string sound = argc > 1 ? argv[1] : "examples/models/speech/samples/3.wav";
  const std::string picture = argc > 2 ? argv[2] : "spectrogram.svg";
  const webpool::Tensor wav = support::read_wav(sound);
  const std::vector<float> samples(wav.as<float>().begin(), wav.as<float>().end());
  const webpool::kernels::LogMel how{.sample_rate = 8000, .window = 200, .hop = 80, .fft = 256, .mels = 40};

  webpool::ResourcePool<> pool({.max_connections = 1});
  const webpool::Model log_mel = pool.kernel(webpool::kernels::log_mel(how), {.fastest = true});
  const webpool::Outputs outputs = log_mel({{"samples", webpool::Tensor::from(samples, {wav.shape()[1]})},
                                            {"tables", webpool::kernels::log_mel_tables(how)}});
  draw(outputs["log_mel"], picture);
  std::cout << outputs["log_mel"].shape() << " on " << outputs.where() << " in " << outputs.times().compute << " ms\n";
  for (const auto& each : outputs.where().passed_over) std::cout << "  " << each.message << '\n';
  std::cout << "drawn in " << picture << '\n';
}
