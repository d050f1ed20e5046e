#include <webpool/driver/model_file.hpp>

#include <stdexcept>
#include <webpool/source/memory.hpp>

#include "../support/byte_sources.hpp"
#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

driver::ModelFile read_model_file(const std::filesystem::path& path, ModelOptions options) {
  return driver::read_model_file(path, options);
}

driver::ModelFile read_model_file(const ModelBytes& model, ModelOptions options = {}) {
  return driver::read_model_file(model, options);
}

const std::string small = onnx_file({{"x", {{1, 4}}}}, {{"y", {{1, 3}}}});
/// Its one weight is in 'w.bin', up to byte 112.
const std::string outer =
    onnx_file({{"x", {{1, 4}}}}, {{"y", {{1, 3}}}}, {}, {{"w", {4, 3}, {}, {{"location", "w.bin"}, {"offset", "64"}}}});

}  // namespace

TEST_CASE("a model file is read whole, hashed and described") {
  const TemporaryFolder folder;
  const std::string bytes = onnx_file({{"x", {{"batch", "", 3}}}}, {{"y", {{"batch"}}}});
  const auto file = read_model_file(folder.add("vit-tiny.onnx", bytes), {});
  CHECK(file.name == "vit-tiny");
  CHECK(text_of(file.source) == bytes);
  CHECK(file.sha256 == webpool::detail::sha256_hex(std::as_bytes(std::span(bytes))));
  CHECK(file.info.inputs.at(0).shape == Shape{Shape::any, Shape::any, 3});
  CHECK(file.info.outputs.at(0).shape == Shape{Shape::any});
}

TEST_CASE("free dimensions get their values in inputs and outputs") {
  const TemporaryFolder folder;
  const auto path = folder.add("m.onnx", onnx_file({{"x", {{"batch", "", 3}}}, {"z", {}}}, {{"y", {{"batch"}}}}));
  const auto file = read_model_file(path, {.name = "named", .free_dimensions = {{"x[0]", 2}, {"x[1]", 7}}});
  CHECK(file.name == "named");
  CHECK(file.info.inputs.at(0).shape == Shape{2, 7, 3});
  CHECK(file.info.inputs.at(1).any_rank);
  CHECK(file.info.outputs.at(0).shape == Shape{2});
}

TEST_CASE("values of dimensions that the model doesn't have are refused") {
  const TemporaryFolder folder;
  const auto path = folder.add("m.onnx", onnx_file({{"x", {{"batch", "", 3}}}}, {{"y", {{"length"}}}}));
  const auto refusal = [&](ModelOptions options) { return error_of([&] { read_model_file(path, options); }); };
  const Error unknown = refusal({.free_dimensions = {{"bach", 2}}});
  CHECK(unknown.code() == errc::invalid_options);
  CHECK_THAT(unknown.message(), contains("no free dimension 'bach'; it has: batch, length, x[1]"));
  CHECK_THAT(refusal({.free_dimensions = {{"batch", -1}}}).message(), contains("'batch' is -1"));
}

TEST_CASE("files that are none are refused with a reason") {
  const TemporaryFolder folder;
  const auto refusal = [](const std::filesystem::path& path) { return error_of([&] { read_model_file(path, {}); }); };
  CHECK(refusal(folder.path() / "absent.onnx").code() == errc::model_not_found);
  CHECK(refusal(folder.path()).code() == errc::model_not_found);
  CHECK(refusal("").code() == errc::model_not_found);
  CHECK(refusal(folder.add("empty.onnx", "")).code() == errc::model_invalid);
  CHECK(refusal(folder.add("text.onnx", "Dear reader")).code() == errc::model_invalid);
}

TEST_CASE("the example model is read") {
  const auto file =
      read_model_file(std::filesystem::path(WEBPOOL_TESTS_DIR) / "../examples/models/digits/digits.onnx", {});
  CHECK(file.name == "digits");
  CHECK(ModelInfo::find(file.info.inputs, "image"));
  CHECK(ModelInfo::find(file.info.outputs, "probabilities"));
}

