#include <webpool/driver/decoder.hpp>

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>
#include <webpool/onnx/model_info.hpp>

#include "../catch.hpp"
#include "../support/onnx_file.hpp"

using namespace webpool;
using namespace webpool::driver;
using testing::OnnxValue;

namespace {

constexpr int half = 10, int64 = 7;

ModelInfo info_of(const std::vector<OnnxValue>& inputs, const std::vector<OnnxValue>& outputs) {
  const std::string file = testing::onnx_file(inputs, outputs);
  return onnx::read_model_info(std::as_bytes(std::span(file)), "m");
}

const OnnxValue ids{"input_ids", {{"batch", "sequence"}}, int64};
const OnnxValue past{"past_key_values.0.key", {{"batch", 2, "past", 4}}, half};
const OnnxValue logits{"logits", {{"batch", "sequence", 10}}};
const OnnxValue present{"present.0.key", {{"batch", 2, "total", 4}}, half};

std::string complaint(const std::vector<OnnxValue>& inputs, const std::vector<OnnxValue>& outputs) {
  return why_no_decoder(info_of(inputs, outputs)).value_or("");
}

const ModelInfo decoder = info_of({ids, past}, {logits, present});

Error refused(std::vector<std::int64_t> prompt, const GenerationOptions& options, std::size_t context = 20,
              const ModelInfo& info = decoder) {
  return check_generation("m", info, context, prompt, options).value();
}

bool says(const Error& error, const std::string& text) { return error.message().find(text) != std::string::npos; }

}  // namespace

TEST_CASE("a decoder is told by its inputs and outputs, whatever others it gives") {
  CHECK(complaint({ids, past}, {logits, present}).empty());
  CHECK(complaint({ids, {"attention_mask", {{"batch", "total"}}, int64}, {"position_ids", {{1, ""}}, int64}, past},
                  {logits, present, {"hidden", {{"batch"}}}})
            .empty());
  CHECK(complaint({past}, {logits, present}) == "it has no input 'input_ids' INT64 [batch, sequence]");
  CHECK(complaint({{"input_ids", {{"batch", "sequence"}}}, past}, {logits, present}) ==
        "it has no input 'input_ids' INT64 [batch, sequence]");
  CHECK(complaint({ids, past}, {present}) == "it has no output 'logits' FP32 [batch, sequence, vocabulary]");
  CHECK(complaint({ids}, {logits}) == "it has no inputs past_key_values.…, its cache");
  CHECK(complaint({ids, past}, {logits}) ==
        "it has no output 'present.0.key' of the datatype of 'past_key_values.0.key'");
  CHECK(complaint({ids, past, {"audio", {{"batch"}}}}, {logits, present}) ==
        "its input 'audio' is none of input_ids, attention_mask, position_ids and past_key_values.…");
  CHECK(complaint({ids, past, {"attention_mask", {{"batch", "total"}}}}, {logits, present}) ==
        "its input 'attention_mask' is not INT64 of two dimensions");
  CHECK(complaint({ids, {"past_key_values.0.key", {{"batch", 2, 16, 4}}, half}}, {logits, present}) ==
        "its input 'past_key_values.0.key' [?, 2, 16, 4] is not FP32 or FP16 [batch, heads, past, size] of which heads "
        "and size are fixed and past is free");
  CHECK_FALSE(
      complaint({ids, {"past_key_values.0.key", {{"batch", "heads", "past", 4}}, half}}, {logits, present}).empty());
}

TEST_CASE("the context is what the options say, else what the file's metadata say") {
  ModelInfo info = decoder;
  CHECK(context_of(info, 0) == 0);
  CHECK(context_of(info, 7) == 7);
  info.metadata["context_length"] = "128";
  CHECK(context_of(info, 0) == 128);
  CHECK(context_of(info, 7) == 7);
  for (const char* none : {"", "many", "12x", "-5"}) {
    info.metadata["context_length"] = none;
    CHECK(context_of(info, 0) == 0);
  }
}

TEST_CASE("prompt and max_tokens must fit into the context together") {
  const std::vector<std::int64_t> prompt(15, 1);
  CHECK_FALSE(check_generation("m", decoder, 20, prompt, {.max_tokens = 5}));
  const Error error = refused(prompt, {.max_tokens = 6});
  CHECK(error.code() == errc::bad_input);
  CHECK(error.message() == "model 'm' can't generate: a prompt of 15 tokens and max_tokens 6 exceed its context of 20");
  CHECK(refused(prompt, {.max_tokens = std::numeric_limits<std::size_t>::max()}).code() == errc::bad_input);
  CHECK(refused(prompt, {.max_tokens = 1}, 14).code() == errc::bad_input);
  const Error unknown = refused(prompt, {}, 0);
  CHECK(unknown.code() == errc::invalid_options);
  CHECK(says(unknown, "set ModelOptions::context"));
}

TEST_CASE("what makes no sense is refused before anything is sent") {
  const auto option = [](const GenerationOptions& options) {
    const Error error = refused({1}, options);
    CHECK(error.code() == errc::invalid_options);
    return error;
  };
  CHECK(says(option({.max_tokens = 0}), "max_tokens is 0"));
  for (const double temperature : {-1.0, std::numeric_limits<double>::infinity(), std::nan("")})
    CHECK(says(option({.max_tokens = 1, .temperature = temperature}), "the temperature is"));
  for (const double top_p : {0.0, 1.1, std::nan("")})
    CHECK(says(option({.max_tokens = 1, .top_p = top_p}), "top_p is"));
  CHECK(says(option({.max_tokens = 1, .stop_tokens = {10}}), "10 is among the stop tokens, but is not a token"));
  CHECK(says(option({.max_tokens = 1, .stop_tokens = std::vector<std::int64_t>(1025)}), "1025 stop tokens"));
  CHECK(says(option({.max_tokens = 1, .request = {.outputs = {"logits"}}}), "request.outputs"));
  const auto bad = [](std::vector<std::int64_t> prompt) {
    const Error error = refused(std::move(prompt), {.max_tokens = 1});
    CHECK(error.code() == errc::bad_input);
    return error;
  };
  CHECK(says(bad({}), "the prompt is empty"));
  CHECK(says(bad({1, 10}), "the prompt has the token 10; there are 10"));
  CHECK(says(bad({-1}), "the prompt has the token -1"));
  CHECK(says(refused({1}, {}, 20, info_of({ids}, {logits})), "it has no inputs past_key_values"));
}
