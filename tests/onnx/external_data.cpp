#include "../catch.hpp"

#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>
#include <webpool/onnx/external_data.hpp>

#include "../support/complaint.hpp"
#include "../support/onnx_file.hpp"

namespace {

using namespace webpool;
using onnx::ExternalFile;
using testing::OnnxWeight;
namespace proto = testing::onnx_proto;

std::vector<ExternalFile> read(const std::string& file) {
  return onnx::read_external_files(std::as_bytes(std::span(file)), "m");
}

std::string complaint(const std::string& file) {
  return testing::complaint(
      errc::model_invalid, [&] { read(file); }, "model 'm' can't be used: ");
}

std::string with(const std::vector<OnnxWeight>& weights) {
  return testing::onnx_file({{"x", {{1}}}}, {{"y", {{1}}}}, {{"Relu", {"x"}, {"y"}}}, weights);
}

/// A model whose one weight says this of its file.
std::string saying(std::vector<std::pair<std::string, std::string>> external) {
  return with({{"w", {4, 3}, {}, std::move(external)}});
}

/// A graph that is an attribute of a node in another graph.
std::string inside(const std::string& graph) {
  return proto::text(1, proto::text(5, proto::text(1, "body") + proto::text(6, graph)));
}
std::string model_of(const std::string& graph) {
  return proto::number(1, 8) + proto::text(7, graph) + proto::text(8, proto::number(2, 17));
}

const OnnxWeight outside{"w", {4, 3}, {}, {{"location", "w.bin"}}};

}  // namespace

TEST_CASE("a model whose weights are in it needs no other file", "[onnx]") {
  CHECK(read(with({})).empty());
  CHECK(read(with({{"w", {2}, {1, 2}}})).empty());
  const std::string location_only =
      proto::text(8, "w") + proto::text(13, proto::text(1, "location") + proto::text(2, "w.bin"));
  CHECK(read(model_of(proto::text(5, location_only + proto::number(14, 0)))).empty());
}

TEST_CASE("each file is told once, with the bytes that it must have", "[onnx]") {
  const auto files = read(with({{"a", {2}, {}, {{"location", "one"}, {"offset", "4096"}, {"length", "8"}}},
                                {"b", {2}, {}, {{"length", "100"}, {"location", "two"}, {"checksum", "c0ffee"}}},
                                {"inner", {2}, {1, 2}},
                                {"c", {2, 5}, {}, {{"location", "one"}, {"offset", "8192"}}},
                                {"d", {2}, {}, {{"location", "one"}}}}));
  REQUIRE(files.size() == 2);
  CHECK(files[0].name == "one");
  CHECK(files[0].bytes == 8192 + 40);
  CHECK(files[0].tensor == "c");
  CHECK(files[1].name == "two");
  CHECK(files[1].bytes == 100);
  CHECK(files[1].tensor == "b");
}

TEST_CASE("tensors of attributes and of graphs inside of nodes are found too", "[onnx]") {
  const std::string tensor = outside.encoded();
  for (const std::string& graph :
       {inside(proto::text(5, tensor)), inside(inside(proto::text(5, tensor))), proto::text(15, proto::text(1, tensor)),
        proto::text(15, proto::text(2, tensor)), proto::text(1, proto::text(5, proto::text(5, tensor))),
        proto::text(1, proto::text(5, proto::text(10, tensor))),
        proto::text(1, proto::text(5, proto::text(11, proto::text(5, tensor))))}) {
    const auto files = read(model_of(graph));
    REQUIRE(files.size() == 1);
    CHECK(files[0].bytes == 48);
  }
}

TEST_CASE("graphs nested without end are refused", "[onnx]") {
  std::string graph = proto::text(5, outside.encoded());
  for (int i = 0; i < 30; ++i) graph = inside(graph);
  CHECK(read(model_of(graph)).size() == 1);
  CHECK(complaint(model_of(inside(graph))) == "its graphs are nested more than 30 deep");
}

TEST_CASE("a name is that of a file in the model's own folder, or refused", "[onnx]") {
  for (const std::string name : {"w", "weights.bin", "model.onnx_data", "...", "a b", "ü"})
    CHECK(read(saying({{"location", name}})).at(0).name == name);
  for (const std::string name : {"../w", "a/b", "/w", "..", ".", "./w", "a\\b", "C:w"})
    CHECK(complaint(saying({{"location", name}})) ==
          "tensor 'w' lies in '" + name + "': it must be the name of a file in the model's own folder");
  CHECK(complaint(saying({{"location", std::string("a\0b", 3)}})) != "");
  for (const auto& nothing : {saying({{"offset", "0"}}), saying({{"location", ""}})})
    CHECK(complaint(nothing) == "tensor 'w' lies in another file, of which it doesn't say the name");
}

TEST_CASE("an offset or a length that is no number is refused, one that is too large is too large for any file",
          "[onnx]") {
  for (const std::string number : {"", "x", "-1", "1.5", "0x10", " 1", "1 ", "18446744073709551616"})
    CHECK(complaint(saying({{"location", "f"}, {"offset", number}})) ==
          "tensor 'w' has the offset '" + number + "' in its file: no number of bytes");
  CHECK(complaint(saying({{"location", "f"}, {"length", "many"}})) ==
        "tensor 'w' has the length 'many' in its file: no number of bytes");
  const std::uint64_t most = ~std::uint64_t{0};
  CHECK(read(saying({{"location", "f"}, {"offset", std::to_string(most)}, {"length", "2"}})).at(0).bytes == most);
  CHECK(read(with({{"w", {1u << 31, 1u << 31, 1u << 31}, {}, {{"location", "f"}}}})).at(0).bytes == most);
}

TEST_CASE("a damaged file is refused, or read, but nothing else", "[onnx]") {
  const std::string whole = model_of(inside(proto::text(5, outside.encoded())) + proto::text(5, outside.encoded()));
  for (std::size_t end = 0; end < whole.size(); ++end) {
    const std::string said = complaint(whole.substr(0, end));
    CHECK((said.empty() || said == "the file is damaged or truncated" || said.starts_with("tensor '")));
  }
  std::mt19937 random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string damaged = whole;
    for (int n = 0; n < 3; ++n) damaged[random() % damaged.size()] = static_cast<char>(random());
    complaint(damaged);
  }
  SUCCEED();
}
