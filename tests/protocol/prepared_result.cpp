#include "../catch.hpp"

#include <string>
#include <webpool/protocol/decode.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;

std::string header(const std::string& id, const std::string& name, const std::string& times,
                   const std::string& more = {}) {
  return R"({"type":"result","id":)" + id + R"(,"outputs":[{"name":")" + name +
         R"(","datatype":"UINT8","shape":[1,2],"parameters":{"binary_data_size":2}}])" + more +
         R"(,"times":{"queued":)" + times + R"(,"upload":2.5,"compute":0.125,"download":12.001}})";
}

/// A worker whose results come one after the other.
struct Worker {
  PreparedResult next;
  Decoder decoder;
  std::shared_ptr<const std::string> frame;

  Expected<DataMessage> receive(const std::string& header, std::string_view data = "ab") {
    frame = test::owned(test::frame(header, {data}));
    return decoder.data(test::bytes_of(*frame), frame, &next);
  }
  Result result(const std::string& header, std::string_view data = "ab") {
    return std::get<Result>(receive(header, data).value());
  }
  /// Whether a header needs no JSON.
  bool expects(const std::string& header) const {
    const auto other = test::owned(test::frame(header, {"ab"}));
    FrameReader reader(test::bytes_of(*other));
    return next.read(reader, other).has_value();
  }
};

}  // namespace

TEST_CASE("a result that is the last one but for its id and times is read without JSON", "[protocol]") {
  Worker worker;
  CHECK_FALSE(worker.expects(header("1", "y", "0")));
  worker.result(header("1", "y", "0"));
  for (const std::string id : {"2", "0", "4294967297", "999999999999999"}) {
    CHECK(worker.expects(header(id, "y", "10.05")));
    const Result result = worker.result(header(id, "y", "10.05"), "xy");
    CHECK(result.id.value == std::stoull(id));
    CHECK(result.times.queued == 10.05);
    CHECK(result.times.upload == 2.5);
    CHECK(result.times.compute == 0.125);
    CHECK(result.times.download == 12.001);
    REQUIRE(result.outputs.size() == 1);
    CHECK(result.outputs[0].name == "y");
    CHECK(result.outputs[0].tensor.datatype() == Datatype::uint8);
    CHECK(result.outputs[0].tensor.shape() == Shape{1, 2});
    CHECK(test::text_of(result.outputs[0].tensor.bytes()) == "xy");
  }
}

TEST_CASE("any other result is read as before, and learnt", "[protocol]") {
  Worker worker;
  worker.result(header("1", "y", "0"));
  CHECK(worker.result(header("2", "z", "0")).outputs[0].name == "z");
  CHECK(worker.expects(header("3", "z", "0")));
  CHECK_FALSE(worker.expects(header("3", "y", "0")));
  for (const std::string time : {"1e3", "0.0001", "1e-7", "10000000001", "-0"}) {
    CHECK_FALSE(worker.expects(header("3", "z", time)));
    CHECK(worker.result(header("3", "z", time)).times.queued == std::stod(time));
    worker.result(header("2", "z", "0"));
  }
  CHECK(worker.result(header("9007199254740991", "z", "0")).id.value == max_id);
}

TEST_CASE("what a prepared reader passes over is still malformed", "[protocol]") {
  Worker worker;
  worker.result(header("1", "y", "0"));
  for (const std::string id : {"01", "-1", "1.5", "9007199254740992", "", "x", R"("1")"})
    CHECK_FALSE(worker.receive(header(id, "y", "0")));
  for (const std::string time : {"00", "01.5", "1.", ".5", "", "null", "+1", "1,"})
    CHECK_FALSE(worker.receive(header("1", "y", time)));
  CHECK_FALSE(worker.receive(header("1", "y", "0") + "x"));
  CHECK(worker.receive(header("1", "y", "0"), "a").error().message() ==
        "tensor 'y' has 2 bytes from byte 192, but the frame ends at 193");
  CHECK_FALSE(worker.receive(header("1", "y", "0"), "abc"));
  CHECK(worker.receive(header("2", "y", "0")));
}

TEST_CASE("results with more in them than outputs are not learnt", "[protocol]") {
  Worker worker;
  worker.result(header("1", "y", "0", R"(,"finish":"stop")"));
  CHECK_FALSE(worker.expects(header("1", "y", "0", R"(,"finish":"stop")")));
  worker.result(header("1", "y", "0", R"(,"kept":[{"name":"k","datatype":"FP32","shape":[1],"tensor":7}])"));
  CHECK_FALSE(
      worker.expects(header("1", "y", "0", R"(,"kept":[{"name":"k","datatype":"FP32","shape":[1],"tensor":7}])")));
  worker.result(header("1", std::string(1000, 'n'), "0", R"(,"x":")" + std::string(4000, ' ') + '"'));
  CHECK_FALSE(worker.expects(header("1", std::string(1000, 'n'), "0", R"(,"x":")" + std::string(4000, ' ') + '"')));
}

TEST_CASE("of an id that occurs twice the same is taken again", "[protocol]") {
  Worker worker, fresh;
  const auto twice = [](const std::string& id) { return header(id, "y", "0", R"(,"id":7)"); };
  const auto id = worker.result(twice("5")).id;
  CHECK(id == fresh.result(twice("5")).id);
  CHECK(worker.result(twice("6")).id == Worker().result(twice("6")).id);
}
