#include "catch.hpp"

#include <algorithm>
#include <vector>
#include <webpool/task.hpp>

namespace {

using namespace webpool;

static_assert(to_string(Task::other) == "other" && to_string(Task::multimodal) == "multimodal");
static_assert(std::ranges::none_of(detail::task_by_name, [](const auto& row) { return row.pattern.empty(); }));
static_assert(std::ranges::none_of(detail::task_by_input, [](const auto& row) { return row.pattern.empty(); }));

Task by_name(std::string_view name) { return deduce_task(name, {}); }

Task by_input(std::string_view input) {
  ModelInfo info;
  info.inputs.push_back({"x", Datatype::float32, {}, {}});
  info.inputs.push_back({std::string(input), Datatype::float32, {}, {}});
  return deduce_task("model", info);
}

}  // namespace

TEST_CASE("a model's name tells its task", "[vocabulary]") {
  CHECK(by_name("digits") == Task::vision);
  CHECK(by_name("ViT-B-16") == Task::vision);
  CHECK(by_name("Whisper-tiny") == Task::audio);
  CHECK(by_name("all-MiniLM-L6-v2") == Task::text_embedding);
  CHECK(by_name("Llama-3.2-1B") == Task::text_generation);
  CHECK(by_name("google_bert") == Task::text_embedding);
  CHECK(by_name("model") == Task::other);
  CHECK(by_name("") == Task::other);
}

TEST_CASE("a hint counts at the beginning of a word only", "[vocabulary]") {
  CHECK(by_name("activity") == Task::other);
  CHECK(by_name("graphics") == Task::other);
  CHECK(by_name("activity_vit") == Task::vision);
  CHECK(by_input("valid_ids") == Task::text_embedding);
  CHECK(by_input("kids") == Task::other);
}

TEST_CASE("of two hints in a name the more special one counts", "[vocabulary]") {
  CHECK(by_name("clip-vit-base") == Task::multimodal);
  CHECK(by_name("whisper-encoder") == Task::audio);
}

TEST_CASE("failing the name, an input's name tells the task", "[vocabulary]") {
  CHECK(by_input("Pixel_Values") == Task::vision);
  CHECK(by_input("input_ids") == Task::text_embedding);
  CHECK(by_input("past_key_values.0.key") == Task::text_generation);
  CHECK(by_input("waveform") == Task::audio);
  CHECK(by_input("y") == Task::other);
}

TEST_CASE("the name counts for more than the inputs", "[vocabulary]") {
  ModelInfo info;
  info.inputs.push_back({"input_ids", Datatype::int64, {}, {}});
  CHECK(deduce_task("gpt2", info) == Task::text_generation);
}
