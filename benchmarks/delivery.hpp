#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <webpool/resource_pool.hpp>

#include "../tests/support/onnx_file.hpp"
#include "../tests/support/raw_tab.hpp"
#include "process.hpp"

/// A large file from disk to tabs. The tabs are scripted: what is measured is the host.
namespace comparison {

/// An ONNX file with so many bytes more, in a field that nobody reads; written, unless it may be `hollow`.
inline std::filesystem::path model_of(const std::filesystem::path& folder, std::size_t ballast, bool hollow) {
  std::string bytes =
      webpool::testing::onnx_file({{"x", {{2}}}}, {{"y", {{2}}}}) + "\xa2\x06";  // field 100, length-delimited
  for (std::size_t rest = ballast; rest > 0; rest >>= 7)
    bytes += static_cast<char>((rest & 0x7f) | (rest >> 7 > 0 ? 0x80 : 0));
  const auto path = folder / (std::to_string(ballast) + ".onnx");
  std::ofstream out(path, std::ios::binary);
  out << bytes;
  const std::string piece(1 << 20, 'w');
  for (std::size_t done = 0; !hollow && done < ballast; done += piece.size()) out << piece;
  out.close();
  std::filesystem::resize_file(path, bytes.size() + ballast);
  return path;
}

/// A tab that was told to load a model, and fetches it as often as it is told to.
class Fetching {
 public:
  explicit Fetching(const std::filesystem::path& path) {
    webpool::PoolOptions options{.min_connections = 0, .launch_browsers = false, .log = [](auto, std::string_view) {}};
    options.connection.health_interval = {};
    pool_.emplace(options);
    webpool::testing::RawTab tab(pool_->join_url());
    loading_ = std::async(std::launch::async, [this, path] { pool_->load(path); });
    while (!tab.socket.has_news(std::chrono::milliseconds(100))) {
    }
    webpool::testing::RawWorker worker = tab.worker();
    const std::string load = webpool::testing::next(worker.socket, "load").header;
    url_ = load.substr(load.find("/models/"), 8 + 64);
    tab_.emplace(std::move(tab));
    worker_.emplace(std::move(worker));
  }
  ~Fetching() {
    pool_.reset();
    try {
      loading_.get();
    } catch (const webpool::Error&) {  // the pool was closed before anybody held the model
    }
  }

  void fetch(std::size_t size) const {
    const auto port = webpool::testing::port_of(pool_->join_url());
    webpool::testing::TcpStream stream(port);
    stream.write(webpool::testing::http_request(port, url_, {}));
    if (webpool::testing::read_reply(stream).status != 200) throw std::runtime_error("the model was not served");
    for (std::size_t done = 0, piece = 0; done < size; done += piece)
      if (piece = std::min<std::size_t>(1 << 20, size - done); !stream.read(piece))
        throw std::runtime_error("the model's end is missing");
  }

 private:
  std::optional<webpool::ResourcePool<>> pool_;
  std::future<void> loading_;
  std::string url_;
  std::optional<webpool::testing::RawTab> tab_;
  std::optional<webpool::testing::RawWorker> worker_;
};

/// What the memory of this process grows by, in MiB, while a model of so many bytes goes from a file in the folder to a
/// tab.
inline double growth_by_delivery(const std::filesystem::path& folder, std::size_t size) {
  const auto path = model_of(folder, size, true);
  const std::size_t before = in_proc("status", "RssAnon:");
  const Fetching tab(path);
  std::atomic<bool> done = false;
  std::size_t most = before;
  std::jthread watch([&] {
    for (; !done; std::this_thread::sleep_for(std::chrono::milliseconds(20)))
      most = std::max(most, in_proc("status", "RssAnon:"));
  });
  tab.fetch(std::filesystem::file_size(path));
  done = true;
  watch.join();
  return static_cast<double>(most - before) / 1024;
}

}  // namespace comparison
