#include "../catch.hpp"

#include <string>
#include <webpool/protocol/decode.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;

Expected<ControlMessage> decode(std::string_view header) {
  Decoder decoder;
  return decoder.control(test::bytes_of(test::frame(header)));
}

Expected<ControlMessage> hello(const std::string& capabilities) {
  return decode(R"({"type":"hello","version":1,"token":"t","capabilities":)" + capabilities + "}");
}

BrowserInfo read_browser(const std::string& capabilities) {
  auto message = hello(capabilities);
  if (!message) FAIL(message.error().message());
  return std::get<Hello>(*message).browser;
}

}  // namespace

TEST_CASE("a hello's fields may come in any order among unknown ones", "[protocol]") {
  const auto message =
      decode(R"({"capabilities":{"new":{"a":[1]},"visible":false,"browser":"edge"},"launch":null,"more":[{}],)"
             R"("token":"abc","version":1,"type":"hello"})");
  REQUIRE(message);
  const Hello& read = std::get<Hello>(*message);
  CHECK(read.token == "abc");
  CHECK_FALSE(read.launch);
  CHECK(read.browser.browser == Browser::edge);
  CHECK_FALSE(read.browser.visible);
}

TEST_CASE("a hello of another version is read no further than its version", "[protocol]") {
  const auto message = decode(R"({"type":"hello","version":2,"token":["new","kind"]})");
  REQUIRE(message);
  CHECK(std::get<Hello>(*message).version == 2);
  CHECK(std::get<Hello>(*message).token.empty());
}

TEST_CASE("what a browser doesn't tell stays at its default", "[protocol]") {
  for (const std::string nothing :
       {"{}", R"({"user_agent":null,"browser":null,"browser_version":null,"platform":null,"hardware_concurrency":null,)"
              R"("device_memory_gib":null,"cross_origin_isolated":null,"wasm_threads":null,"jspi":null,)"
              R"("visible":null,"webgpu":null,"webnn":null})"}) {
    const BrowserInfo info = read_browser(nothing);
    CHECK(info.browser == Browser::other);
    CHECK(info.hardware_concurrency == 0);
    CHECK_FALSE(info.device_memory_gib);
    CHECK(info.visible);
    CHECK_FALSE(info.webgpu);
    CHECK(info.webnn.empty());
  }
  const BrowserInfo info = read_browser(R"({"webgpu":{},"webnn":{}})");
  REQUIRE(info.webgpu);
  CHECK_FALSE(info.webgpu->software);
  CHECK(info.webgpu->label() == "unnamed adapter");
}

TEST_CASE("device types that WebNN may get later are passed over", "[protocol]") {
  CHECK(read_browser(R"({"webnn":{"tpu":null,"cpu":"no"}})").webnn ==
        std::map<WebnnDevice, std::string>{{WebnnDevice::cpu, "no"}});
}

TEST_CASE("a limit named twice has its last value", "[protocol]") {
  CHECK(read_browser(R"({"webgpu":{"limits":{"a":1,"b":2,"a":3}}})").webgpu->limits ==
        std::map<std::string, double>{{"a", 3}, {"b", 2}});
}

TEST_CASE("a hello that breaks a rule is refused with its field", "[protocol]") {
  const auto complaint = [](const std::string& header) { return decode(header).error().message(); };
  CHECK(complaint(R"({"type":"hello"})") == "hello.version is missing");
  CHECK(complaint(R"({"type":"hello","version":1})") == "hello.token is missing");
  CHECK(complaint(R"({"type":"hello","version":1,"token":"t"})") == "hello.capabilities is missing");
  CHECK(complaint(R"({"type":"hello","version":1,"token":")" + std::string(1025, 't') + "\"}") ==
        "hello.token must be at most 1024 bytes");
  CHECK(complaint(R"({"type":"hello","version":1,"token":"t","launch":-1})") ==
        "hello.launch must be an integer from 0 to 9007199254740991");
  CHECK(hello("[]").error().message() == "hello.capabilities must be an object");
  CHECK(hello(R"({"browser":"netscape"})").error().message() ==
        "hello.capabilities.browser must be one of chromium chrome headless_shell edge firefox safari other, not "
        "\"netscape\"");
  CHECK(hello(R"({"hardware_concurrency":4294967296})").error().message() ==
        "hello.capabilities.hardware_concurrency must be an integer from 0 to 4294967295");
  CHECK(hello(R"({"webgpu":5})").error().message() == "hello.capabilities.webgpu must be an object");
  CHECK(hello(R"({"webgpu":{"features":[1]}})").error().message() ==
        "hello.capabilities.webgpu.features[0] must be a string");
  CHECK(hello(R"({"webgpu":{"limits":{"x":"1"}}})").error().message() ==
        "hello.capabilities.webgpu.limits.x must be a number");
  CHECK(hello(R"({"webnn":{"cpu":true}})").error().message() == "hello.capabilities.webnn.cpu must be a string");
}

TEST_CASE("a pong and a worker's failure need all their fields", "[protocol]") {
  CHECK(decode(R"({"type":"pong","id":1,"visible":true})").error().message() == "pong.timer_drift_ms is missing");
  CHECK(decode(R"({"type":"pong","id":1,"timer_drift_ms":1})").error().message() == "pong.visible is missing");
  const auto pong = [](const std::string& more) {
    return decode(R"({"type":"pong","id":1,"visible":true,"timer_drift_ms":0,)" + more + "}");
  };
  CHECK(pong(R"("battery":1.01)").error().message() == "pong.battery must be a number from 0 to 1");
  CHECK(pong(R"("battery":"full")").error().message() == "pong.battery must be a number");
  CHECK(pong(R"("charging":1)").error().message() == "pong.charging must be true or false");
  CHECK(pong(R"("pressure":"hot")").error().message() ==
        "pong.pressure must be one of nominal fair serious critical, not \"hot\"");
  CHECK(std::get<Pong>(*pong(R"("battery":null,"charging":null,"pressure":null,"save_data":null)")).hints ==
        PageHints{});
  CHECK(decode(R"({"type":"worker_failed","worker":1})").error().message() == "worker_failed.message is missing");
  CHECK(decode(R"({"type":"worker_failed","message":""})").error().message() == "worker_failed.worker is missing");
}
