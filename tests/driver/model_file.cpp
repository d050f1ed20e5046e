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

TEST_CASE("a file that stays on disk has the same size, hash and description as one that is kept in memory") {
  const TemporaryFolder folder;
  const auto path = folder.add("m.onnx", onnx_file({{"x", {{"batch", 2}}}}, {{"y", {{3}}}}));
  driver::ModelFile small, large;
  driver::take_small_file(small, path);
  driver::take_large_file(large, path);
  CHECK(large.sha256 == small.sha256);
  CHECK(large.size == small.size);
  CHECK(large.info.inputs.at(0).symbols == small.info.inputs.at(0).symbols);
  CHECK(small.bytes->size() == small.size);
  CHECK_FALSE(small.file);
  CHECK_FALSE(large.bytes);
  CHECK(large.file->size() == large.size);
  CHECK(error_of([&] { driver::take_large_file(large, folder.path() / "absent"); }).code() == errc::model_not_found);
}
