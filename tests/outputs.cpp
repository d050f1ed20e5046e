#include "catch.hpp"

#include <memory>
#include <sstream>
#include <string>
#include <vector>
#include <webpool/outputs.hpp>

namespace {

using namespace webpool;

std::string printed(const Where& where) {
  std::ostringstream out;
  out << where;
  return out.str();
}

Where firefox(Backend backend) {
  Where where;
  where.browser.browser = Browser::firefox;
  where.browser.webgpu.emplace().description = "llvmpipe";
  where.browser.webgpu->software = true;
  where.backend = backend;
  return where;
}

Outputs two_outputs() {
  return Outputs({{"a", Tensor::from(std::vector<float>{1}, {1})}, {"b", Tensor::from(std::vector<float>{2, 3}, {2})}},
                 std::make_shared<const Where>(firefox(Backend::webgpu)), {.compute = 3.5, .total = 4});
}

}  // namespace

TEST_CASE("outputs are found by name", "[vocabulary]") {
  const Outputs outputs = two_outputs();
  CHECK(outputs.size() == 2);
  CHECK(outputs["b"].as<float>()[1] == 3);
  CHECK(outputs.begin()->name == "a");
  CHECK(outputs.end() - outputs.begin() == 2);
  CHECK(outputs.times().compute == 3.5);
  CHECK(outputs.where().backend == Backend::webgpu);
}

TEST_CASE("an output that is not there is answered with those that are", "[vocabulary]") {
  CHECK_THROWS_WITH(two_outputs()["c"], "there is no output 'c'; the outputs are 'a' 'b'");
  try {
    static_cast<void>(two_outputs()["c"]);
  } catch (const Error& error) {
    CHECK(error.code() == errc::unknown_output);
  }
}

TEST_CASE("copies of outputs share their bytes", "[vocabulary]") {
  const Outputs outputs = two_outputs();
  const Outputs copy = outputs;
  CHECK(copy["b"].bytes().data() == outputs["b"].bytes().data());
  CHECK(&copy.where() == &outputs.where());
}

TEST_CASE("a place prints with what computes there", "[vocabulary]") {
  CHECK(printed(firefox(Backend::webgpu)) == "firefox/webgpu (llvmpipe, software)");
  CHECK(printed(firefox(Backend::wasm)) == "firefox/wasm");
  Where where = firefox(Backend::webnn);
  where.device = WebnnDevice::npu;
  CHECK(printed(where) == "firefox/webnn (asked for npu)");
  where.browser.simulated = true;
  CHECK(printed(where) == "firefox/webnn (asked for npu) (simulated)");
}

TEST_CASE("only WebGPU can be software", "[vocabulary]") {
  CHECK(firefox(Backend::webgpu).software() == true);
  CHECK(firefox(Backend::wasm).software() == false);
  Where hidden = firefox(Backend::webgpu);
  hidden.browser.webgpu->software.reset();
  CHECK(hidden.software() == std::nullopt);
  hidden.browser.webgpu.reset();
  CHECK(hidden.software() == std::nullopt);
}
