#include <webpool/driver/kernel_file.hpp>

#include "../support/byte_sources.hpp"
#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

const Kernel kernel{.name = "k",
                    .wgsl = "// \"quoted\"\nfn main() {}",
                    .inputs = {{.name = "x", .shape = {"n", 4}}},
                    .outputs = {{.name = "y", .datatype = Datatype::int32, .shape = {"m"}}},
                    .extents = {{"m", "n / 2"}},
                    .passes = {{"main", {"n", "m", "1"}}},
                    .variants = {{.workgroup_size = {8, 8, 1}}, {.features = {"subgroups"}, .wgsl = "other"}},
                    .sample = {{"n", 100}}};

}  // namespace

TEST_CASE("a kernel becomes a model that pages load: its text, its inputs and outputs, its hash") {
  ModelOptions options;
  const driver::ModelFile file = driver::make_kernel_file(kernel, options);
  CHECK(file.kernel);
  CHECK(file.name == "k");
  CHECK(file.sha256.size() == 64);
  CHECK(
      text_of(file.source) ==
      R"({"inputs":[{"name":"x","datatype":"FP32","shape":["n",4]}],"outputs":[{"name":"y","datatype":"INT32",)"
      R"("shape":["m"]}],"scratch":[],"extents":{"m":"n / 2"},"passes":[{"entry":"main","invocations":["n","m","1"]}],)"
      R"("variants":[{"wgsl":"// \"quoted\"\nfn main() {}","features":[],"workgroup_size":[8,8,1]},)"
      R"({"wgsl":"other","features":["subgroups"],"workgroup_size":[64,1,1]}]})");
  REQUIRE(file.info.inputs.size() == 1);
  CHECK(file.info.inputs[0].shape == Shape{Shape::any, 4});
  CHECK(file.info.inputs[0].symbols == std::vector<std::string>{"n", ""});
  CHECK(file.info.outputs[0].datatype == Datatype::int32);
  CHECK(options.backends == std::vector{Backend::webgpu});
  CHECK(options.free_dimensions == kernel.sample);
}

TEST_CASE("options that are for models are refused for a kernel") {
  const auto refused = [](ModelOptions options) {
    return error_of([&] { driver::make_kernel_file(kernel, options); }).message() ==
           "kernel 'k': url, free_dimensions and batching are for models";
  };
  CHECK(refused({.free_dimensions = {{"n", 1}}}));
  CHECK(refused({.batching = {.maximum = 2}}));
  CHECK(refused({.url = "/elsewhere"}));
}
