#include "../catch.hpp"

#include <initializer_list>
#include <string>
#include <webpool/protocol/decode.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;

Expected<DataMessage> decode(std::string_view header, std::initializer_list<std::string_view> tensors = {}) {
  Decoder decoder;
  const auto frame = test::owned(test::frame(header, tensors));
  return decoder.data(test::bytes_of(*frame), frame);
}

std::string complaint(std::string_view header, std::initializer_list<std::string_view> tensors = {}) {
  return decode(header, tensors).error().message();
}

std::string tensor(const std::string& name, const std::string& datatype, const std::string& shape,
                   const std::string& size) {
  return R"({"name":")" + name + R"(","datatype":")" + datatype + R"(","shape":)" + shape +
         R"(,"parameters":{"binary_data_size":)" + size + "}}";
}

std::string result(const std::string& outputs) {
  return R"({"type":"result","id":1,"outputs":[)" + outputs +
         R"(],"times":{"queued":0,"upload":0,"compute":0,"download":0}})";
}

std::string loaded(const std::string& inputs, const std::string& backend = "wasm") {
  return R"({"type":"loaded","id":1,"backend":")" + backend +
         R"(","device_type":null,"tried":[],"cpu_fallback":false,"inputs":)" + inputs +
         R"(,"outputs":[],"times":{"fetch":0,"create":0,"warmup":0},"from_cache":false,"memory_bytes":0})";
}

}  // namespace

TEST_CASE("a result's fields may come in any order among unknown ones", "[protocol]") {
  const auto message = decode(
      R"({"times":{"download":4,"x":[],"compute":3,"upload":2,"queued":1},"outputs":[{"parameters":{"y":{},)"
      R"("binary_data_size":1},"shape":[1],"z":null,"datatype":"UINT8","name":"a"}],"w":1,"id":5,"type":"result"})",
      {"!"});
  REQUIRE(message);
  const Result& read = std::get<Result>(*message);
  CHECK(read.id == RequestId{5});
  CHECK(read.outputs.at(0).name == "a");
  CHECK(read.outputs.at(0).tensor.as<std::uint8_t>()[0] == '!');
  CHECK(read.times.queued == 1);
  CHECK(read.times.download == 4);
}

TEST_CASE("more outputs than usual arrive in order", "[protocol]") {
  std::string outputs;
  for (int i = 0; i < 100; ++i)
    outputs += (i > 0 ? "," : "") + tensor("output number " + std::to_string(i), "INT16", "[0]", "0");
  const auto message = decode(result(outputs));
  REQUIRE(message);
  const Result& read = std::get<Result>(*message);
  REQUIRE(read.outputs.size() == 100);
  CHECK(read.outputs[99].name == "output number 99");
}

TEST_CASE("a tensor's size must follow from its shape and datatype", "[protocol]") {
  const auto size = [](const std::string& shape, const std::string& given) {
    return complaint(result(tensor("y", "FP32", shape, given)), {"12345678"});
  };
  CHECK(decode(result(tensor("y", "FP32", "[2]", "8")), {"12345678"}));
  CHECK(decode(result(tensor("y", "FP64", "[]", "8")), {"12345678"}));
  CHECK(size("[3]", "8") ==
        "result.outputs[0].parameters.binary_data_size must be what the shape and datatype need, 12, not 8");
  CHECK(size("[4294967296,4294967296,2]", "8") ==
        "result.outputs[0].parameters.binary_data_size must be what the shape and datatype need, more than any frame "
        "holds, not 8");
  CHECK(size("[9007199254740991]", "36028797018963964") ==
        "result.outputs[0].parameters.binary_data_size must be an integer from 0 to 9007199254740991");
  CHECK(size("[1125899906842624]", "4503599627370496").starts_with("tensor 'y' has 4503599627370496 bytes from byte "));
  CHECK(size("[-1,-2]", "8") == "result.outputs[0].shape[0] must be an integer from 0 to 9007199254740991");
}

TEST_CASE("a tensor has at most as many dimensions as a shape holds", "[protocol]") {
  CHECK(decode(result(tensor("y", "UINT8", "[1,1,1,1,1,1,1,2]", "2")), {"ab"}));
  CHECK(complaint(result(tensor("y", "UINT8", "[1,1,1,1,1,1,1,1,2]", "2")), {"ab"}) ==
        "result.outputs[0].shape must be an array of at most 8 extents");
}

