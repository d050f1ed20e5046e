#pragma once

#include <webpool/tensor.hpp>

#include <cctype>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// The tokenizer of models/text/encoder.onnx, as its README defines it.
namespace support {

inline constexpr std::size_t sequence_length = 64;

/// FNV-1a, 32 bits, folded into the ids 1 to 2047; 0 is padding.
inline std::int64_t token(std::string_view piece) {
  std::uint32_t hash = 2166136261u;
  for (const char c : piece) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return 1 + hash % 2047;
}

/// Lower-cased words, each followed by its trigrams, as INT64 [1, 64].
inline webpool::Tensor tokenize(std::string_view text) {
  std::vector<std::int64_t> ids;
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const auto c = i < text.size() ? static_cast<unsigned char>(text[i]) : static_cast<unsigned char>(' ');
    if (std::isalnum(c) || c >= 0x80) {
      word += static_cast<char>(c < 0x80 ? std::tolower(c) : c);
    } else if (!word.empty()) {
      ids.push_back(token(word));
      for (std::size_t at = 0; word.size() >= 4 && at + 3 <= word.size(); ++at)
        ids.push_back(token("#" + word.substr(at, 3)));
      word.clear();
    }
  }
  ids.resize(sequence_length);
  return webpool::Tensor::from(std::move(ids), {1, static_cast<std::int64_t>(sequence_length)});
}

}  // namespace support
