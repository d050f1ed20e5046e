#pragma once

#include <webpool/error.hpp>
#include <webpool/tensor.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// Pictures and sounds from files, as tensors.
namespace support {

inline std::string read_bytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw webpool::Error(webpool::errc::invalid_options, "can't read " + path.string());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A binary PGM (P5, 8 bit, without comments) as FP32 [1, 1, height, width] in 0..1.
inline webpool::Tensor read_pgm(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  std::int64_t width = 0, height = 0, maximum = 0;
  file >> magic >> width >> height >> maximum;
  file.get();
  const std::string pixels{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (magic != "P5" || maximum != 255 || pixels.size() != static_cast<std::size_t>(width * height))
    throw webpool::Error(webpool::errc::invalid_options, path.string() + " is not an 8-bit binary PGM");
  std::vector<float> values;
  for (const char pixel : pixels) values.push_back(static_cast<float>(static_cast<unsigned char>(pixel)) / 255.0f);
  return webpool::Tensor::from(std::move(values), {1, 1, height, width});
}

/// The samples of a mono 16-bit PCM WAV with a 44-byte header as FP32 [1, samples] in -1..1.
inline webpool::Tensor read_wav(const std::filesystem::path& path) {
  const std::string bytes = read_bytes(path);
  if (bytes.size() < 44 || bytes.compare(0, 4, "RIFF") != 0 || bytes.compare(36, 4, "data") != 0)
    throw webpool::Error(webpool::errc::invalid_options, path.string() + " is not a plain PCM WAV");
  std::vector<float> samples;
  for (std::size_t i = 44; i + 1 < bytes.size(); i += 2) {
    const auto low = static_cast<unsigned char>(bytes[i]), high = static_cast<unsigned char>(bytes[i + 1]);
    samples.push_back(static_cast<float>(static_cast<std::int16_t>(low | high << 8)) / 32768.0f);
  }
  const auto count = static_cast<std::int64_t>(samples.size());
  return webpool::Tensor::from(std::move(samples), {1, count});
}

}  // namespace support
