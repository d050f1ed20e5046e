#include <webpool/driver/model_file.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

driver::ModelFile read_model_file(const std::filesystem::path& path, ModelOptions options) {
  return driver::read_model_file(path, options);
}

}  // namespace

TEST_CASE("a model file is read whole, hashed and described") {
  const TemporaryFolder folder;
  const std::string bytes = onnx_file({{"x", {{"batch", "", 3}}}}, {{"y", {{"batch"}}}});
  const auto file = read_model_file(folder.add("vit-tiny.onnx", bytes), {});
  CHECK(file.name == "vit-tiny");
  CHECK(*file.bytes == bytes);
  CHECK(file.sha256 == webpool::detail::sha256_hex(std::as_bytes(std::span(bytes))));
  CHECK(file.info.inputs.at(0).shape == Shape{Shape::any, Shape::any, 3});
  CHECK(file.info.outputs.at(0).shape == Shape{Shape::any});
}

TEST_CASE("free dimensions get their values in inputs and outputs") {
  const TemporaryFolder folder;
  const auto path = folder.add("m.onnx", onnx_file({{"x", {{"batch", "", 3}}}, {"z", {}}}, {{"y", {{"batch"}}}}));
  const auto file = read_model_file(path, {.name = "named", .free_dimensions = {{"batch", 2}}});
  CHECK(file.name == "named");
  CHECK(file.info.inputs.at(0).shape == Shape{2, Shape::any, 3});
  CHECK(file.info.inputs.at(1).any_rank);
  CHECK(file.info.outputs.at(0).shape == Shape{2});
}

TEST_CASE("values of dimensions that the model doesn't have are refused") {
  const TemporaryFolder folder;
  const auto path = folder.add("m.onnx", onnx_file({{"x", {{"batch", "", 3}}}}, {{"y", {{"length"}}}}));
  const auto refusal = [&](ModelOptions options) { return error_of([&] { read_model_file(path, options); }); };
  const Error unknown = refusal({.free_dimensions = {{"bach", 2}}});
  CHECK(unknown.code() == errc::invalid_options);
  CHECK_THAT(unknown.message(), contains("no free dimension 'bach'; it has: batch, length"));
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
  CHECK(*file.external[0].bytes == weights);
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
