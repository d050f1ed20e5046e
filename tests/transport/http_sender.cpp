#include <webpool/transport/http_sender.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <webpool/source/file.hpp>
#include <webpool/source/memory.hpp>
#include <webpool/transport/websocket_server.hpp>

#include "../support/byte_sources.hpp"
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

/// Answers every request with that source, but "/text" with a text.
class SourceServer {
 public:
  explicit SourceServer(std::shared_ptr<ByteSource> source)
      : source_(std::move(source)),
        server_(context_, {.maximum_message_bytes = 1 << 20},
                [this](std::string_view path) -> transport::HttpAnswer {
                  if (path == "/text") return {.body = std::make_shared<const std::string>("text")};
                  return {.content_type = "text/plain", .source = source_, .source_bytes = source_->size()};
                },
                {}),
        thread_([this] { context_.run(); }) {}
  ~SourceServer() {
    context_.stop();
    thread_.join();
  }
  std::uint16_t port() const { return server_.port(); }

 private:
  asio::io_context context_{1};
  std::shared_ptr<ByteSource> source_;
  transport::WebSocketServer server_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a large file is sent without growing the memory of who sends it, whole or by ranges") {
  const TemporaryFolder folder;
  const auto path = large_file(folder);
  const SourceServer server(source::file(path));
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

  // Somebody makes the file shorter: who asks for what is gone is told, and others are answered.
  std::filesystem::resize_file(path, 100);
  CHECK(http_get(server.port(), "/", {{"Range", "bytes=50000-50009"}}).body == "its bytes end after 50000");
  CHECK(http_get(server.port(), "/", {{"Range", "bytes=0-1"}}).body == "ab");
}

TEST_CASE("a source in memory is sent from there, whole or by ranges, and so is an empty one") {
  const SourceServer server(source::memory(std::string("0123456789")));
  CHECK(http_get(server.port(), "/").body == "0123456789");
  CHECK(http_get(server.port(), "/", {{"Range", "bytes=3-5"}}).body == "345");
  const SourceServer empty(source::memory(std::string()));
  CHECK(http_get(empty.port(), "/").status == 200);
  CHECK(http_get(empty.port(), "/").body.empty());
}

TEST_CASE("a source is sent as it comes, by ranges too") {
  const std::string text = std::string(1'500'000, 'a') + "end";
  const SourceServer server(piecemeal(text, 100'001));
  CHECK(http_get(server.port(), "/").body == text);
  CHECK(http_get(server.port(), "/", {{"Range", "bytes=1500000-"}}).body == "end");
}

TEST_CASE("a source that fails at once is told by its sentence, one that fails later when it is asked again") {
  const SourceServer broken(throwing(std::runtime_error("no such block"), 100));
  for (const HttpReply& reply :
       {http_get(broken.port(), "/"), http_get(broken.port(), "/", {{"Range", "bytes=50-"}})}) {
    CHECK(reply.status == 500);
    CHECK(reply.headers.at("content-type") == "text/plain");
    CHECK(reply.headers.at("cache-control") == "no-cache");
    CHECK(reply.body == "no such block");
  }
  const SourceServer ends(piecemeal(std::string(1'500'000, 'a'), 1 << 20, 3'000'000));
  TcpStream stream(ends.port());
  stream.write(http_request(ends.port(), "/", {}));
  CHECK(read_reply(stream).headers.at("content-length") == "3000000");
  CHECK(stream.discard(1 << 20));
  CHECK_FALSE(stream.discard(1));
  const HttpReply rest = http_get(ends.port(), "/", {{"Range", "bytes=1048576-"}});
  CHECK(rest.status == 500);
  CHECK(rest.body == "its bytes end after 1500000");
  CHECK(http_get(ends.port(), "/text").body == "text");
}

TEST_CASE("while a source takes its time, others are answered") {
  std::promise<void> asked, go;
  const SourceServer server(source::generator(4, [&](std::uint64_t, std::span<std::byte> into) {
    asked.set_value();
    go.get_future().wait();
    std::ranges::fill(into, std::byte{'x'});
    return into.size();
  }));
  TcpStream slow(server.port());
  slow.write(http_request(server.port(), "/", {}));
  asked.get_future().wait();
  CHECK(http_get(server.port(), "/text").body == "text");
  go.set_value();
  CHECK(read_reply(slow).status == 200);
  CHECK(slow.read(4) == "xxxx");
}

TEST_CASE("a server that goes while a source is read waits for that read alone") {
  std::promise<void> asked;
  std::atomic<int> reads = 0;
  {
    const SourceServer server(source::generator(10 << 20, [&](std::uint64_t, std::span<std::byte> into) {
      if (++reads == 1) asked.set_value();
      std::this_thread::sleep_for(50ms);
      return into.size();
    }));
    TcpStream slow(server.port());
    slow.write(http_request(server.port(), "/", {}));
    asked.get_future().wait();
  }
  CHECK(reads <= 2);
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
