#include "../catch.hpp"

#include <string>
#include <webpool/onnx/file_kind.hpp>

namespace {

using namespace std::string_literals;
using webpool::onnx::describe_start, webpool::onnx::starts_like_onnx;

static_assert(starts_like_onnx("\x08\x07") && starts_like_onnx("\x08\x0a\x12"));
static_assert(!starts_like_onnx("") && !starts_like_onnx("\x08") && !starts_like_onnx("PK") &&
              !starts_like_onnx({"\x08\0", 2}));

}  // namespace

TEST_CASE("files that are passed in place of a model are named", "[onnx]") {
  CHECK(describe_start("GGUF\x03") == "is a GGUF model");
  CHECK(describe_start("\x1c\0\0\0TFL3"s) == "is a TensorFlow Lite model");
  CHECK(describe_start("\x10\0\0\0ORTM"s) == "is a model in ONNX Runtime's own format (.ort)");
  CHECK(describe_start("\x40\0\0\0\0\0\0\0{\"a\":"s) == "is a safetensors file");
  CHECK(describe_start("\x89HDF\r\n") == "is an HDF5 file, as Keras writes");
  CHECK(describe_start("\x1f\x8b\x08") == "is compressed with gzip");
  CHECK(describe_start("<!DOCTYPE html>") == "is an HTML page");
}

TEST_CASE("other files are shown by their start", "[onnx]") {
  CHECK(describe_start("ab") == "starts with the text 'ab'");
  CHECK(describe_start("name,value\n1,2") == "starts with the text 'name,value'");
  CHECK(describe_start(std::string(100, 'x')) == "starts with the text '" + std::string(24, 'x') + "'");
  CHECK(describe_start("\0\0\0"s) == "starts with zeros");
  CHECK(describe_start("\xde\xad\xbe\xef") == "starts with the bytes de ad be ef");
}
