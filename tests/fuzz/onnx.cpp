// A libFuzzer target: the bytes are a file that is said to be an ONNX model.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <webpool/onnx/external_data.hpp>
#include <webpool/onnx/model_info.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    for (const auto& file : webpool::onnx::read_external_files(std::as_bytes(std::span(data, size)), "model"))
      if (file.name.empty() || file.name.find('/') != file.name.npos || file.name == "..") std::abort();
  } catch (const webpool::Error& error) {
    if (error.code() != webpool::errc::model_invalid || error.message().empty()) std::abort();
  }
  try {
    const webpool::ModelInfo info = webpool::onnx::read_model_info(std::as_bytes(std::span(data, size)), "model");
    for (const auto& spec : info.inputs)
      if (!webpool::ModelInfo::find(info.inputs, spec.name)) std::abort();
  } catch (const webpool::Error& error) {
    const bool known = error.code() == webpool::errc::model_invalid || error.code() == webpool::errc::no_backend;
    if (!known || error.message().empty()) std::abort();
  }
  return 0;
}
