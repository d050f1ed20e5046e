#include <webpool/kernel.hpp>

#include "catch.hpp"

using namespace webpool;

TEST_CASE("an extent of a kernel's tensor is a number or a name") {
  const KernelTensor tensor{.name = "x", .shape = {"rows", 4, std::string("columns"), std::size_t{5}}};
  REQUIRE(tensor.shape.size() == 4);
  CHECK(tensor.shape[0].text == "rows");
  CHECK(tensor.shape[1].text == "4");
  CHECK(tensor.shape[2].text == "columns");
  CHECK(tensor.shape[3].text == "5");
}

TEST_CASE("two names are two extents") {
  const KernelTensor tensor{.name = "x", .shape = {"rows", "columns"}};
  REQUIRE(tensor.shape.size() == 2);
  CHECK(tensor.shape[1].text == "columns");
}

TEST_CASE("a kernel has one pass and one variant unless it names others") {
  const Kernel kernel{.name = "k", .wgsl = "w"};
  REQUIRE(kernel.passes.size() == 1);
  CHECK(kernel.passes[0].entry == "main");
  REQUIRE(kernel.variants.size() == 1);
  CHECK(kernel.variants[0].workgroup_size == std::array{64u, 1u, 1u});
}
