#include <webpool/driver/batch.hpp>

#include "../catch.hpp"

using namespace webpool;
using driver::concatenate;

namespace {

TensorSpec spec(std::string name, Shape shape, std::vector<std::string> symbols) {
  return {.name = std::move(name), .shape = shape, .symbols = std::move(symbols)};
}

/// x: [batch, 2], y: [batch, 1]
ModelInfo model() {
  ModelInfo info;
  info.inputs = {spec("x", {Shape::any, 2}, {"batch", ""})};
  info.outputs = {spec("y", {Shape::any, 1}, {"batch", ""})};
  return info;
}

Inputs request(std::vector<float> values) {
  const auto rows = static_cast<std::int64_t>(values.size() / 2);
  return {{"x", Tensor::from(std::move(values), {rows, 2})}};
}

Outputs outputs(std::vector<float> values, Shape shape) {
  return {{{"y", Tensor::from(std::move(values), shape)}}, std::make_shared<const Where>(), {.compute = 5}};
}

}  // namespace

TEST_CASE("requests are laid end to end") {
  const std::vector<Inputs> requests{request({1, 2}), request({3, 4, 5, 6}), request({})};
  const auto batch = concatenate(model(), requests);
  REQUIRE(batch);
  CHECK(batch->rows == std::vector<std::int64_t>{1, 2, 0});
  REQUIRE(batch->inputs.size() == 1);
  CHECK(batch->inputs[0].tensor.shape() == Shape{3, 2});
  const auto values = batch->inputs[0].tensor.as<float>();
  CHECK(std::vector(values.begin(), values.end()) == std::vector<float>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("inputs are matched by name, whatever their order") {
  ModelInfo info = model();
  info.inputs.push_back(spec("z", {Shape::any, 1}, {"batch", ""}));
  const auto z = [](float value) { return NamedTensor{"z", Tensor::from(std::vector{value}, {1, 1})}; };
  const std::vector<Inputs> requests{{request({1, 2})[0], z(9)}, {z(8), request({3, 4})[0]}};
  const auto batch = concatenate(info, requests);
  REQUIRE(batch);
  CHECK(batch->inputs[0].tensor.as<float>()[2] == 3);
  CHECK(batch->inputs[1].tensor.as<float>()[1] == 8);

  const std::vector<Inputs> uneven{{request({1, 2, 3, 4})[0], z(9)}, {z(8), request({3, 4})[0]}};
  CHECK_FALSE(concatenate(info, uneven));  // two rows of x beside one of z
}

TEST_CASE("no batch where axis 0 is not a free dimension everywhere") {
  const std::vector<Inputs> requests{request({1, 2}), request({3, 4})};
  ModelInfo info = model();
  SECTION("fixed") { info.inputs[0].shape = {1, 2}; }
  SECTION("fixed in the output") { info.outputs[0].shape = {1, 1}; }
  SECTION("a scalar output") { info.outputs[0] = spec("y", {}, {}); }
  SECTION("an output of any rank") {
    info.outputs[0] = spec("y", {}, {});
    info.outputs[0].any_rank = true;
  }
  SECTION("no outputs") { info.outputs.clear(); }
  SECTION("no inputs") { info.inputs.clear(); }
  CHECK_FALSE(concatenate(info, requests));
}

TEST_CASE("no batch of one, and none of requests that differ in another extent") {
  const std::vector<Inputs> one{request({1, 2})};
  CHECK_FALSE(concatenate(model(), one));
  ModelInfo info = model();
  info.inputs[0].shape = {Shape::any, Shape::any};
  const std::vector<Inputs> uneven{request({1, 2}), {{"x", Tensor::from(std::vector<float>(3), {1, 3})}}};
  CHECK_FALSE(concatenate(info, uneven));
}

TEST_CASE("outputs are split by rows without a copy") {
  const Outputs whole = outputs({1, 2, 3, 4, 5, 6}, {3, 2});
  const std::vector<std::int64_t> rows{2, 0, 1};
  const auto parts = driver::split(whole, rows);
  REQUIRE(parts);
  REQUIRE(parts->size() == 3);
  CHECK((*parts)[0]["y"].shape() == Shape{2, 2});
  CHECK((*parts)[0]["y"].bytes().data() == whole["y"].bytes().data());
  CHECK((*parts)[1]["y"].shape() == Shape{0, 2});
  CHECK((*parts)[2]["y"].as<float>()[0] == 5);
  CHECK((*parts)[2].times().compute == 5);
  CHECK((*parts)[2].shared_where() == whole.shared_where());
}

TEST_CASE("outputs without the batch's rows are not split") {
  const std::vector<std::int64_t> rows{1, 1}, none{0, 0};
  CHECK_FALSE(driver::split(outputs({1, 2, 3}, {3, 1}), rows));
  CHECK_FALSE(driver::split(outputs({1}, {}), rows));
  CHECK_FALSE(driver::split(outputs({}, {0, 1}), none));
}

TEST_CASE("what stands in the way of batches is named with its axis") {
  ModelInfo info = model();
  CHECK_FALSE(driver::batch_obstacle(info));
  std::string obstacle;
  SECTION("fixed") {
    info.inputs[0].shape = {1, 2};
    obstacle = "axis 0 of input 'x' [1, 2] is not a free dimension";
  }
  SECTION("a scalar") {
    info.outputs[0] = spec("y", {}, {});
    obstacle = "output 'y' is a scalar and has no axis 0";
  }
  SECTION("any rank") {
    info.outputs[0].shape = {};
    info.outputs[0].any_rank = true;
    obstacle = "output 'y' has no known axis 0: even its rank is free";
  }
  SECTION("no inputs") {
    info.inputs.clear();
    obstacle = "it has no inputs";
  }
  SECTION("no outputs") {
    info.outputs.clear();
    obstacle = "it has no outputs";
  }
  CHECK(driver::batch_obstacle(info) == obstacle);
}

TEST_CASE("one name everywhere says what the batch is; other names and none leave it open") {
  ModelInfo info = model();
  CHECK(driver::names_one_batch(info));
  SECTION("another one") { info.outputs[0].symbols[0] = "rows"; }
  SECTION("without a name") { info.inputs[0].symbols[0] = info.outputs[0].symbols[0] = ""; }
  SECTION("without a name in one") { info.outputs[0].symbols[0] = ""; }
  CHECK_FALSE(driver::names_one_batch(info));
  CHECK_FALSE(driver::batch_obstacle(info));
  CHECK(concatenate(info, std::vector<Inputs>{request({1, 2}), request({3, 4})}));
  info.outputs[0].shape = {1, 1};
  CHECK_FALSE(driver::names_one_batch(info));
}

TEST_CASE("the rows of a request are those of all its inputs") {
  const auto z = [](std::int64_t rows) {
    return NamedTensor{"z", Tensor::from(std::vector<float>(static_cast<std::size_t>(rows)), {rows})};
  };
  CHECK(driver::rows_of(request({1, 2, 3, 4})) == 2);
  CHECK(driver::rows_of({request({1, 2})[0], z(1)}) == 1);
  CHECK_FALSE(driver::rows_of({request({1, 2})[0], z(2)}));
  CHECK_FALSE(driver::rows_of({{"s", Tensor::from(std::vector<float>(1), {})}}));
  CHECK_FALSE(driver::rows_of({}));
}

TEST_CASE("a scalar beside the rows is in nobody's way, also with the shape [1]") {
  ModelInfo info = model();
  info.inputs.push_back(spec("rate", {}, {}));
  const NamedTensor rate{"rate", Tensor::from(std::vector<float>{1}, {1})};
  const std::vector<Inputs> requests{{request({1, 2})[0], rate}, {request({3, 4, 5, 6})[0], rate}};
  CHECK_FALSE(concatenate(info, requests));
  CHECK(driver::divide(requests, 4).size() == 1);
}

TEST_CASE("requests are of one kind when they may run as one") {
  ModelInfo info = model();
  info.inputs[0].shape = {Shape::any, Shape::any};
  const auto wide = [](std::int64_t rows, std::int64_t columns) -> Inputs {
    return {{"x", Tensor::from(std::vector<float>(static_cast<std::size_t>(rows * columns)), {rows, columns})}};
  };
  const std::string kind = driver::batch_kind(info, wide(1, 12), {});
  using std::chrono::milliseconds;
  CHECK(kind == driver::batch_kind(info, wide(5, 12), {.deadline = milliseconds(5)}));
  CHECK(kind != driver::batch_kind(info, wide(1, 13), {}));
  CHECK(kind != driver::batch_kind(info, wide(1, 12), {.priority = 1}));
  CHECK(kind != driver::batch_kind(info, wide(1, 12), {.client = 1}));
  CHECK(kind != driver::batch_kind(info, wide(1, 12), {.outputs = {"y"}}));
}

TEST_CASE("requests are divided into parts of at most so many rows") {
  const std::vector<float> one(2), two(4), nine(18);
  const std::vector<Inputs> requests{request(one), request(two), request(one), request(nine), request(one)};
  const auto sizes = [&](std::size_t maximum) {
    std::vector<std::size_t> result;
    for (const auto& part : driver::divide(requests, maximum)) result.push_back(part.size());
    return result;
  };
  CHECK(sizes(4) == std::vector<std::size_t>{3, 1, 1});
  CHECK(sizes(3) == std::vector<std::size_t>{2, 1, 1, 1});
  CHECK(sizes(1) == std::vector<std::size_t>{1, 1, 1, 1, 1});
  CHECK(sizes(static_cast<std::size_t>(-1)) == std::vector<std::size_t>{5});
  CHECK(driver::divide({}, 4).empty());
}
