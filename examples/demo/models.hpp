#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/error.hpp>
#include <webpool/outputs.hpp>
#include <webpool/tensor.hpp>

#include "../support/media.hpp"
#include "../support/tokenizer.hpp"

namespace demo {

/// A model, its inputs, and how to put its outputs into words.
struct DemoModel {
  std::string name;
  std::filesystem::path file;
  std::vector<std::string> outputs;  ///< all that are compared; the first one holds the answer
  std::vector<webpool::Inputs> inputs;
  std::function<std::string(std::span<const webpool::Tensor>)> answer;  ///< of the first output for each input
};

inline std::string with_percent(std::string_view what, double value) {
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.*s, %.1f %%", static_cast<int>(what.size()), what.data(), 100 * value);
  return text.data();
}

inline std::string most_likely(std::span<const float> chances, std::span<const std::string_view> names) {
  const auto best = std::ranges::max_element(chances);
  return with_percent(names[static_cast<std::size_t>(best - chances.begin())], *best);
}

inline std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (lines.size() < 2)
    throw webpool::Error(webpool::errc::invalid_options,
                         path.string() + " needs a question and something to compare with");
  return lines;
}

inline double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

/// A picture, a sound, and sentences. Of the sentences, the one most similar to the first is wanted.
inline std::vector<DemoModel> demo_models(const std::filesystem::path& folder) {
  static constexpr std::array<std::string_view, 10> figures{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
  static constexpr std::array<std::string_view, 10> words{"zero", "one", "two",   "three", "four",
                                                          "five", "six", "seven", "eight", "nine"};
  const auto sentences = lines_of(folder / "text/sentences.txt");
  std::vector<webpool::Inputs> texts;
  for (const auto& sentence : sentences) texts.push_back({{"ids", support::tokenize(sentence)}});

  return {
      {"digits",
       folder / "digits/digits.onnx",
       {"probabilities", "logits"},
       {{{"image", support::read_pgm(folder / "digits/samples/7.pgm")}}},
       [](auto outputs) { return most_likely(outputs[0].template as<float>(), figures); }},
      {"speech",
       folder / "speech/speech.onnx",
       {"probabilities", "logits"},
       {{{"audio", support::read_wav(folder / "speech/samples/3.wav")}}},
       [](auto outputs) { return most_likely(outputs[0].template as<float>(), words); }},
      {"encoder",
       folder / "text/encoder.onnx",
       {"pooled"},
       texts,
       [sentences](auto outputs) {
         std::size_t best = 1;
         const auto likeness = [&](std::size_t i) {
           return dot(outputs[0].template as<float>(), outputs[i].template as<float>());
         };
         for (std::size_t i = 2; i < outputs.size(); ++i)
           if (likeness(i) > likeness(best)) best = i;
         return with_percent("\"" + sentences[best].substr(0, 23) + "...\"", likeness(best));
       }},
  };
}

}  // namespace demo
