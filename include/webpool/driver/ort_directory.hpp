#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>
#include <webpool/error.hpp>

namespace webpool::driver {

/// Where ONNX Runtime Web's files are: the option, else `WEBPOOL_ORT_DIR`, else where CMake installed them.
/// Throws `errc::runtime_missing` with the places looked at and how to get the files.
inline std::filesystem::path find_ort_directory(const std::filesystem::path& option) {
  std::vector<std::filesystem::path> places;
  if (!option.empty()) {
    places = {option};
  } else if (const char* variable = std::getenv("WEBPOOL_ORT_DIR"); variable && *variable) {
    places = {variable};
  } else {
#ifdef WEBPOOL_ORT_INSTALL_DIR
    places = {WEBPOOL_ORT_INSTALL_DIR};
#endif
  }
  std::string looked;
  for (const auto& place : places) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(place / "ort.wasm.bundle.min.mjs", ignored)) return place;
    looked += (looked.empty() ? "" : ", ") + place.string();
  }
  throw Error(errc::runtime_missing, "ONNX Runtime Web is not in " + (looked.empty() ? "any known place" : looked) +
                                         ": run 'npm install onnxruntime-web' and point PoolOptions::ort_directory or "
                                         "WEBPOOL_ORT_DIR to node_modules/onnxruntime-web/dist");
}

}  // namespace webpool::driver
