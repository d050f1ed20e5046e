#include <webpool/transport/http_sender.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>
#include <webpool/transport/websocket_server.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// So many KiB of this process are in memory and not of a file.
std::size_t anonymous_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("RssAnon:")) return std::stoul(line.substr(8));
  throw std::runtime_error("the system tells no RssAnon");
}

constexpr std::size_t size = 128u << 20;

/// Zeros but for its first and last three bytes, and on no disk.
std::filesystem::path large_file(const TemporaryFolder& folder) {
  const auto path = folder.add("large", "abc");
  std::filesystem::resize_file(path, size - 3);
  std::ofstream(path, std::ios::binary | std::ios::app) << "xyz";
  return path;
}

/// Answers every request with that file.
class FileServer {
 public:
  explicit FileServer(const std::filesystem::path& path)
      : file_(webpool::detail::FileReader::open(path)),
        server_(context_, "127.0.0.1", 0, 1 << 20,
                {.http = [this](auto) { return transport::HttpAnswer{.content_type = "text/plain", .file = file_}; },
                 .opened = [](const auto&) {},
                 .received = [](const auto&, auto, auto) {},
                 .closed = [](const auto&, auto) {}}),
        thread_([this] { context_.run(); }) {}
  ~FileServer() {
    context_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  asio::io_context context_{1};
  std::shared_ptr<webpool::detail::FileReader> file_;
  transport::WebSocketServer server_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a large file is sent without growing the memory of who sends it, whole or by ranges") {
  const TemporaryFolder folder;
  const auto path = large_file(folder);
  const FileServer server(path);
  const std::size_t before = anonymous_kib();
  TcpStream stream(server.port());
  stream.write(http_request(server.port(), "/", {}));
  const HttpReply whole = read_reply(stream);
  CHECK(whole.status == 200);
  CHECK(whole.headers.at("accept-ranges") == "bytes");
  REQUIRE(whole.headers.at("content-length") == std::to_string(size));
  std::size_t most = 0;
  CHECK(stream.read(3) == "abc");
  for (std::size_t left = size - 6, piece = 0; left > 0; left -= piece) {
    piece = std::min<std::size_t>(8u << 20, left);
    REQUIRE(stream.discard(piece));
    most = std::max(most, anonymous_kib());
  }
  CHECK(stream.read(3) == "xyz");
  CHECK(most < before + (64u << 10));

  const HttpReply begin = http_get(server.port(), "/", {{"Range", "bytes=1-4"}});
  CHECK(begin.status == 206);
  CHECK(begin.headers.at("content-range") == "bytes 1-4/" + std::to_string(size));
  CHECK(begin.body == std::string("bc\0\0", 4));
  CHECK(http_get(server.port(), "/", {{"Range", "bytes=" + std::to_string(size - 2) + "-"}}).body == "yz");
  const HttpReply behind = http_get(server.port(), "/", {{"Range", "bytes=" + std::to_string(size) + "-"}});
  CHECK(behind.status == 416);
  CHECK(behind.body == "it has " + std::to_string(size) + " bytes");

  // Somebody makes the file shorter: what is sent ends early, and others are answered.
  std::filesystem::resize_file(path, 100);
  CHECK(http_get(server.port(), "/", {{"Range", "bytes=50000-50009"}}).body.empty());
  CHECK(http_get(server.port(), "/", {{"Range", "bytes=0-1"}}).body == "ab");
}

TEST_CASE("what is in memory is sent by ranges too, an answer that is no file whole") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  const std::string page = http_get(port, "/js/page.js").body;
  CHECK(http_get(port, "/js/page.js", {{"Range", "bytes=10-19"}}).body == page.substr(10, 10));
  const HttpReply nothing = http_get(port, "/nothing", {{"Range", "bytes=1-2"}});
  CHECK(nothing.status == 404);
  CHECK(nothing.body == "no /nothing");
}
