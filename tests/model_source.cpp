#include <webpool/model_source.hpp>

#include <type_traits>
#include <vector>

#include "catch.hpp"

using namespace webpool;

static_assert(std::is_convertible_v<const char*, ModelSource> && std::is_convertible_v<Kernel, ModelSource>);
static_assert(std::is_convertible_v<std::string, ModelSource> && std::is_convertible_v<ModelBytes, ModelSource>);
static_assert(std::is_convertible_v<std::shared_ptr<ByteSource>, ModelSource>);
static_assert(!std::is_convertible_v<std::span<const std::byte>, ModelSource>);

TEST_CASE("a list of file names is a list of models") {
  const std::vector<ModelSource> sources{"a.onnx", "b.onnx", Kernel{.name = "k", .wgsl = ""}};
  REQUIRE(sources.size() == 3);
  CHECK(std::get<std::filesystem::path>(sources[1]) == "b.onnx");
  CHECK(std::get<Kernel>(sources[2]).name == "k");
}
