#include "../catch.hpp"

#include <string>
#include <vector>
#include <webpool/protocol/encode.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;

}  // namespace

TEST_CASE("a message is appended, aligned within its own frame", "[protocol]") {
  std::string out = "before";
  encode(out, Ping{7});
  CHECK(out == "before" + test::frame(R"({"type":"ping","id":7})"));
}

TEST_CASE("a message's memory is reused by the next one", "[protocol]") {
  std::string out;
  encode(out, Close{std::string(1000, 'x')});
  const char* memory = out.data();
  out.clear();
  encode(out, Close{"short"});
  CHECK(out.data() == memory);
  CHECK(out == test::frame(R"({"type":"close","message":"short"})"));
}

TEST_CASE("text that is not UTF-8 still makes a valid header", "[protocol]") {
  std::string out;
  encode(out, Close{"Datei \xfc"});
  CHECK(out == test::frame("{\"type\":\"close\",\"message\":\"Datei \xef\xbf\xbd\"}"));
}

TEST_CASE("a load lists every option that is set", "[protocol]") {
  std::string out;
  encode(out, Load{.id = 3,
                   .model = {"m\"", "ab", 5, "/models/ab"},
                   .backends = {{Backend::webnn, WebnnDevice::cpu, {}}, {Backend::wasm, {}, 4}},
                   .free_dimensions = {{"batch", 2}, {"length", 64}},
                   .warmup = false,
                   .compare = true,
                   .workgroup_size = {{8, 8, 1}}});
  CHECK(out ==
        test::frame(
            R"({"type":"load","id":3,"model":{"name":"m\"","sha256":"ab","bytes":5,"url":"/models/ab"},)"
            R"("backends":[{"name":"webnn","device_type":"cpu"},{"name":"wasm","threads":4}],)"
            R"("free_dimensions":{"batch":2,"length":64},"warmup":false,"compare":true,"workgroup_size":[8,8,1]})"));
}

TEST_CASE("a run takes memory once, whatever its names and shapes are", "[protocol]") {
  const std::int64_t largest = std::int64_t{1} << 40;
  const std::vector<NamedTensor> inputs{
      {"x", Tensor::from(std::vector<float>(1000), {1000})},
      {std::string(300, '\1'), Tensor::from(std::vector<std::uint8_t>{1, 2, 3}, {3})},
      {"\xff\xff", Tensor(Datatype::int64, {largest, largest, largest, 0, largest, 1, 1, 1}, {}, {})},
      {"", Tensor::from(std::vector<std::uint16_t>(7), {7})}};
  const std::vector<std::string> outputs{std::string(50, '"'), "y", ""};
  const Run message{RequestId{max_id}, inputs, outputs};
  for (std::size_t count = 0; count <= inputs.size(); ++count) {
    const Run part{message.id, message.inputs.first(count), message.outputs};
    std::string out;
    out.reserve(protocol::detail::frame_bound(part));
    const char* memory = out.data();
    encode(out, part);
    CHECK(out.data() == memory);
    CHECK(out.size() <= protocol::detail::frame_bound(part));
  }
}

TEST_CASE("a run carries its tensors' bytes", "[protocol]") {
  const std::vector<NamedTensor> inputs{{"a", Tensor::from(std::vector<std::uint8_t>{'a', 'b', 'c'}, {3})},
                                        {"b", Tensor::from(std::vector<std::uint8_t>{'d'}, {1, 1})}};
  const std::vector<std::string> outputs{"y"};
  std::string out;
  encode(out, Run{RequestId{1}, inputs, outputs});
  CHECK(out == test::frame(R"({"type":"run","id":1,"inputs":[{"name":"a","datatype":"UINT8","shape":[3],"parameters":)"
                           R"({"binary_data_size":3}},{"name":"b","datatype":"UINT8","shape":[1,1],"parameters":)"
                           R"({"binary_data_size":1}}],"outputs":["y"]})",
                           {"abc", "d"}));
}
