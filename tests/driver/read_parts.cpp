#include <webpool/driver/read_parts.hpp>

#include <webpool/source/memory.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("values of free dimensions are for every part, and a kernel's sample is added") {
  const TemporaryFolder folder;
  const auto first = folder.add("first.onnx", onnx_file({{"a", {{"batch", 2}}}}, {{"b", {{"batch"}}}}));
  const auto second = folder.add("second.onnx", onnx_file({{"c", {{"rows"}}}}, {{"d", {{"batch", "rows"}}}}));
  ModelOptions options{.free_dimensions = {{"batch", 3}, {"rows", 4}}};
  auto files = driver::read_parts(std::vector<ModelSource>{first, second}, options);
  REQUIRE(files.size() == 2);
  CHECK(files[0].info.inputs[0].shape == Shape{3, 2});
  CHECK(files[1].info.outputs[0].shape == Shape{3, 4});
  CHECK(options.backends.empty());

  const Kernel kernel{.name = "k",
                      .wgsl = "@compute @workgroup_size(1) fn main() { y[0] = x[0]; }",
                      .inputs = {{.name = "x", .shape = {"n"}}},
                      .outputs = {{.name = "y", .shape = {"n"}}},
                      .passes = {{.invocations = {"n", "1", "1"}}},
                      .sample = {{"n", 9}}};
  options = {.free_dimensions = {{"batch", 3}}};
  files = driver::read_parts(std::vector<ModelSource>{first, kernel}, options);
  CHECK(files[1].kernel);
  CHECK(options.backends == std::vector{Backend::webgpu});
  CHECK(options.free_dimensions.at("n") == 9);
  CHECK(options.free_dimensions.at("batch") == 3);

  // Another kernel and a model behind it: each has dimensions of its own.
  Kernel other = kernel;
  other.name = "other";
  options = {.free_dimensions = {{"batch", 3}}};
  files = driver::read_parts(std::vector<ModelSource>{kernel, other, first}, options);
  CHECK(files[2].info.inputs[0].shape == Shape{3, 2});
  CHECK(options.free_dimensions == std::map<std::string, std::int64_t>{{"batch", 3}, {"n", 9}});
}

TEST_CASE("models of any source can be parts") {
  const std::string bytes = onnx_file({{"a", {{2}}}}, {{"b", {{2}}}});
  ModelOptions options;
  const auto parts =
      std::vector<ModelSource>{ModelBytes(source::memory(bytes), "one"), ModelBytes(source::memory(bytes), "other")};
  const auto files = driver::read_parts(parts, options);
  CHECK(files[0].name == "one");
  CHECK(files[1].sha256 == files[0].sha256);
}