TEST_CASE("two tensors of one name are refused", "[protocol]") {
  const std::string y = tensor("y", "UINT8", "[1]", "1");
  CHECK(complaint(result(y + "," + y), {"a", "b"}) ==
        "result.outputs must be an array of tensors with different names; two are called \"y\"");
  CHECK(complaint(loaded(R"([{"name":"x","datatype":"FP32","shape":[]},{"name":"x","datatype":"FP32","shape":[]}])")) ==
        "loaded.inputs must be an array of tensors with different names; two are called \"x\"");
}

TEST_CASE("a tensor's parts are checked", "[protocol]") {
  CHECK(complaint(result("5")) == "result.outputs[0] must be an object");
  CHECK(complaint(result("{}")) == "result.outputs[0].name is missing");
  CHECK(complaint(result(tensor(std::string(1025, 'n'), "UINT8", "[0]", "0"))) ==
        "result.outputs[0].name must be at most 1024 bytes");
  CHECK(complaint(result(tensor("y", "BF16", "[0]", "0"))) ==
        "result.outputs[0].datatype must be a datatype of the wire, not \"BF16\"");
  CHECK(complaint(result(R"({"name":"y","datatype":"FP32","shape":[0]})")) ==
        "result.outputs[0].parameters is missing");
  CHECK(complaint(result(R"({"name":"y","datatype":"FP32","shape":[0],"parameters":{}})")) ==
        "result.outputs[0].parameters.binary_data_size is missing");
}

TEST_CASE("a result's inputs are no tensors of its own", "[protocol]") {
  const std::string header = R"({"inputs":[)" + tensor("x", "UINT8", "[8]", "8") + "]," + result("").substr(1);
  CHECK(decode(header));
  CHECK_FALSE(decode(header, {"12345678"}));
}

TEST_CASE("a model's inputs may have free extents, but no others below 0", "[protocol]") {
  const auto spec = [](const std::string& shape) {
    return loaded(R"([{"name":"x","datatype":"FP32","shape":)" + shape + "}]");
  };
  const auto message = decode(spec("[-1,3]"));
  REQUIRE(message);
  CHECK(std::get<Loaded>(*message).inputs.at(0).shape == Shape{Shape::any, 3});
  CHECK(complaint(spec("[-2]")) == "loaded.inputs[0].shape[0] must be an integer from -1 to 9007199254740991");
  const auto absurd = decode(spec("[1099511627776,1099511627776]"));
  REQUIRE_FALSE(absurd);
  CHECK(absurd.error().code() == errc::malformed_frame);
}

TEST_CASE("backends, devices, stages and codes are known ones", "[protocol]") {
  CHECK(complaint(loaded("[]", "cuda")) ==
        "loaded.backend must be " + protocol::detail::one_of(backend_names()) + ", not \"cuda\"");
  CHECK(complaint(R"({"type":"loaded","id":1,"backend":"webnn","device_type":"tpu"})") ==
        "loaded.device_type must be one of cpu gpu npu, not \"tpu\"");
  CHECK(complaint(R"({"type":"progress","id":1,"stage":"lunch","done":0,"total":1})") ==
        "progress.stage must be one of fetch create warmup, not \"lunch\"");
  CHECK(complaint(R"({"type":"error","id":1,"code":"oops","message":""})") ==
        "error.code must be an error code of the wire, not \"oops\"");
  CHECK(complaint(
            R"({"type":"error","id":1,"code":"no_backend","message":"","tried":[{"backend":"cuda","message":""}]})") ==
        "error.tried[0].backend must be " + protocol::detail::one_of(backend_names()) + ", not \"cuda\"");
}

TEST_CASE("what an error may leave out is empty", "[protocol]") {
  const auto message = decode(R"({"type":"error","id":1,"code":"run_failed","message":"m"})");
  REQUIRE(message);
  CHECK(std::get<RunError>(*message).tried.empty());
  CHECK(std::get<RunError>(*message).stack.empty());
}

TEST_CASE("an attach of another version is read no further than its version", "[protocol]") {
  const auto message = decode(R"({"type":"attach","version":3})");
  REQUIRE(message);
  CHECK(std::get<Attach>(*message).version == 3);
  CHECK(complaint(R"({"type":"attach","version":1})") == "attach.worker is missing");
}
