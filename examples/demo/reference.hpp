#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>
#include <webpool/error.hpp>
#include <webpool/tensor.hpp>

#include "../support/npy.hpp"
#include "models.hpp"

namespace demo {

/// A temporary folder.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "webpool-demo-XXXXXX").string();
    if (!mkdtemp(pattern.data())) throw webpool::Error(webpool::errc::invalid_options, "can't make a temporary folder");
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
};

/// What native ONNX Runtime computes on the CPU: for each of the model's inputs, each of its outputs.
inline std::vector<std::vector<webpool::Tensor>> reference(const DemoModel& model, const std::filesystem::path& tool) {
  const TemporaryFolder folder;
  const auto file_of = [&](const std::string& name) { return (folder.path() / (name + ".npy")).string(); };
  std::vector<std::vector<webpool::Tensor>> results;
  for (const auto& inputs : model.inputs) {
    std::string command = "node '" + tool.string() + "' '" + model.file.string() + "'";
    for (const auto& [name, tensor] : inputs) {
      npy::write(file_of(name), tensor);
      command += " --input '" + name + "=" + file_of(name) + "'";
    }
    for (const auto& name : model.outputs) command += " --output '" + name + "=" + file_of(name) + "'";
    if (std::system((command + " > /dev/null").c_str()) != 0)
      throw webpool::Error(webpool::errc::run_failed, "native ONNX Runtime failed: " + command);
    auto& outputs = results.emplace_back();
    for (const auto& name : model.outputs) outputs.push_back(npy::read(file_of(name)));
  }
  return results;
}

}  // namespace demo
