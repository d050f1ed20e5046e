#include <webpool/model_bytes.hpp>

#include <string>
#include <type_traits>
#include <webpool/source/memory.hpp>

#include "catch.hpp"

using namespace webpool;

static_assert(std::is_convertible_v<std::shared_ptr<ByteSource>, ModelBytes>);
static_assert(std::is_convertible_v<std::shared_ptr<source::detail::Memory>, ModelBytes>, "of any kind of source");
static_assert(!std::is_convertible_v<std::shared_ptr<std::string>, ModelBytes>);

TEST_CASE("a model's bytes are a source, a name, and where else its tensors may be", "[model_bytes]") {
  const auto source = source::memory(std::string("model"));
  const ModelBytes plain = source;
  CHECK(plain.source == source);
  CHECK(plain.name.empty());
  CHECK_FALSE(plain.external);
  const ModelBytes named(source, "m", [&](std::string_view name) { return name == "w.bin" ? source : nullptr; });
  CHECK(named.name == "m");
  CHECK(named.external("w.bin") == source);
  CHECK_FALSE(named.external("b.bin"));
}