TEST_CASE("the initializer sees the file as it is and decides before the options count") {
  const TemporaryFolder folder;
  const auto path = folder.add("m.onnx", onnx_file({{"x", {{"batch", 3}}}}, {{"y", {{"batch"}}}}));
  ModelOptions options;
  const auto file =
      driver::read_model_file(path, options, [](std::string_view name, const ModelInfo& info, ModelOptions& how) {
        CHECK(name == "m");
        CHECK(info.inputs.at(0).shape == Shape{Shape::any, 3});
        how.name = "renamed";
        how.free_dimensions["batch"] = 4;
      });
  CHECK(file.name == "renamed");
  CHECK(file.info.inputs.at(0).shape == Shape{4, 3});
  CHECK(options.free_dimensions.at("batch") == 4);
  struct Mine {};
  CHECK_THROWS_AS(driver::read_model_file(path, options, [](auto, const auto&, auto&) { throw Mine(); }), Mine);
}

TEST_CASE("files beside a model are read, hashed and called by its names") {
  const TemporaryFolder folder;
  const std::string weights(100, 'w'), bias(12, 'b');
  folder.add("weights.bin", weights);
  folder.add("bias.bin", bias);
  const auto path = folder.add(
      "m.onnx", onnx_file({{"x", {{1, 4}}}}, {{"y", {{1, 3}}}}, {},
                          {{"w", {4, 3}, {}, {{"location", "weights.bin"}, {"offset", "52"}, {"length", "48"}}},
                           {"b", {3}, {}, {{"location", "bias.bin"}}},
                           {"c", {3}, {}, {{"location", "weights.bin"}, {"length", "12"}}}}));
  const auto file = read_model_file(path, {});
  REQUIRE(file.external.size() == 2);
  CHECK(file.external[0].name == "weights.bin");
  CHECK(text_of(file.external[0].source) == weights);
  CHECK(file.external[0].sha256 == webpool::detail::sha256_hex(std::as_bytes(std::span(weights))));
  CHECK(file.external[1].name == "bias.bin");
  CHECK(file.total_size() == file.size + 112);
}

TEST_CASE("a file beside a model that is missing or too short is told with its name and sizes") {
  const TemporaryFolder folder;
  const auto path = folder.add("m.onnx", onnx_file({{"x", {{1, 4}}}}, {{"y", {{1, 3}}}}, {},
                                                   {{"w", {4, 3}, {}, {{"location", "w.bin"}, {"offset", "64"}}}}));
  const auto refusal = [&] { return error_of([&] { read_model_file(path, {}); }); };
  CHECK(refusal().code() == errc::model_not_found);
  CHECK(refusal().message() == "model 'm' has tensor 'w' in 'w.bin', up to byte 112: there is no file '" +
                                   (folder.path() / "w.bin").string() + "'");
  folder.add("w.bin", std::string(111, 'w'));
  CHECK(refusal().code() == errc::model_invalid);
  CHECK(refusal().message() == "model 'm' has tensor 'w' in 'w.bin', up to byte 112: the file '" +
                                   (folder.path() / "w.bin").string() + "' has 111 bytes");
  folder.add("w.bin", std::string(112, 'w'));
  CHECK(read_model_file(path, {}).external.size() == 1);
}

TEST_CASE("no name in a model leads out of its folder") {
  const TemporaryFolder folder;
  for (const std::string name : {"../w.bin", "/etc/passwd", "sub/w.bin", "..", "", "C:w.bin", "sub\\w.bin"}) {
    CAPTURE(name);
    const auto path =
        folder.add("m.onnx", onnx_file({{"x", {{1}}}}, {{"y", {{1}}}}, {}, {{"w", {1}, {}, {{"location", name}}}}));
    CHECK(error_of([&] { read_model_file(path, {}); }).code() == errc::model_invalid);
  }
}

