#include "../catch.hpp"

#include <protozero/pbf_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/onnx/model_info.hpp>

#include "../support/complaint.hpp"

namespace {

using namespace webpool;
using protozero::pbf_writer;

ModelInfo read(std::string_view file) { return onnx::read_model_info(std::as_bytes(std::span(file)), "m"); }

/// What is said against a file; empty when nothing is.
std::string complaint(std::string_view file) {
  return testing::complaint(
      errc::model_invalid, [&] { read(file); }, "model 'm' is not valid ONNX: ");
}

/// y = x * w as Python's onnx 1.12 writes it, with `w` both an initializer and an input.
std::string written_by_onnx() {
  constexpr std::string_view digits =
      "080812046f6e6e781a04312e31323a6f0a0e0a01780a017712017922034d756c1201672a15080310014201774a0c0000803f"
      "00000040000040405a180a017812130a110801120d0a07120562617463680a0208035a0f0a0177120a0a08080112040a0208"
      "0362180a017912130a110801120d0a07120562617463680a02080342040a00101142110a0d636f6d2e6d6963726f736f6674"
      "1001";
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  return bytes;
}

struct Dimension {
  std::int64_t value = 0;
  std::string symbol;
};

/// A ValueInfoProto of a tensor; without a shape when `shape` is null.
std::string value(std::string_view name, std::int32_t element, const std::vector<Dimension>* shape) {
  std::string tensor, type, result;
  pbf_writer(tensor).add_int32(1, element);
  if (shape) {
    std::string dimensions;
    for (const auto& dimension : *shape) {
      std::string each;
      if (!dimension.symbol.empty())
        pbf_writer(each).add_string(2, dimension.symbol);
      else if (dimension.value != 0)
        pbf_writer(each).add_int64(1, dimension.value);
      pbf_writer(dimensions).add_message(1, each);
    }
    pbf_writer(tensor).add_message(2, dimensions);
  }
  pbf_writer(type).add_message(1, tensor);
  pbf_writer writer(result);
  writer.add_string(1, std::string(name));
  writer.add_message(2, type);
  return result;
}

std::string initializer(std::string_view name, std::size_t bytes) {
  std::string result;
  pbf_writer writer(result);
  writer.add_string(8, std::string(name));
  writer.add_string(9, std::string(bytes, 'w'));
  return result;
}

std::string model(const std::string& graph) {
  std::string opset, result;
  pbf_writer(opset).add_int64(2, 17);
  pbf_writer writer(result);
  writer.add_int64(1, 8);
  writer.add_message(7, graph);
  writer.add_message(8, opset);
  return result;
}

const std::vector<Dimension> fixed{{1, ""}, {4, ""}};

std::string model_with_outputs(const std::vector<std::string>& outputs) {
  std::string graph;
  for (const auto& output : outputs) pbf_writer(graph).add_message(12, output);
  return model(graph);
}

std::string message(protozero::pbf_tag_type field, const std::string& content) {
  std::string result;
  pbf_writer(result).add_message(field, content);
  return result;
}
std::string number(protozero::pbf_tag_type field, std::int64_t value) {
  std::string result;
  pbf_writer(result).add_int64(field, value);
  return result;
}

/// A ValueInfoProto of this TypeProto.
std::string typed(std::string_view name, const std::string& type) {
  std::string result;
  pbf_writer(result).add_string(1, std::string(name));
  return result + message(2, type);
}

/// A model with this input and one output.
std::string model_with_input(const std::string& input) {
  std::string graph;
  pbf_writer writer(graph);
  writer.add_message(11, input);
  writer.add_message(12, value("y", 1, &fixed));
  return model(graph);
}

}  // namespace

TEST_CASE("a model that Python's onnx wrote is read", "[onnx]") {
  const ModelInfo info = read(written_by_onnx());
  CHECK(info.producer == "onnx 1.12");
  CHECK(info.ir_version == 8);
  CHECK(info.opset == 17);
  REQUIRE(info.inputs.size() == 1);
  CHECK(info.inputs[0].name == "x");
  CHECK(info.inputs[0].datatype == Datatype::float32);
  CHECK(info.inputs[0].shape == Shape{Shape::any, 3});
  CHECK(info.inputs[0].symbols == std::vector<std::string>{"batch", ""});
  REQUIRE(info.outputs.size() == 1);
  CHECK(info.outputs[0].name == "y");
  CHECK(info.outputs[0].shape == Shape{Shape::any, 3});
}

