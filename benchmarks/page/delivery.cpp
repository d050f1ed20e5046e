// A large file from disk to tabs. The tabs are scripted: what is measured is the host.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include "../../examples/demo/reference.hpp"
#include "../../tests/support/onnx_file.hpp"
#include "../../tests/support/raw_tab.hpp"
#include "../process.hpp"
#include "page.hpp"

namespace page {

namespace {

using namespace std::chrono_literals;
using namespace webpool::testing;
using comparison::in_proc;

/// An ONNX file with so many bytes more, in a field that nobody reads; written, unless it may be `hollow`.
std::filesystem::path model_of(const std::filesystem::path& folder, std::size_t ballast, bool hollow) {
  std::string bytes = onnx_file({{"x", {{2}}}}, {{"y", {{2}}}}) + "\xa2\x06";  // field 100, length-delimited
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

/// The system forgets what it keeps of a file in memory.
void drop_from_cache(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::fsync(file);
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

/// A tab that was told to load a model, and fetches it as often as it is told to.
class Fetching {
 public:
  explicit Fetching(const std::filesystem::path& path) {
    webpool::PoolOptions options{.min_connections = 0, .launch_browsers = false, .log = [](auto, std::string_view) {}};
    options.connection.health_interval = 0ms;
    pool_.emplace(options);
    RawTab tab(pool_->join_url());
    loading_ = std::async(std::launch::async, [this, path] { pool_->load(path); });
    while (!tab.socket.has_news(100ms)) {
    }
    RawWorker worker = tab.worker();
    const std::string load = next(worker.socket, "load").header;
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
    TcpStream stream(port_of(pool_->join_url()));
    stream.write(http_request(port_of(pool_->join_url()), url_, {}));
    if (read_reply(stream).status != 200) throw std::runtime_error("the model was not served");
    for (std::size_t done = 0, piece = 0; done < size; done += piece)
      if (piece = std::min<std::size_t>(1 << 20, size - done); !stream.read(piece))
        throw std::runtime_error("the model's end is missing");
  }

 private:
  std::optional<webpool::ResourcePool<>> pool_;
  std::future<void> loading_;
  std::string url_;
  std::optional<RawTab> tab_;
  std::optional<RawWorker> worker_;
};

}  // namespace

void measure_delivery(const Settings& settings, comparison::Report& report) {
  const demo::TemporaryFolder folder;
  comparison::Table table("A model file on its way to tabs", {"", "value", "unit"});
  {
    const std::size_t size = (settings.quick ? std::size_t{512} : std::size_t{2047}) << 20;
    const auto path = model_of(folder.path(), size, true);
    const std::size_t before = in_proc("status", "RssAnon:");
    const Fetching tab(path);
    std::atomic<bool> done = false;
    std::size_t most = 0;
    std::jthread watch([&] {
      for (; !done; std::this_thread::sleep_for(20ms)) most = std::max(most, in_proc("status", "RssAnon:"));
    });
    tab.fetch(std::filesystem::file_size(path));
    done = true;
    watch.join();
    const double growth = static_cast<double>(most - std::min(most, before)) / 1024;
    report.at_most("delivery/" + std::to_string(size >> 20) + "_mib/growth_of_host", growth, "MiB", 64);
    table.add({"growth of the host's memory while " + std::to_string(size >> 20) + " MiB go to a tab",
               comparison::text(growth), "MiB"});
  }
  {
    constexpr std::size_t size = std::size_t{256} << 20;
    const auto path = model_of(folder.path(), size, false);
    const Fetching tab(path);
    drop_from_cache(path);
    const std::size_t before = in_proc("io", "read_bytes:");
    std::vector<std::future<void>> tabs;
    for (int i = 0; i < 10; ++i) tabs.push_back(std::async(std::launch::async, [&] { tab.fetch(size); }));
    for (auto& each : tabs) each.get();
    const double reads = static_cast<double>(in_proc("io", "read_bytes:") - before) / static_cast<double>(size);
    report.at_most("delivery/ten_tabs/reads_of_disk", reads, "files", 1.1);
    table.add({"reads of the disk while ten tabs fetch the same 256 MiB", comparison::text(reads, 2), "files"});
  }
  table.print(std::cout);
}

}  // namespace page
