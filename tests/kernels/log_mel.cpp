#include <webpool/kernels/log_mel.hpp>

#include "../catch.hpp"

using namespace webpool;
using kernels::LogMel;

namespace {

std::string fault(const LogMel& how) {
  try {
    kernels::log_mel(how);
  } catch (const Error& error) {
    CHECK(error.code() == errc::invalid_options);
    return error.message();
  }
  return "none";
}

}  // namespace

TEST_CASE("the tables are a Hann window, a turn's first half in cosines and sines, and corners that widen") {
  const LogMel how{.sample_rate = 8000, .window = 100, .hop = 50, .fft = 128, .mels = 10};
  const Tensor tables = kernels::log_mel_tables(how);
  const auto values = tables.as<float>();
  REQUIRE(values.size() == 100 + 64 + 64 + 12);
  CHECK(values[0] == 0);
  CHECK(values[50] == 1);
  CHECK(values[25] == Approx(0.5));
  CHECK(values[100] == 1);
  CHECK(values[100 + 32] == Approx(0).margin(1e-7));
  CHECK(values[164 + 32] == 1);
  CHECK(values[228] == 0);
  CHECK(values[239] == Approx(64));  // half the sample rate is the last bin
  for (std::size_t i = 229; i < 239; ++i) CHECK(values[i + 1] - values[i] > values[i] - values[i - 1]);
  CHECK(kernels::log_mel(how).inputs[1].shape[0].text == "240");
}

TEST_CASE("1000 Hz are 1000 mel") {
  const LogMel how{.sample_rate = 16'000, .mels = 1, .lowest = 1000, .highest = 8000};
  const Tensor tables = kernels::log_mel_tables(how);
  const auto values = tables.as<float>();
  CHECK(values[400 + 512] == Approx(1000.0 * 512 / 16'000));
  CHECK(2595 * std::log10(1 + 1000.0 / 700) == Approx(1000).epsilon(1e-4));
}

TEST_CASE("settings that make no spectrogram are refused with the reason") {
  CHECK(fault({}) == "none");
  CHECK(fault({.fft = 500}) == "log-mel spectrogram: fft is 500: it must be a power of two from 2 to 2048");
  CHECK(fault({.fft = 4096}) == "log-mel spectrogram: fft is 4096: it must be a power of two from 2 to 2048");
  CHECK(fault({.window = 513}) == "log-mel spectrogram: window is 513: it must be from 1 to fft, 512");
  CHECK(fault({.hop = 0}) == "log-mel spectrogram: sample_rate, hop and mels must not be 0");
  CHECK(fault({.lowest = 9000}) ==
        "log-mel spectrogram: lowest must be below highest, and both from 0 to half the sample rate");
}
