#include <webpool/driver/check_outputs.hpp>

#include "../catch.hpp"

using namespace webpool;
using driver::check_outputs;

namespace {

ModelInfo model() {
  ModelInfo info;
  info.outputs = {{.name = "logits", .shape = {Shape::any, 2}, .symbols = {"batch", ""}},
                  {.name = "hidden", .any_rank = true}};
  return info;
}

NamedTensor tensor(std::string name, Shape shape) {
  return {std::move(name), Tensor::from(std::vector<float>(shape.elements()), shape)};
}

const std::vector<std::string> all{}, logits{"logits"};

}  // namespace

TEST_CASE("an answer with what was asked for is fine") {
  CHECK_FALSE(check_outputs(model(), {tensor("hidden", {3}), tensor("logits", {4, 2})}, &all));
  CHECK_FALSE(check_outputs(model(), {tensor("logits", {4, 2})}, &logits));
  CHECK_FALSE(check_outputs(model(), {}, nullptr));
}

TEST_CASE("an output that is missing is named, when someone waits") {
  CHECK(check_outputs(model(), {tensor("logits", {4, 2})}, &all) == "the page answered without the output 'hidden'");
  CHECK(check_outputs(model(), {tensor("hidden", {})}, &logits) == "the page answered without the output 'logits'");
}

TEST_CASE("an output that the model does not declare is named with its type and shape, even when nobody waits") {
  const std::string undeclared = " that the model does not declare";
  CHECK(check_outputs(model(), {tensor("loss", {1})}, nullptr) ==
        "the page answered with an output 'loss' FP32 [1]" + undeclared);
  CHECK(check_outputs(model(), {tensor("logits", {4, 3})}, &logits) ==
        "the page answered with an output 'logits' FP32 [4, 3]" + undeclared);
  CHECK(check_outputs(model(), {{"logits", Tensor::from(std::vector<std::int64_t>(2), {1, 2})}}, &logits) ==
        "the page answered with an output 'logits' INT64 [1, 2]" + undeclared);
}
