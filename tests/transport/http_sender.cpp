#include <webpool/transport/http_sender.hpp>

#include <fstream>

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

/// A model of 65 MiB, most of which is in a field that nobody reads, and on no disk.
std::filesystem::path large_model(const TemporaryFolder& folder) {
  constexpr std::size_t ballast = 65u << 20;
  std::string bytes = onnx_file({{"x", {{2}}}}, {{"y", {{2}}}});
  bytes += "\xa2\x06";  // field 100, length-delimited
  for (std::size_t rest = ballast; rest > 0; rest >>= 7)
    bytes += static_cast<char>((rest & 0x7f) | (rest >> 7 > 0 ? 0x80 : 0));
  const auto path = folder.add("large.onnx", bytes);
  std::filesystem::resize_file(path, bytes.size() + ballast);
  return path;
}

}  // namespace

TEST_CASE("a large model goes from its file to a tab without growing the pool's memory, and by ranges") {
  const TemporaryFolder folder;
  const auto path = large_model(folder);
  const auto size = std::filesystem::file_size(path);
  std::future<Model> loading;
  PoolOptions options = quiet();
  options.connection.health_interval = 0ms;
  ResourcePool<> pool(options);
  RawTab tab(pool.join_url());
  const std::size_t before = anonymous_kib();
  loading = std::async(std::launch::async, [&] { return pool.load(path); });
  REQUIRE(
      within(3 * patience, [&] { return tab.socket.has_news(0ms); }));  // its hash takes a while without optimisation
  RawWorker worker = tab.worker();
  const std::string load = next(worker.socket, "load").header;
  const std::string url = load.substr(load.find("/models/"), 8 + 64);

  TcpStream stream(tab.port);
  stream.write(http_request(tab.port, url, {}));
  const HttpReply whole = read_reply(stream);
  CHECK(whole.status == 200);
  CHECK(whole.headers.at("accept-ranges") == "bytes");
  REQUIRE(whole.headers.at("content-length") == std::to_string(size));
  webpool::detail::Sha256 hash;
  std::size_t most = 0;
  for (std::size_t done = 0, piece = 1u << 20; done < size; done += piece) {
    piece = std::min<std::size_t>(piece, size - done);
    const auto part = stream.read(piece);
    REQUIRE(part);
    hash.update(std::as_bytes(std::span(*part)));
    if (done % (8u << 20) == 0) most = std::max(most, anonymous_kib());
  }
  CHECK("/models/" + hash.hex() == url);
  CHECK(most < before + (64u << 10));  // also where a sanitizer keeps what the test itself has freed

  const HttpReply begin = http_get(tab.port, url, {{"Range", "bytes=0-99"}});
  CHECK(begin.status == 206);
  CHECK(begin.headers.at("content-range") == "bytes 0-99/" + std::to_string(size));
  std::string head(100, '\0');
  std::ifstream(path, std::ios::binary).read(head.data(), 100);
  CHECK(begin.body == head);
  const HttpReply end = http_get(tab.port, url, {{"Range", "bytes=" + std::to_string(size - 5) + "-"}});
  CHECK(end.body == std::string(5, '\0'));
  const HttpReply behind = http_get(tab.port, url, {{"Range", "bytes=" + std::to_string(size) + "-"}});
  CHECK(behind.status == 416);
  CHECK(behind.body == "it has " + std::to_string(size) + " bytes");

  // Somebody makes the file shorter: what is sent ends early, and the pool lives on.
  std::filesystem::resize_file(path, 100);
  CHECK(http_get(tab.port, url, {{"Range", "bytes=50000-50009"}}).body.empty());
  CHECK(http_get(tab.port, "/").status == 200);
  pool.close();
  CHECK(error_of([&] { loading.get(); }).code() == errc::pool_closed);
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
