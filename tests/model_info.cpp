#include "catch.hpp"

#include <string>
#include <vector>
#include <webpool/model_info.hpp>

using namespace webpool;

TEST_CASE("an input is found by its whole name", "[vocabulary]") {
  const std::vector<TensorSpec> specs{{"a", Datatype::int64, {1}, {""}}, {"ab", Datatype::float32, {2}, {""}}};
  REQUIRE(ModelInfo::find(specs, "ab"));
  CHECK(ModelInfo::find(specs, "ab")->shape == Shape{2});
  CHECK(ModelInfo::find(specs, "a") == &specs[0]);
  CHECK(ModelInfo::find(specs, "b") == nullptr);
  CHECK(ModelInfo::find({}, "a") == nullptr);
}

TEST_CASE("a specification accepts the shapes that it leaves open", "[vocabulary]") {
  TensorSpec spec{"x", Datatype::float32, {Shape::any, 3}, {"batch", ""}};
  CHECK(spec.accepts({5, 3}));
  CHECK_FALSE(spec.accepts({5, 4}));
  CHECK_FALSE(spec.accepts({3}));
  spec = {"x", Datatype::float32, {}, {}};
  CHECK(spec.accepts({}));
  CHECK(spec.accepts({1}));  // as ONNX Runtime takes a scalar
  CHECK_FALSE(spec.accepts({2}));
  CHECK_FALSE(spec.accepts({1, 1}));
  CHECK_FALSE(TensorSpec{"x", Datatype::float32, {1}, {""}}.accepts({}));
  spec = {"x", Datatype::float32, {}, {}, true};
  CHECK(spec.accepts({5, 4}));
  CHECK(spec.accepts({}));
}
