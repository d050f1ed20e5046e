#include "../catch.hpp"

#include <string>
#include <webpool/protocol/check_message.hpp>

using namespace webpool;
using namespace webpool::protocol;

namespace {

const Tensor one = Tensor::from(std::vector<float>{1}, {1});

std::string fault(std::string_view name, std::string_view body, const std::vector<NamedTensor>& tensors = {}) {
  return message_fault(name, body, tensors).value_or("");
}

}  // namespace

TEST_CASE("any JSON value is a body", "[protocol]") {
  for (const char* body : {"{}", "[1,2,{\"a\":null}]", "\"text\"", "5", "-1.5e3", "null", " true ", "\"\\u00e9\\n\""})
    CHECK(fault("name", body).empty());
  CHECK(fault("name", "1", {{"a", one}, {"b", one}}).empty());
}

TEST_CASE("what is not JSON is no body", "[protocol]") {
  for (const std::string body : {"", " ", "nope", "{", "{\"a\":}", "{\"a\":1,}", "[1,]", "1 2", "{} {}", "'a'", "NaN",
                                 "\"\xff\"", "\"\\ud800\"", "\"a", "01"}) {
    CAPTURE(body);
    CHECK_FALSE(fault("name", body).find("its body is not JSON: ") != 0);
  }
}

TEST_CASE("names and tensors have the wire's bounds", "[protocol]") {
  CHECK(fault("", "1") == "its name is empty");
  CHECK(fault(std::string(1024, 'n'), "1").empty());
  CHECK(fault(std::string(1025, 'n'), "1") == "its name has 1025 bytes; at most 1024 are allowed");
  CHECK(fault("n", "1", {{"a", one}, {"b", one}, {"a", one}}) == "two tensors have the name 'a'");
  CHECK(fault("n", "1", {{std::string(1025, 't'), one}}) == "a tensor's name is longer than 1024");
  CHECK(fault("n", "1", std::vector<NamedTensor>(1025)) == "it has 1025 tensors; at most 1024 are allowed");
  CHECK(fault("n", '"' + std::string(1 << 19, 'x') + '"') ==
        "its body has 524290 bytes; at most 524288 are allowed: send larger data as tensors");
}
