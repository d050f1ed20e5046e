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

const RequestOptions all{}, logits{.outputs = {"logits"}};

auto check(const std::vector<NamedTensor>& outputs, const RequestOptions* asked) {
  return check_outputs(model(), outputs, {}, asked, {});
}

}  // namespace

TEST_CASE("an answer with what was asked for is fine") {
  CHECK_FALSE(check({tensor("hidden", {3}), tensor("logits", {4, 2})}, &all));
  CHECK_FALSE(check({tensor("logits", {4, 2})}, &logits));
  CHECK_FALSE(check({}, nullptr));
}

TEST_CASE("an output that is missing is named, when someone waits") {
  CHECK(check({tensor("logits", {4, 2})}, &all) == "the page answered without the output 'hidden'");
  CHECK(check({tensor("hidden", {})}, &logits) == "the page answered without the output 'logits'");
}

TEST_CASE("an output that the model does not declare is named with its type and shape, even when nobody waits") {
  const std::string undeclared = " that the model does not declare";
  CHECK(check({tensor("loss", {1})}, nullptr) == "the page answered with an output 'loss' FP32 [1]" + undeclared);
  CHECK(check({tensor("logits", {4, 3})}, &logits) ==
        "the page answered with an output 'logits' FP32 [4, 3]" + undeclared);
  CHECK(check({{"logits", Tensor::from(std::vector<std::int64_t>(2), {1, 2})}}, &logits) ==
        "the page answered with an output 'logits' INT64 [1, 2]" + undeclared);
}

TEST_CASE("a scalar comes as one") {
  const ModelInfo info{.outputs = {{.name = "loss"}}};
  CHECK_FALSE(check_outputs(info, {tensor("loss", {})}, {}, &all, {}));
  CHECK(check_outputs(info, {tensor("loss", {1})}, {}, &all, {}));
}

TEST_CASE("what stays in the tab must be what was asked to, under its id") {
  const RequestOptions stays{.keep_on_device = {"hidden"}};
  const std::vector<TensorId> ids{{7}};
  const auto answer = [&](const protocol::KeptTensor& kept, std::vector<NamedTensor> outputs) {
    return check_outputs(model(), outputs, {&kept, 1}, &stays, ids).value_or("");
  };
  const NamedTensor logits_tensor = tensor("logits", {1, 2});
  CHECK(answer({"hidden", Datatype::float32, {3}, {7}}, {logits_tensor}).empty());
  CHECK(answer({"hidden", Datatype::float32, {3}, {8}}, {logits_tensor}) ==
        "the page kept the output 'hidden' as tensor 8, which it was not asked to");
  CHECK(answer({"logits", Datatype::float32, {1, 2}, {7}}, {tensor("hidden", {3})}) ==
        "the page kept the output 'logits' as tensor 7, which it was not asked to");
  CHECK(answer({"hidden", Datatype::int64, {3}, {7}}, {logits_tensor}) ==
        "the page answered with an output 'hidden' INT64 [3] that the model does not declare");
  CHECK(answer({"hidden", Datatype::float32, {3}, {7}}, {}) == "the page answered without the output 'logits'");
  CHECK(check_outputs(model(), {logits_tensor, tensor("hidden", {3})}, {}, &stays, ids) ==
        "the page answered without the output 'hidden', which was to stay");
}
