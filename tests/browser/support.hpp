#pragma once

// What the tests with real browsers share: the pool, its models and their references, and a look at the processes.

#include <algorithm>
#include <asio/use_future.hpp>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/driver/batch.hpp>
#include <webpool/webpool.hpp>

#include "../../examples/support/media.hpp"
#include "../../examples/support/npy.hpp"
#include "../../examples/support/tokenizer.hpp"
#include "../browser_process/support.hpp"
#include "../support/checked_load.hpp"
#include "../support/processes.hpp"

namespace support {

/// As many tabs as the options say, so that a test knows what it has.
using BrowserPool = webpool::ResourcePool<webpool::selector::LeastLoaded, webpool::scaling::Fixed>;

inline const std::filesystem::path root = std::filesystem::path(WEBPOOL_TESTS_DIR).parent_path();
inline const std::filesystem::path models = root / "examples" / "models";
inline const std::filesystem::path digits_file = models / "digits" / "digits.onnx";
inline const std::filesystem::path encoder_file = models / "text" / "encoder.onnx";

/// A pool that keeps one browser of each kind, and has patience with them on a busy machine.
inline webpool::PoolOptions one_of_each(std::vector<webpool::Browser> kinds) {
  const std::size_t count = kinds.size();
  return {.min_connections = count,
          .max_connections = count,
          .browsers = std::move(kinds),
          .connection = {.connect_timeout = 60s, .health_interval = 5s}};
}

inline bool joined(const webpool::Pool& pool, std::size_t tabs) {
  return within(90s, [&] { return pool.metrics().connections == tabs; });
}

/// What is launched here.
inline const std::vector<webpool::Browser> kinds{webpool::Browser::chromium, webpool::Browser::firefox,
                                                 webpool::Browser::headless_shell};

/// One browser of each kind, for all tests of a program that need none of their own.
inline BrowserPool& shared_pool() {
  static BrowserPool pool(one_of_each(kinds));
  return pool;
}

// --- models

inline webpool::Inputs picture(int digit) {
  return {{"image", read_pgm(models / "digits" / "samples" / (std::to_string(digit) + ".pgm"))}};
}

inline std::vector<webpool::Inputs> ten_pictures() {
  std::vector<webpool::Inputs> all;
  for (int digit = 0; digit < 10; ++digit) all.push_back(picture(digit));
  return all;
}

inline webpool::Inputs sentence(std::size_t number) {
  const std::string n = std::to_string(number);
  return {{"ids", tokenize("Request number " + n + " asks for seat" + n + " in row" + std::to_string(number * 7 + 3))}};
}

/// One input that holds `count` sentences: a run that takes so many times as long.
inline webpool::Inputs sentences(std::size_t count) {
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < count; ++i) {
    const auto inputs = sentence(i);
    std::ranges::copy(inputs[0].tensor.as<std::int64_t>(), std::back_inserter(ids));
  }
  const auto rows = static_cast<std::int64_t>(count), columns = static_cast<std::int64_t>(sequence_length);
  return {{"ids", webpool::Tensor::from(std::move(ids), {rows, columns})}};
}

/// What native ONNX Runtime computes for each of the inputs, which hold one row each and run as one batch.
inline std::vector<std::vector<float>> native(const std::filesystem::path& file, const std::string& output,
                                              const std::vector<webpool::Inputs>& inputs) {
  const webpool::Tensor& first = inputs.at(0).at(0).tensor;
  auto rows = std::make_shared<std::vector<std::byte>>();
  for (const auto& each : inputs) {
    REQUIRE(each.at(0).tensor.shape() == first.shape());
    rows->insert(rows->end(), each[0].tensor.bytes().begin(), each[0].tensor.bytes().end());
  }
  const webpool::Shape batch = webpool::driver::with_rows(first.shape(), static_cast<std::int64_t>(inputs.size()));

  const Scripts folder;
  const std::string in = (folder.folder() / "in.npy").string(), out = (folder.folder() / "out.npy").string();
  npy::write(in, webpool::Tensor(first.datatype(), batch, *rows, rows));
  const std::string command = "node '" + (root / "js" / "tools" / "reference.mjs").string() + "' '" + file.string() +
                              "' --input '" + inputs[0][0].name + '=' + in + "' --output '" + output + '=' + out +
                              "' > /dev/null";
  REQUIRE(std::system(command.c_str()) == 0);
  const webpool::Tensor result = npy::read(out);
  const auto elements = result.as<float>();
  const std::size_t width = elements.size() / inputs.size();
  std::vector<std::vector<float>> results;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto row = elements.subspan(i * width, width);
    results.emplace_back(row.begin(), row.end());
  }
  return results;
}

/// The `difference` from native ONNX Runtime that an output may have. All compute in 32-bit floats (epsilon 6e-8) and
/// sum up to a thousand products per output, each in its own order: about 1e-6. WebAssembly has the reference's
/// kernels; GPUs and WebNN also fuse multiply-adds and approximate exp and the square root to some units in the last
/// place.
constexpr double tolerance(webpool::Backend backend) { return backend == webpool::Backend::wasm ? 2e-5 : 2e-4; }

// --- errors

/// The library's error inside `failed`; with code 0 when it is null.
inline webpool::Error error_in(const std::exception_ptr& failed) {
  try {
    if (failed) std::rethrow_exception(failed);
  } catch (const webpool::Error& error) {
    return error;
  }
  return {webpool::errc{}, "no error"};
}

template <class Action>
webpool::Error error_of(Action action) try {
  action();
  return {webpool::errc{}, "no error"};
} catch (const webpool::Error& error) {
  return error;
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

inline std::string printed(const auto& value) {
  std::ostringstream text;
  text << value;
  return std::move(text).str();
}

}  // namespace support