TEST_CASE("what its maker noted is read", "[onnx]") {
  std::string noted = written_by_onnx();
  pbf_writer writer(noted);
  pbf_writer entry(writer, 14);
  entry.add_string(1, "context_length");
  entry.add_string(2, "128");
  entry.commit();
  CHECK(read(noted).metadata == std::map<std::string, std::string>{{"context_length", "128"}});
  CHECK(read(written_by_onnx()).metadata.empty());
}

TEST_CASE("every element type with a datatype is read", "[onnx]") {
  const std::vector<std::pair<std::int32_t, Datatype>> types{
      {1, Datatype::float32},  {2, Datatype::uint8},    {3, Datatype::int8},    {4, Datatype::uint16},
      {5, Datatype::int16},    {6, Datatype::int32},    {7, Datatype::int64},   {9, Datatype::boolean},
      {10, Datatype::float16}, {11, Datatype::float64}, {12, Datatype::uint32}, {13, Datatype::uint64}};
  for (const auto& [element, datatype] : types)
    CHECK(read(model_with_input(value("x", element, &fixed))).inputs.at(0).datatype == datatype);
}

TEST_CASE("an output that can't leave a browser is told with its type, beside the others", "[onnx]") {
  const auto told = [](const std::string& output) {
    const ModelInfo info = read(model_with_outputs({output, value("y", 1, &fixed)}));
    CHECK(info.outputs.size() == 1);
    REQUIRE(info.unsupported_outputs.size() == 1);
    CHECK(info.unsupported_outputs[0].name == "z");
    return info.unsupported_outputs[0].type;
  };
  CHECK(told(value("z", 8, &fixed)) == "tensor(string)");
  CHECK(told(value("z", 16, nullptr)) == "tensor(bfloat16)");
  CHECK(told(value("z", 22, &fixed)) == "tensor(int4)");
  CHECK(told(value("z", 99, &fixed)) == "tensor(type 99)");
  CHECK(told(value("z", -5, &fixed)) == "tensor(undefined)");
  const std::vector<Dimension> nine(9, Dimension{1, ""});
  CHECK(told(value("z", 1, &nine)) == "a tensor of 9 dimensions, more than 8");

  const std::string floats = message(1, number(1, 1)), map = message(5, number(1, 7) + message(2, floats));
  CHECK(told(typed("z", message(4, message(1, floats)))) == "seq(tensor(float))");
  CHECK(told(typed("z", message(4, message(1, map)))) == "seq(map(int64,tensor(float)))");
  CHECK(told(typed("z", message(9, message(1, floats)))) == "optional(tensor(float))");
  CHECK(told(typed("z", message(8, number(1, 11)))) == "sparse_tensor(double)");
  CHECK(told(typed("z", message(7, ""))) == "of an unknown type");
  std::string deep = floats;
  for (int i = 0; i < 1000; ++i) deep = message(4, message(1, deep));
  CHECK(told(typed("z", deep)) == "seq(seq(seq(seq(seq(...)))))");
}

TEST_CASE("a model none of whose outputs can leave a browser is refused, and so is one with such an input", "[onnx]") {
  const auto refusal = [](const std::string& file) {
    return testing::complaint(errc::no_backend, [&] { read(file); });
  };
  CHECK(refusal(model_with_outputs({value("label", 8, &fixed), value("z", 14, &fixed)})) ==
        "model 'm' can't run in a browser: none of its outputs can leave one: 'label' is tensor(string), 'z' is "
        "tensor(complex64)");
  CHECK(refusal(model_with_input(value("words", 8, &fixed))) ==
        "model 'm' can't run in a browser: its input 'words' is tensor(string), which can't be passed to a browser");
  CHECK(refusal(model_with_input(typed("all", message(4, "")))) ==
        "model 'm' can't run in a browser: its input 'all' is seq(...), which can't be passed to a browser");
}

TEST_CASE("an extent is fixed, named, or free", "[onnx]") {
  const std::vector<Dimension> shape{{-1, ""}, {0, "time"}, {7, ""}, {0, ""}};
  const TensorSpec input = read(model_with_input(value("x", 1, &shape))).inputs.at(0);
  CHECK(input.shape == Shape{Shape::any, Shape::any, 7, Shape::any});
  CHECK(input.symbols == std::vector<std::string>{"", "time", "", ""});
  CHECK_FALSE(input.any_rank);
}

