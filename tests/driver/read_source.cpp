#include <webpool/driver/read_source.hpp>

#include <webpool/source/memory.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("a path, bytes and a kernel are all read to what pages load") {
  const TemporaryFolder folder;
  const std::string bytes = onnx_file({{"x", {{"batch", 3}}}}, {{"y", {{"batch"}}}});
  const std::string path = folder.add("m.onnx", bytes).string();
  const Kernel kernel{.name = "k",
                      .wgsl = "@compute @workgroup_size(1) fn main() { y[0] = x[0]; }",
                      .inputs = {{.name = "x", .shape = {1}}},
                      .outputs = {{.name = "y", .shape = {1}}},
                      .passes = {{.invocations = {"1", "1", "1"}}}};
  int initialized = 0;
  const auto read = [&](ModelSource source) {
    ModelOptions options;
    return driver::read_source(source, options, [&](auto, const auto&, auto&) { ++initialized; });
  };
  const auto of_path = read(path), of_bytes = read(ModelBytes(source::memory(bytes), "b")), of_kernel = read(kernel);
  CHECK(of_path.name == "m");
  CHECK(of_bytes.name == "b");
  CHECK(of_bytes.sha256 == of_path.sha256);
  CHECK(of_bytes.info.inputs[0].shape == of_path.info.inputs[0].shape);
  CHECK(of_kernel.kernel);
  CHECK(initialized == 2);
}