TEST_CASE("a model of any source is read as that of a file is") {
  const TemporaryFolder folder;
  const auto file = read_model_file(folder.add("small.onnx", small), {});
  for (const auto& source : {source::memory(small), piecemeal(small, 7)}) {
    const auto read = read_model_file({source, "named"});
    CHECK(read.name == "named");
    CHECK(read.sha256 == file.sha256);
    CHECK(read.size == file.size);
    CHECK(text_of(read.source) == small);
    CHECK(read.info.inputs.at(0).shape == Shape{1, 4});
  }
  CHECK(read_model_file({source::memory(small), "named"}, {.name = "by its options"}).name == "by its options");
}

TEST_CASE("a model without a name or a source is refused") {
  const Error nameless = error_of([] { read_model_file(source::memory(small)); });
  CHECK(nameless.code() == errc::invalid_options);
  CHECK(nameless.message() == "a model that does not come from a file has no name: give it one");
  const Error empty = error_of([] { read_model_file({std::shared_ptr<ByteSource>(), "m"}); });
  CHECK(empty.code() == errc::invalid_options);
  CHECK(empty.message() == "model 'm' has no source of bytes");
}

TEST_CASE("external data of a model of any source come from the sources that are found by their names") {
  std::vector<std::string> asked;
  const auto find = [&](std::string_view name) {
    asked.emplace_back(name);
    return source::memory(std::string(112, 'w'));
  };
  const auto read = read_model_file({source::memory(outer), "m", find});
  CHECK(asked == std::vector<std::string>{"w.bin"});
  REQUIRE(read.external.size() == 1);
  CHECK(read.external[0].name == "w.bin");
  CHECK(read.external[0].size == 112);

  const auto refusal = [&](FindSource with) {
    return error_of([&] { read_model_file({source::memory(outer), "m", with}); });
  };
  const std::string which = "model 'm' has tensor 'w' in 'w.bin', up to byte 112: ";
  for (const FindSource& none : {FindSource(), FindSource([](auto) { return nullptr; })}) {
    CHECK(refusal(none).code() == errc::model_not_found);
    CHECK(refusal(none).message() == which + "there is no source for a file 'w.bin'");
  }
  const Error shorter = refusal([](auto) { return source::memory(std::string(111, 'w')); });
  CHECK(shorter.code() == errc::model_invalid);
  CHECK(shorter.message() == which + "the source for a file 'w.bin' has 111 bytes");
  const Error thrown = refusal([](auto) { return throwing(std::runtime_error("no such block"), 112); });
  CHECK(thrown.code() == errc::load_failed);
  CHECK(thrown.message() == "'w.bin' of model 'm' can't be read: no such block");
  const Error lookup = refusal([](auto) -> std::shared_ptr<ByteSource> { throw std::runtime_error("no folder"); });
  CHECK(lookup.code() == errc::load_failed);
  CHECK(lookup.message() == "no folder");
}

TEST_CASE("what is wrong about a model's source is told with its name, what is wrong about the model as of a file") {
  const auto refusal = [](std::shared_ptr<ByteSource> source) {
    return error_of([&] { read_model_file({source, "m"}); });
  };
  CHECK(refusal(throwing(std::runtime_error("no such block"), 100)).message() ==
        "model 'm' can't be read: no such block");
  CHECK(refusal(throwing(1, 100)).code() == errc::load_failed);
  CHECK(refusal(piecemeal(small, 7, small.size() + 1)).message() ==
        "model 'm' can't be read: its bytes end after " + std::to_string(small.size()));
  const Error text = refusal(source::memory(std::string("Dear reader")));
  CHECK(text.code() == errc::model_invalid);
  CHECK(text.message() == "model 'm' is not valid ONNX: the file starts with the text 'Dear reader'");
  CHECK_THAT(refusal(source::memory(std::string())).message(), contains("the file is empty"));
}
