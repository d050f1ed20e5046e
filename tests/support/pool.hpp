#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
#include <webpool/async.hpp>
#include <webpool/resource_pool.hpp>

#include "../catch.hpp"
#include "onnx_file.hpp"
#include "raw_tab.hpp"

namespace webpool::testing {

/// Matches a text that contains another one, with Catch2 version 3 or 2.
inline auto contains(const std::string& text) {
#if __has_include(<catch2/catch_all.hpp>)
  return Catch::Matchers::ContainsSubstring(text);
#else
  return Catch::Matchers::Contains(text);
#endif
}

/// A folder that goes with its object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "webpool-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("can't make " + pattern);
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path add(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return path_ / name;
  }

 private:
  std::filesystem::path path_;
};

/// A folder that looks like ONNX Runtime Web's to the pool.
inline const std::filesystem::path& ort_folder() {
  static const TemporaryFolder folder;
  static const std::filesystem::path file = folder.add("ort.wasm.bundle.min.mjs", "export const dummy = 1;\n");
  static const std::filesystem::path path = file.parent_path();
  return path;
}

/// A pool for tabs that tests open, without a word on its log; it tries no run again.
inline PoolOptions quiet() {
  PoolOptions options;
  options.min_connections = 0;
  options.launch_browsers = false;
  options.ort_directory = ort_folder();
  options.retries.attempts = 1;
  options.log = [](LogLevel, std::string_view) {};
  return options;
}

/// A model file for this test program: pictures go in, ten numbers each come out.
inline const std::filesystem::path& digits() {
  static const TemporaryFolder folder;
  static const std::filesystem::path path =
      folder.add("digits.onnx", onnx_file({{"image", {{"batch", 1, 28, 28}}}}, {{"probabilities", {{"batch", 10}}}}));
  return path;
}

/// Pictures for the digits model, the first pixel of each as given.
inline Inputs pictures(const std::vector<float>& first_pixels) {
  constexpr std::size_t pixels = 28 * 28;
  std::vector<float> values(first_pixels.size() * pixels);
  for (std::size_t i = 0; i < first_pixels.size(); ++i) values[i * pixels] = first_pixels[i];
  return {{"image", Tensor::from(std::move(values), {static_cast<std::int64_t>(first_pixels.size()), 1, 28, 28})}};
}
inline Inputs picture(float first_pixel = 0) { return pictures({first_pixel}); }

/// The error that a function throws; fails the test when it throws none.
template <class Function>
Error error_of(Function function) {
  try {
    function();
  } catch (const Error& error) {
    return error;
  }
  throw std::runtime_error("no error came");
}

inline Error error_in(const std::exception_ptr& failure) {
  return error_of([&] { std::rethrow_exception(failure); });
}

template <class Condition>
bool within(std::chrono::milliseconds limit, Condition condition) {
  for (const auto until = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < until;) {
    if (condition()) return true;
    std::this_thread::sleep_for(5ms);
  }
  return condition();
}

/// Collects the ends of requests, whichever thread they come on.
class Ends {
 public:
  auto handler() {
    return [this](const std::exception_ptr& failure, const Outputs& outputs) {
      const std::lock_guard lock(mutex_);
      if (failure)
        errors_.push_back(error_in(failure));
      else
        results_.push_back(outputs);
    };
  }

  std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return errors_.size() + results_.size();
  }
  bool reach(std::size_t number) const {
    return within(patience, [&] { return count() >= number; });
  }
  std::vector<Error> errors() const {
    const std::lock_guard lock(mutex_);
    return errors_;
  }
  std::vector<Outputs> results() const {
    const std::lock_guard lock(mutex_);
    return results_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Error> errors_;
  std::vector<Outputs> results_;
};

/// A pool with one tab, driven step by step, that holds the digits model.
struct Stage {
  explicit Stage(PoolOptions options = quiet(), ModelOptions how = {})
      : pool(std::move(options)), tab(pool.join_url()) {
    auto loading = std::async(std::launch::async, [&] { return pool.load(digits(), std::move(how)); });
    worker.emplace(tab.loaded_worker());
    model.emplace(loading.get());
  }

  Received run() { return next(worker->socket, "run"); }

  ResourcePool<> pool;
  RawTab tab;
  std::optional<RawWorker> worker;
  std::optional<Model> model;
};

}  // namespace webpool::testing
