#include "catch.hpp"

#include <sstream>
#include <webpool/backend.hpp>

namespace {

using namespace webpool;

static_assert(to_string(Backend::wasm) == "wasm" && to_string(Backend::webgpu) == "webgpu" &&
              to_string(Backend::webnn) == "webnn");
static_assert(to_string(WebnnDevice::cpu) == "cpu" && to_string(WebnnDevice::gpu) == "gpu" &&
              to_string(WebnnDevice::npu) == "npu");
static_assert(parse_backend("webgpu") == Backend::webgpu);
static_assert(is_builtin(Backend::webnn) && !is_builtin(static_cast<Backend>(3)));

}  // namespace

TEST_CASE("a backend prints as its name", "[vocabulary]") {
  std::ostringstream out;
  out << Backend::webnn;
  CHECK(out.str() == "webnn");
}

TEST_CASE("a backend's name is read back", "[vocabulary]") {
  for (const Backend backend : {Backend::wasm, Backend::webgpu, Backend::webnn})
    CHECK(parse_backend(to_string(backend)) == backend);
}

TEST_CASE("names of no backend are none, and values of none have a name that says so", "[vocabulary]") {
  for (const char* name : {"WebGPU", "", "cuda", "unregistered"}) CHECK_FALSE(parse_backend(name));
  CHECK(to_string(static_cast<Backend>(255)) == "unregistered");
}