TEST_CASE("a scalar and an unknown rank are told apart", "[onnx]") {
  const std::vector<Dimension> none;
  const TensorSpec scalar = read(model_with_input(value("x", 1, &none))).inputs.at(0);
  CHECK_FALSE(scalar.any_rank);
  CHECK(scalar.accepts({}));
  CHECK_FALSE(scalar.accepts({2}));
  const TensorSpec unknown = read(model_with_input(value("x", 1, nullptr))).inputs.at(0);
  CHECK(unknown.any_rank);
  CHECK(unknown.accepts({}));
  CHECK(unknown.accepts({2, 3}));
}

TEST_CASE("a value without a type is refused", "[onnx]") {
  std::string untyped;
  pbf_writer(untyped).add_string(1, "x");
  CHECK(complaint(model_with_input(untyped)) == "input 'x': it has no type");
}

TEST_CASE("an input that is an initializer is none, whatever its type", "[onnx]") {
  std::string graph, sparse;
  pbf_writer(sparse).add_message(1, initializer("s", 3));
  pbf_writer writer(graph);
  writer.add_message(11, value("w", 22, &fixed));
  writer.add_message(11, value("names", 8, &fixed));
  writer.add_message(11, value("x", 1, &fixed));
  writer.add_message(11, value("s", 1, &fixed));
  writer.add_message(12, value("y", 1, &fixed));
  writer.add_message(5, initializer("w", 1000));
  writer.add_message(5, initializer("names", 9));
  writer.add_message(15, sparse);
  const ModelInfo info = read(model(graph));
  REQUIRE(info.inputs.size() == 1);
  CHECK(info.inputs[0].name == "x");
}

TEST_CASE("only ONNX's own operator set counts", "[onnx]") {
  std::string opset, file = model_with_input(value("x", 1, &fixed));
  pbf_writer writer(opset);
  writer.add_string(1, "com.example");
  writer.add_int64(2, 99);
  pbf_writer(file).add_message(8, opset);
  CHECK(read(file).opset == 17);
}

TEST_CASE("a file that is something else is refused with what it is", "[onnx]") {
  using namespace std::string_literals;
  CHECK(complaint("") == "the file is empty");
  CHECK(complaint("hello, world, this is no model") == "the file starts with the text 'hello, world, this is no'");
  CHECK(complaint("\x89PNG\r\n\x1a\n\0\0\0\rIHDR"s) == "the file is a PNG image");
  CHECK(complaint("PK\x03\x04\x14\0\0\0"s) == "the file is a ZIP archive, as PyTorch and Keras write");
  CHECK(complaint("version https://git-lfs.github.com/spec/v1\noid sha256:00\n") ==
        "the file is a Git LFS pointer; `git lfs pull` fetches the file it stands for");
  CHECK(complaint(std::string(1000, '\0')) == "the file starts with zeros");
  CHECK(complaint("\x7f"
                  "ELF\x02\x01\x01\0\0\0\0\0"s) == "the file starts with the bytes 7f 45 4c 46 02 01 01 00");
}

TEST_CASE("random bytes are refused", "[onnx]") {
  std::mt19937 random(7);
  for (int round = 0; round < 1000; ++round) {
    std::string bytes(random() % 300, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    CHECK_FALSE(complaint(bytes).empty());
    CHECK_FALSE(complaint("\x08\x08" + bytes).empty());
  }
}

TEST_CASE("a truncated model is refused, with the bytes that are missing", "[onnx]") {
  const std::string whole = written_by_onnx();
  const std::size_t behind_first_opset = whole.size() - 19;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    if (size != behind_first_opset) CHECK_FALSE(complaint(whole.substr(0, size)).empty());
  }
  CHECK(complaint(whole.substr(0, 100)) == "the file is truncated after 100 of at least 127 bytes");
  CHECK(complaint(whole.substr(0, 127)) == "it imports no operator set; perhaps its end is missing");
  CHECK(complaint(whole.substr(0, 8)) == "there is no graph in it");
}

TEST_CASE("a model with damaged bytes is read or refused, never more", "[onnx]") {
  const std::string whole = written_by_onnx();
  std::mt19937 random(8);
  for (int round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    for (auto count = random() % 3 + 1; count > 0; --count)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    const std::vector<char> exact(damaged.begin(), damaged.end());
    try {
      read({exact.data(), exact.size()});
    } catch (const Error& error) {
      CHECK((error.code() == errc::model_invalid || error.code() == errc::no_backend));
    }
  }
}

TEST_CASE("a model without what every model has is refused", "[onnx]") {
  std::string file;
  pbf_writer(file).add_int64(1, 8);
  CHECK(complaint(file + "\x12") == "the file is damaged or truncated");
  CHECK(complaint(file) == "there is no graph in it");
  CHECK(complaint(model("")) == "its graph has no outputs");
}
