#include "../catch.hpp"

#include <string>
#include <webpool/protocol/decode.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;

constexpr std::string_view pair = R"([{"name":"a","datatype":"UINT8","shape":[3],"parameters":{"binary_data_size":3}},)"
                                  R"({"name":"b","datatype":"FP32","shape":[1],"parameters":{"binary_data_size":4}}])";

std::string message(std::string_view fields) { return R"({"type":"message",)" + std::string(fields) + "}"; }

}  // namespace

TEST_CASE("a control socket's tensors are read like a data socket's, whatever the order of the fields", "[protocol]") {
  const std::string tensors = "\"tensors\":" + std::string(pair), body = R"("body":{"x":[1,"]}"]})",
                    name = R"("name":"n")";
  for (const std::string& fields : {name + "," + body + "," + tensors, tensors + "," + body + "," + name,
                                    body + "," + tensors + R"(,"more":{"y":[]},)" + name}) {
    CAPTURE(fields);
    Decoder decoder;
    const auto frame = test::owned(test::frame(message(fields), {"abc", "1234"}));
    const auto read = decoder.control(test::bytes_of(*frame), frame);
    if (!read) FAIL(read.error().message());
    const Custom& custom = std::get<Custom>(*read);
    CHECK(custom.name == "n");
    CHECK(custom.body == R"({"x":[1,"]}"]})");
    REQUIRE(custom.tensors.size() == 2);
    CHECK(test::text_of(custom.tensors[0].tensor.bytes()) == "abc");
    CHECK(test::text_of(custom.tensors[1].tensor.bytes()) == "1234");
    CHECK(custom.tensors[1].tensor.shape() == Shape{1});
  }
}

TEST_CASE("a message that breaks a rule is refused with its field", "[protocol]") {
  const auto complaint = [](std::string_view fields) {
    Decoder decoder;
    const auto read = decoder.control(test::bytes_of(test::frame(message(fields))));
    return read ? std::string() : read.error().message();
  };
  CHECK(complaint(R"("body":1,"tensors":[])") == "message.name is missing");
  CHECK(complaint(R"("name":"","body":1,"tensors":[])") == "message.name must be a name that is not empty");
  CHECK(complaint(R"("name":")" + std::string(1025, 'n') + R"(","body":1,"tensors":[])") ==
        "message.name must be at most 1024 bytes");
  CHECK(complaint(R"("name":"n","tensors":[])") == "message.body is missing");
  CHECK(complaint(R"("name":"n","body":1)") == "message.tensors is missing");
  CHECK(complaint(R"("name":"n","body":null,"tensors":[])").empty());
  CHECK(complaint(R"("name":"n","body":{"a":nope},"tensors":[])").find("the header is not JSON in UTF-8: ") == 0);
  CHECK(complaint(R"("name":"n","body":[1 2],"tensors":[])").find("the header is not JSON in UTF-8: ") == 0);
}
