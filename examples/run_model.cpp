// Runs any ONNX file: run_model model.onnx --input name=file.npy --output name=file.npy --browser firefox --backend
// webgpu
#include <iostream>
#include <string>
#include <webpool/webpool.hpp>

#include "support/npy.hpp"

namespace {
/// Splits "name=file.npy".
std::pair<std::string, std::string> assignment(const std::string& text) {
  if (const auto equals = text.find('='); equals != text.npos) return {text.substr(0, equals), text.substr(equals + 1)};
  throw webpool::Error(webpool::errc::invalid_options, "'" + text + "' is not of the form name=file.npy");
}

template <class Value>
Value known(const std::optional<Value>& value, const std::string& what) {
  if (!value) throw webpool::Error(webpool::errc::invalid_options, "there is no " + what);
  return *value;
}

int run(int argc, char** argv) {
  std::string file;
  webpool::PoolOptions pool_options{.max_connections = 1};
  webpool::ModelOptions model_options;
  webpool::Inputs inputs;
  std::vector<std::pair<std::string, std::string>> wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i], value = i + 1 < argc ? argv[i + 1] : "";
    if (!argument.starts_with("--")) {
      file = argument;
      continue;
    } else if (argument == "--input") {
      const auto [name, path] = assignment(value);
      inputs.push_back({name, npy::read(path)});
    } else if (argument == "--output") {
      wanted.push_back(assignment(value));
    } else if (argument == "--browser") {
      pool_options.browsers = {known(webpool::parse_browser(value), "browser '" + value + "'")};
    } else if (argument == "--backend") {
      model_options.backends = {known(webpool::parse_backend(value), "backend '" + value + "'")};
    } else {
      throw webpool::Error(webpool::errc::invalid_options, "there is no option " + argument);
    }
    ++i;
  }
  webpool::ResourcePool<> pool(pool_options);
  auto outputs = pool.load(file, model_options)(inputs);
  for (const auto& [name, path] : wanted) npy::write(path, outputs[name]);
  for (const auto& [name, tensor] : outputs)
    std::cout << name << ' ' << to_string(tensor.datatype()) << ' ' << tensor.shape() << '\n';
  std::cout << "ran on " << outputs.where() << " in " << outputs.times().compute << " ms\n";
  return 0;
}

}  // namespace

int main(int argc, char** argv) try { return run(argc, argv); } catch (const std::exception& error) {
  return std::cerr << "run_model: " << error.what() << '\n', 1;
}
