#pragma once

#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <webpool/model_info.hpp>

namespace webpool {

/// What a model is for. The pool prefers browsers by task (`PoolOptions::browser_preferences`).
enum class Task : std::uint8_t { other, vision, audio, text_embedding, text_generation, multimodal };

namespace detail {
inline constexpr std::array<std::string_view, 6> task_names{"other",          "vision",          "audio",
                                                            "text_embedding", "text_generation", "multimodal"};

struct TaskRow {
  std::string_view pattern;
  Task task;
};

// clang-format off
/// How a task is deduced: by the first row whose pattern begins a word of the model's lower-cased name ...
inline constexpr std::array<TaskRow, 32> task_by_name{{
    {"clip", Task::multimodal},       {"siglip", Task::multimodal},      {"llava", Task::multimodal},
    {"blip", Task::multimodal},       {"whisper", Task::audio},          {"wav2vec", Task::audio},
    {"hubert", Task::audio},          {"clap", Task::audio},             {"speech", Task::audio},
    {"vit", Task::vision},            {"mobilevit", Task::vision},       {"resnet", Task::vision},
    {"mobilenet", Task::vision},      {"efficientnet", Task::vision},    {"yolo", Task::vision},
    {"detr", Task::vision},           {"digits", Task::vision},          {"llama", Task::text_generation},
    {"tinyllama", Task::text_generation}, {"gpt", Task::text_generation}, {"qwen", Task::text_generation},
    {"mistral", Task::text_generation},   {"phi", Task::text_generation}, {"gemma", Task::text_generation},
    {"bert", Task::text_embedding},   {"distilbert", Task::text_embedding}, {"roberta", Task::text_embedding},
    {"albert", Task::text_embedding}, {"minilm", Task::text_embedding},  {"e5", Task::text_embedding},
    {"bge", Task::text_embedding},    {"encoder", Task::text_embedding},
}};

/// ... and failing that, by the first row whose pattern begins a word of an input's lower-cased name.
inline constexpr std::array<TaskRow, 8> task_by_input{{
    {"past_key_values", Task::text_generation}, {"pixel", Task::vision}, {"image", Task::vision},
    {"audio", Task::audio},                     {"mel", Task::audio},    {"wave", Task::audio},
    {"input_ids", Task::text_embedding},        {"ids", Task::text_embedding},
}};
// clang-format on

inline std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// Whether a word of `text` begins with `beginning`: "vit" begins one in "google-vit-base", but not in "activity".
inline bool has_word(std::string_view text, std::string_view beginning) {
  for (auto at = text.find(beginning); at != text.npos; at = text.find(beginning, at + 1))
    if (at == 0 || !std::isalnum(static_cast<unsigned char>(text[at - 1]))) return true;
  return false;
}
}  // namespace detail

constexpr std::string_view to_string(Task task) noexcept { return detail::task_names[static_cast<std::size_t>(task)]; }

/// The task that the model's name suggests, or else the names of its inputs; `Task::other` if neither does.
inline Task deduce_task(std::string_view model_name, const ModelInfo& info) {
  const std::string name = detail::lower(model_name);
  for (const auto& row : detail::task_by_name)
    if (detail::has_word(name, row.pattern)) return row.task;
  for (const auto& row : detail::task_by_input)
    for (const auto& input : info.inputs)
      if (detail::has_word(detail::lower(input.name), row.pattern)) return row.task;
  return Task::other;
}

}  // namespace webpool
