#include <webpool/driver/check_kernel.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

Kernel good() {
  return {.name = "k",
          .wgsl = "fn main() {}",
          .inputs = {{.name = "x", .shape = {"n", 4}}},
          .outputs = {{.name = "y", .shape = {"n", "m"}}},
          .scratch = {{.name = "t", .datatype = Datatype::uint32, .shape = {"m"}}},
          .extents = {{"m", "n / 2"}},
          .sample = {{"n", 100}}};
}

template <class Change>
std::string fault(Change change) {
  Kernel kernel = good();
  change(kernel);
  const Error error = error_of([&] { driver::check_kernel(kernel); });
  CHECK(error.code() == errc::invalid_options);
  return error.message();
}

}  // namespace

TEST_CASE("a kernel that pages could make sense of passes") { CHECK_NOTHROW(driver::check_kernel(good())); }

TEST_CASE("a kernel that no page could make sense of is refused with the reason") {
  CHECK(fault([](Kernel& k) { k.name = ""; }) == "kernel '' has no name");
  CHECK(fault([](Kernel& k) { k.outputs.clear(); }) == "kernel 'k' has no outputs");
  CHECK(fault([](Kernel& k) { k.passes.clear(); }) == "kernel 'k' has no passes");
  CHECK(fault([](Kernel& k) { k.variants.clear(); }) == "kernel 'k' has no variants");
  CHECK(fault([](Kernel& k) { k.wgsl = ""; }) == "kernel 'k' has no WGSL");
  CHECK(fault([](Kernel& k) { k.variants[0].workgroup_size[1] = 0; }) == "kernel 'k' has a workgroup of size 0");
  CHECK(fault([](Kernel& k) { k.outputs[0].name = "x"; }) == "kernel 'k' has two tensors named 'x'");
  for (const char* name : {"", "_", "__y", "1y", "y z", "é"})
    CHECK(fault([&](Kernel& k) { k.outputs[0].name = name; }) ==
          "kernel 'k' has the name '" + std::string(name) + "', which is not a WGSL identifier");
  CHECK(fault([](Kernel& k) { k.inputs[0].name = "extents"; }) ==
        "kernel 'k' has the name 'extents', which is already declared for it");
  CHECK(fault([](Kernel& k) { k.inputs[0].shape[0] = "workgroup_x"; }) ==
        "kernel 'k' has the name 'workgroup_x', which is already declared for it");
  CHECK(fault([](Kernel& k) { k.inputs[0].shape[0] = -1; }) ==
        "kernel 'k' has the name '-1', which is not a WGSL identifier");
  CHECK(fault([](Kernel& k) { k.outputs[0].datatype = Datatype::int64; }) ==
        "kernel 'k' has INT64 in 'y'; WGSL's arrays hold FP32, FP16, INT32 or UINT32");
  CHECK(fault([](Kernel& k) { k.extents.clear(); }) ==
        "kernel 'k' has an extent 'm' in 't', which neither its inputs nor Kernel::extents give");
  CHECK(fault([](Kernel& k) { k.extents["n"] = "1"; }) ==
        "kernel 'k' gives extent 'n' by rule, but its inputs have it");
  CHECK(fault([](Kernel& k) { k.sample["m"] = 1; }) ==
        "kernel 'k' has a sample of 'm', which is not an extent of its inputs");
  CHECK(fault([](Kernel& k) { k.sample["n"] = -1; }) == "kernel 'k' has a sample of 'n' that is -1");
}
