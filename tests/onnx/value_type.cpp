#include <webpool/onnx/value_type.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::onnx::detail;

TEST_CASE("elements are told by number, also those that are not known here", "[onnx]") {
  CHECK(datatype_of_element(1) == Datatype::float32);
  CHECK(datatype_of_element(13) == Datatype::uint64);
  CHECK_FALSE(datatype_of_element(8));
  CHECK(name_of_element(8) == "string");
  CHECK(name_of_element(26) == "int2");
  for (const std::int32_t number : {0, -1}) {
    CHECK_FALSE(datatype_of_element(number));
    CHECK(name_of_element(number) == "undefined");
  }
  CHECK_FALSE(datatype_of_element(27));
  CHECK(name_of_element(27) == "type 27");
}

TEST_CASE("a type is described in ONNX's words", "[onnx]") {
  using namespace std::string_literals;
  const auto described = [](const std::string& type) { return describe_type(protozero::pbf_reader(type)); };
  CHECK(described("\x0a\x02\x08\x08"s) == "tensor(string)");
  CHECK(described("\x22\x06\x0a\x04\x0a\x02\x08\x01"s) == "seq(tensor(float))");
  CHECK(described("\x32\x01\x41\x22\0"s) == "seq(...)");  // behind its denotation
  CHECK(described("") == "of an unknown type");
}
