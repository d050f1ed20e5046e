#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/detail/page_assets.hpp>
#include <webpool/driver/page_modules.hpp>
#include <webpool/driver/served_file.hpp>
#include <webpool/source/file.hpp>
#include <webpool/transport/http_answer.hpp>

namespace webpool::driver {

/// Answers the pages' HTTP requests: the page itself, ONNX Runtime Web's files, models by their hash, and the
/// application's modules and backends.
class PageFiles {
 public:
  /// A model, or a file beside one, by its SHA-256 in hexadecimal; null when no such model is loaded.
  using FindModel = std::function<const ServedFile*(std::string_view sha256)>;

  /// `model_origins`: whence workers may fetch models besides the pool; checked.
  PageFiles(std::filesystem::path ort_directory, PageModules modules, std::vector<std::string> model_origins,
            FindModel find_model)
      : modules_(std::move(modules)), model_origins_(std::move(model_origins)), find_model_(std::move(find_model)) {
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(ort_directory, failed)) {
      const std::string name = entry.path().filename().string();
      if ((name.ends_with(".mjs") || name.ends_with(".wasm")) && !name.starts_with("."))
        ort_files_.try_emplace(name, entry.path());
    }
  }

  transport::HttpAnswer operator()(std::string_view path) {
    if (path.starts_with("/models/")) {
      const ServedFile* model = find_model_(path.substr(8));
      if (!model) return not_found(path);
      return {.content_type = "application/octet-stream",
              .immutable = true,
              .source = model->source,
              .source_bytes = model->size};
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
                .may_evaluate = name == "/webnn_worker.js",  // ONNX Runtime Web's WebNN half makes functions from text
                .connect_to = name.ends_with("worker.js") ? model_origins_ : std::vector<std::string>()};
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

  transport::HttpAnswer ort_file(std::string_view name) {
    const auto path = ort_files_.find(name);
    auto file = path == ort_files_.end() ? nullptr : source::detail::File::open(path->second);
    if (!file) return not_found(name);
    const auto size = static_cast<std::size_t>(file->size());
    return {.content_type = name.ends_with(".mjs") ? "text/javascript" : "application/wasm",
            .source = std::move(file),
            .source_bytes = size};
  }

  /// By what a request may ask for: no path comes from one.
  std::map<std::string, std::filesystem::path, std::less<>> ort_files_;
  PageModules modules_;
  std::vector<std::string> model_origins_;
  FindModel find_model_;
};

}  // namespace webpool::driver
