#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/detail/page_assets.hpp>
#include <webpool/detail/read_file.hpp>
#include <webpool/driver/page_modules.hpp>
#include <webpool/transport/websocket_server.hpp>

namespace webpool::driver {

/// Answers the pages' HTTP requests: the page itself, ONNX Runtime Web's files, models by their hash, and the
/// application's modules and backends.
class PageFiles {
 public:
  /// A model's bytes by its SHA-256 in hexadecimal; null when no such model is loaded.
  using FindModel = std::function<std::shared_ptr<const std::string>(std::string_view sha256)>;

  /// `model_origins`: whence workers may fetch models besides the pool; checked.
  PageFiles(std::filesystem::path ort_directory, PageModules modules, std::vector<std::string> model_origins,
            FindModel find_model)
      : ort_directory_(std::move(ort_directory)),
        modules_(std::move(modules)),
        model_origins_(std::move(model_origins)),
        find_model_(std::move(find_model)) {}

  transport::HttpAnswer operator()(std::string_view path) const {
    if (path.starts_with("/models/")) {
      const auto bytes = find_model_(path.substr(8));
      return bytes ? transport::HttpAnswer{200, "application/octet-stream", bytes, true} : not_found(path);
    }
    if (path.starts_with("/ort/")) return ort_file(path.substr(5));
    if (path == "/modules/index.json")
      return {200, "application/json", std::make_shared<const std::string>(modules_.list()), false};
    if (path.starts_with("/modules/")) return script(path, modules_.find(path.substr(9)));
    if (path.starts_with("/backends/") && path.ends_with(".js"))
      return script(path, backend(path.substr(10, path.size() - 13)));
    const std::string_view name = path == "/" ? "/index.html" : path.starts_with("/js/") ? path.substr(3) : "";
    for (const auto& asset : detail::page_assets)
      if (asset.path == name)
        return {.content_type = std::string(asset.content_type),
                .body = std::make_shared<const std::string>(asset.bytes),
                .may_evaluate = name == "/worker.js",  // ONNX Runtime Web's WebNN half makes its functions from text
                .connect_to = name == "/worker.js" ? model_origins_ : std::vector<std::string>()};
    return not_found(path);
  }

 private:
  static transport::HttpAnswer not_found(std::string_view path) {
    return {404, "text/plain", std::make_shared<const std::string>("no " + std::string(path)), false};
  }

  static transport::HttpAnswer script(std::string_view path, std::shared_ptr<const std::string> text) {
    return text ? transport::HttpAnswer{200, "text/javascript", std::move(text), false} : not_found(path);
  }

  static std::shared_ptr<const std::string> backend(std::string_view name) {
    const auto* row = webpool::detail::registered_backend(parse_backend(name).value_or(Backend::wasm));
    return row ? row->module : nullptr;
  }

  /// Only plain names of modules and WebAssembly: no path leads out of the folder.
  transport::HttpAnswer ort_file(std::string_view name) const {
    const bool module = name.ends_with(".mjs");
    if ((!module && !name.ends_with(".wasm")) || name.find_first_of("/\\") != name.npos || name.starts_with("."))
      return not_found(name);
    auto bytes = webpool::detail::read_file(ort_directory_ / std::string(name));
    if (!bytes) return not_found(name);
    return {200, module ? "text/javascript" : "application/wasm", std::move(bytes), false};
  }

  std::filesystem::path ort_directory_;
  PageModules modules_;
  std::vector<std::string> model_origins_;
  FindModel find_model_;
};

}  // namespace webpool::driver
