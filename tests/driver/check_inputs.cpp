#include <webpool/driver/check_inputs.hpp>

#include "../catch.hpp"

using namespace webpool;

namespace {

ModelInfo model() {
  ModelInfo info;
  info.inputs = {{.name = "ids", .datatype = Datatype::int64, .shape = {Shape::any, 64}, .symbols = {"batch", ""}},
                 {.name = "mask", .datatype = Datatype::int64, .any_rank = true}};
  info.outputs = {{.name = "logits", .shape = {Shape::any, 2}, .symbols = {"batch", ""}}};
  return info;
}

NamedTensor tensor(std::string name, Shape shape) {
  return {std::move(name), Tensor::from(std::vector<std::int64_t>(shape.elements()), shape)};
}

std::string complaint(const Inputs& inputs, const RequestOptions& options = {}) {
  const auto error = driver::check_inputs("bert", model(), inputs, options);
  return error ? error->message() : "";
}

}  // namespace

TEST_CASE("what fits the model is not complained about") {
  CHECK(complaint({tensor("ids", {3, 64}), tensor("mask", {3, 1, 64})}).empty());
  CHECK(complaint({tensor("mask", {}), tensor("ids", {0, 64})}, {.outputs = {"logits"}}).empty());
}

TEST_CASE("a scalar may be given with the shape [1]") {
  const ModelInfo info{.inputs = {{.name = "sr", .datatype = Datatype::int64}}};
  CHECK_FALSE(driver::check_inputs("vad", info, {tensor("sr", {})}, {}));
  CHECK_FALSE(driver::check_inputs("vad", info, {tensor("sr", {1})}, {}));
  CHECK(driver::check_inputs("vad", info, {tensor("sr", {2})}, {})->message() ==
        "input 'sr' of model 'vad' has shape [], given [2]");
}

TEST_CASE("what does not fit is named with what would") {
  const NamedTensor ids = tensor("ids", {1, 64}), mask = tensor("mask", {1});
  CHECK(complaint({ids, mask, tensor("types", {1})}) ==
        "model 'bert' has no input 'types'; its inputs are 'ids', 'mask'");
  CHECK(complaint({ids, mask, mask}) == "input 'mask' of model 'bert' is given twice");
  CHECK(complaint({ids}) == "model 'bert' needs input 'mask' (INT64 [])");
  CHECK(complaint({mask}) == "model 'bert' needs input 'ids' (INT64 [?, 64])");
  CHECK(complaint({tensor("ids", {1, 65}), mask}) == "input 'ids' of model 'bert' has shape [?, 64], given [1, 65]");
  CHECK(complaint({tensor("ids", {64}), mask}) == "input 'ids' of model 'bert' has shape [?, 64], given [64]");
  CHECK(complaint({{"ids", Tensor::from(std::vector<float>(64), {1, 64})}, mask}) ==
        "input 'ids' of model 'bert' takes INT64, given FP32");
  CHECK(complaint({ids, mask}, {.outputs = {"hidden"}}) ==
        "model 'bert' has no output 'hidden'; its outputs are 'logits'");
}

TEST_CASE("an output that can't leave a browser is refused with its type") {
  ModelInfo info{.outputs = {{.name = "y"}}};
  info.unsupported_outputs = {{"label", "tensor(string)"}};
  CHECK_FALSE(driver::check_inputs("m", info, {}, {}));
  const std::string sentence =
      "output 'label' of model 'm' is tensor(string), which can't leave a browser; the outputs that can are 'y'";
  for (const auto& options : {RequestOptions{.outputs = {"label"}}, RequestOptions{.keep_on_device = {"label"}}}) {
    const auto error = driver::check_inputs("m", info, {}, options);
    REQUIRE(error);
    CHECK(error->code() == errc::bad_input);
    CHECK(error->message() == sentence);
  }
}

TEST_CASE("a model without inputs says so") {
  const auto error = driver::check_inputs("constant", {}, {tensor("x", {1})}, {});
  REQUIRE(error);
  CHECK(error->code() == errc::unknown_input);
  CHECK(error->message() == "model 'constant' has no input 'x'; its inputs are none");
}

TEST_CASE("outputs to keep must be there, each once") {
  const ModelInfo info{.outputs = {{.name = "y"}}};
  CHECK_FALSE(driver::check_inputs("m", info, {}, {.keep_on_device = {"y"}}));
  CHECK(driver::check_inputs("m", info, {}, {.keep_on_device = {"z"}})->message() ==
        "model 'm' has no output 'z'; its outputs are 'y'");
  CHECK(driver::check_inputs("m", info, {}, {.keep_on_device = {"y", "y"}})->message() ==
        "output 'y' of model 'm' is to be kept twice");
}
