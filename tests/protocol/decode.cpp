#include "../catch.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <webpool/protocol/decode.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;
using test::bytes_of, test::frame, test::owned, test::text_of;

const std::string two_floats =
    R"({"type":"result","id":9,"outputs":[{"name":"y","datatype":"FP32","shape":[2],)"
    R"("parameters":{"binary_data_size":8}}],"times":{"queued":1,"upload":2,"compute":3,"download":4}})";
constexpr std::string_view payload{"\0\0\x80\x3f\0\0\0\x40", 8};

}  // namespace

TEST_CASE("a result's tensors refer to the frame and keep it alive", "[protocol]") {
  Decoder decoder;
  auto bytes = owned(frame(two_floats, {payload}));
  std::weak_ptr<const std::string> watched = bytes;
  auto message = decoder.data(bytes_of(*bytes), bytes);
  const char* const end = bytes->data() + bytes->size();
  bytes.reset();
  REQUIRE(message);
  {
    const Tensor tensor = std::get<Result>(*message).outputs.at(0).tensor;
    message = Error(errc::cancelled, "");
    CHECK_FALSE(watched.expired());
    CHECK(reinterpret_cast<const char*>(tensor.bytes().data()) == end - 8);
    CHECK(tensor.as<float>()[0] == 1);
    CHECK(tensor.as<float>()[1] == 2);
  }
  CHECK(watched.expired());
}

TEST_CASE("a frame that starts anywhere in memory gives aligned tensors", "[protocol]") {
  Decoder decoder;
  for (std::size_t offset = 1; offset < 8; ++offset) {
    INFO(offset);
    auto bytes = owned(std::string(offset, 'x') + frame(two_floats, {payload}));
    std::weak_ptr<const std::string> watched = bytes;
    auto message = decoder.data(bytes_of(*bytes).subspan(offset), bytes);
    bytes.reset();
    REQUIRE(message);
    CHECK(watched.expired());
    const Tensor& tensor = std::get<Result>(*message).outputs.at(0).tensor;
    CHECK(reinterpret_cast<std::uintptr_t>(tensor.bytes().data()) % 8 == 0);
    CHECK(text_of(tensor.bytes()) == payload);
  }
}

TEST_CASE("a misaligned frame of any size is safe", "[protocol]") {
  Decoder decoder;
  const std::string bytes(16, '\0');
  for (std::size_t size = 0; size < 9; ++size) CHECK_FALSE(decoder.data(bytes_of(bytes).subspan(1, size), nullptr));
}

TEST_CASE("a decoder goes on after a malformed frame and after a large one", "[protocol]") {
  Decoder decoder;
  const std::string good = frame(R"({"type":"pong","id":1,"visible":true,"timer_drift_ms":0})");
  const std::string large =
      frame(R"({"type":"worker_failed","worker":1,"message":")" + std::string(500'000, 'x') + "\"}");
  CHECK(decoder.control(bytes_of(good)));
  CHECK_FALSE(decoder.control(bytes_of(frame("{"))));
  CHECK(decoder.control(bytes_of(good)));
  REQUIRE(decoder.control(bytes_of(large)));
  CHECK(std::get<WorkerFailed>(*decoder.control(bytes_of(large))).message.size() == 500'000);
  CHECK(decoder.control(bytes_of(good)));
}

TEST_CASE("what one message left in the parser is no part of the next", "[protocol]") {
  Decoder decoder;
  CHECK(decoder.control(bytes_of(frame(R"({"type":"pong","id":1,"visible":true,"timer_drift_ms":0})"))));
  CHECK_FALSE(decoder.control(bytes_of(frame(R"({"type":"pong","id":1)"))));
  CHECK_FALSE(decoder.control(bytes_of(frame(R"({"type":"pong","id":1})"))));
}

TEST_CASE("the header must say what the message is", "[protocol]") {
  Decoder decoder;
  const auto complaint = [&](std::string_view header) {
    return decoder.control(bytes_of(frame(header))).error().message();
  };
  CHECK(complaint("{}") == "header.type is missing");
  CHECK(complaint(R"({"type":1})") == "header.type must be a string");
  CHECK(complaint(R"({"type":"result"})") == "a page's control socket carries no message of type \"result\"");
  CHECK(decoder.data(bytes_of(frame(R"({"type":"pong"})")), nullptr).error().message() ==
        "a worker's data socket carries no message of type \"pong\"");
}

TEST_CASE("bytes that no tensor claims are refused", "[protocol]") {
  Decoder decoder;
  const std::string pong = R"({"type":"pong","id":1,"visible":true,"timer_drift_ms":0})";
  CHECK(decoder.control(bytes_of(frame(pong, {"12345678"}))).error().message() ==
        "the message ends at byte 64, but the frame at 72");
}
