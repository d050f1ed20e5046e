#include <webpool/driver/free_dimensions.hpp>

#include "../catch.hpp"
#include "../support/complaint.hpp"

using namespace webpool;
using driver::DimensionValues;

namespace {

/// x: [batch, 3, ?], y: [batch, ?]
ModelInfo model() {
  ModelInfo info;
  info.inputs = {{.name = "x", .shape = {Shape::any, 3, Shape::any}, .symbols = {"batch", "", ""}}};
  info.outputs = {{.name = "y", .shape = {Shape::any, Shape::any}, .symbols = {"batch", ""}}};
  return info;
}

DimensionValues checked(const std::vector<ModelInfo>& models, const DimensionValues& given) {
  std::vector<const ModelInfo*> pointers;
  for (const ModelInfo& each : models) pointers.push_back(&each);
  return driver::check_free_dimensions("m", pointers, given);
}

std::string complaint(const DimensionValues& given) {
  return testing::complaint(errc::invalid_options, [&] { checked({model()}, given); });
}

}  // namespace

TEST_CASE("an axis without a name keeps its key, and one with a name stands for that") {
  CHECK(checked({model()}, {{"batch", 2}, {"x[2]", 224}}) == DimensionValues{{"batch", 2}, {"x[2]", 224}});
  CHECK(checked({model()}, {{"x[0]", 2}}) == DimensionValues{{"batch", 2}});
  CHECK(checked({model()}, {{"x[0]", 2}, {"batch", 2}}) == DimensionValues{{"batch", 2}});
  CHECK(checked({model()}, {}).empty());
}

TEST_CASE("a key is for each model that has it") {
  ModelInfo other = model();
  other.inputs[0].symbols[2] = "width";
  CHECK(checked({model(), other}, {{"x[2]", 5}}) == DimensionValues{{"width", 5}, {"x[2]", 5}});
}

TEST_CASE("a name that looks like a key is a name") {
  ModelInfo info = model();
  info.outputs[0].symbols[1] = "x[0]";
  CHECK(checked({info}, {{"x[0]", 7}}) == DimensionValues{{"x[0]", 7}});
}

TEST_CASE("what is no free dimension is refused with the keys of those that are") {
  const std::string has = "'; it has: batch, x[2]";
  for (const std::string key : {"x", "x[1]", "x[3]", "y[1]", "x[02]", "x[-1]", ""})
    CHECK(complaint({{key, 1}}) == "model 'm' has no free dimension '" + key + has);
  CHECK(testing::complaint(errc::invalid_options, [] {
          checked({ModelInfo{}}, {{"n", 1}});
        }) == "model 'm' has no free dimension 'n'; it has: none");
}

TEST_CASE("one dimension can't have two values, or a negative one") {
  CHECK(complaint({{"batch", 2}, {"x[0]", 3}}) == "the free dimension 'batch' of model 'm' can't be both 2 and 3");
  CHECK(complaint({{"x[2]", -1}}) == "the free dimension 'x[2]' is -1: no size of anything");
}

TEST_CASE("values stand in the shapes") {
  ModelInfo info = model();
  driver::fill_in(info, {{"batch", 2}, {"x[2]", 224}});
  CHECK(info.inputs[0].shape == Shape{2, 3, 224});
  CHECK(info.outputs[0].shape == Shape{2, Shape::any});
}
