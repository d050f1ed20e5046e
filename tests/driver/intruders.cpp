// What strangers and hostile tabs may cost the pool, which keeps serving its own.

#include <set>

#include "../support/pool.hpp"
#include "../support/processes.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

constexpr unsigned policy_violation = 1008;
constexpr unsigned message_too_big = 1009;
constexpr std::size_t most_strangers = 256;  // as in the wire's document
const std::string wrong_token(32, '0');

const std::string pong = frame(R"({"type":"pong","id":1,"visible":true,"timer_drift_ms":0})");

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The status of the answer to these bytes; 0 when there is none.
int status_of(std::uint16_t port, std::string_view bytes) {
  TcpStream stream(port);
  stream.write(bytes);
  return read_reply(stream).status;
}

}  // namespace

TEST_CASE("a first message is short, later ones may be long") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  for (const char* path : {"/control", "/data"})
    for (const std::uint64_t announced : {std::uint64_t{65537}, std::uint64_t{100'000'000}}) {
      WebSocket socket(port, path);
      socket.send("x", Opcode::binary, true, announced);
      const auto closing = socket.receive_close();
      REQUIRE(closing);
      CHECK(closing->close_code() == message_too_big);
    }
  RawTab tab(pool.join_url());
  tab.socket.send(
      frame(R"({"type":"message","name":"long","body":")" + std::string(100'000, 'x') + R"(","tensors":[]})"));
  CHECK(within(patience, [&] { return pool.metrics().messages_received == 1; }));
}

TEST_CASE("a socket has one try to introduce itself") {
  const ResourcePool pool(quiet());
  WebSocket socket(port_of(pool.join_url()), "/control");
  socket.send(hello(wrong_token));
  socket.send(hello(token_of(pool.join_url())));
  CHECK(next(socket).type() == "refused");
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_code() == policy_violation);
  CHECK(pool.metrics().joins == 0);
}

TEST_CASE("wrong tokens are answered one by one, and a right one at once") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  constexpr std::size_t guesses = 12;
  const auto start = std::chrono::steady_clock::now();
  std::list<WebSocket> sockets;
  for (std::size_t i = 0; i < guesses; ++i) sockets.emplace_back(port, "/control").send(hello(wrong_token));
  const RawTab tab(pool.join_url());
  CHECK(seconds_since(start) < 1);
  for (WebSocket& socket : sockets) CHECK(next(socket).text("code") == "wrong_token");
  const double seconds = seconds_since(start);
  INFO(guesses / seconds << " wrong tokens are answered in a second");
  CHECK(seconds > (guesses - 2) * 0.1);
  CHECK(pool.metrics().connections == 1);
}

TEST_CASE("the token of an earlier pool on the same port is worth nothing") {
  PoolOptions options = quiet();
  std::string old;
  {
    const ResourcePool earlier(quiet());
    old = earlier.join_url();
  }
  options.port = port_of(old);
  const ResourcePool pool(std::move(options));
  WebSocket socket(port_of(old), "/control");
  socket.send(hello(token_of(old)));
  CHECK(next(socket).text("code") == "wrong_token");
  CHECK(pool.join_url() != old);
}

TEST_CASE("half-open connections give way to newcomers, and tabs stay") {
  Stage stage;
  const std::uint16_t port = stage.tab.port;
  const std::size_t before = support::open_descriptors();
  {
    std::list<TcpStream> silent;
    std::list<WebSocket> speechless;
    for (std::size_t i = 0; i < most_strangers; ++i) {
      if (i % 2 == 0)
        silent.emplace_back(port);
      else
        silent.emplace_back(port).write("GET / HTTP/1.1\r\nHost: ");
      if (i % 4 == 0) speechless.emplace_back(port, "/control");
      if (i % 32 == 0) CHECK(http_get(port, "/").status == 200);
    }
    // The clients' half is in this process too.
    CHECK(support::open_descriptors() <= before + silent.size() + speechless.size() + most_strangers + 8);
    CHECK(silent.front().read(1) == std::nullopt);
    Ends ends;
    stage.model->async_run(picture(3), ends.handler());
    stage.worker->answer(stage.run());
    REQUIRE(ends.reach(1));
    CHECK(ends.results().size() == 1);
    const RawTab newcomer(stage.pool.join_url());
  }
  CHECK(within(patience, [&] { return support::open_descriptors() <= before; }));
  CHECK(stage.pool.metrics().connections >= 1);
}

TEST_CASE("requests with too much in them are refused") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  const std::string start = "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port) + "\r\n";
  CHECK(status_of(port, start + "X: " + std::string(15'000, 'x') + "\r\n\r\n") == 200);
  CHECK(status_of(port, start + "X: " + std::string(16'000, 'x')) == 431);
  std::string many = start;
  while (many.size() < 16'000) many += "X: y\r\n";
  CHECK(status_of(port, many + "\r\n") == 431);
  CHECK(status_of(port, start + "Content-Length: 1\r\n\r\nx") == 413);
  CHECK(status_of(port, start + "Content-Length: 99999999999999999999\r\n\r\n") == 413);
}

TEST_CASE("a header of 100 MB costs no memory") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  const std::size_t before = support::resident_bytes();
  TcpStream stream(port);
  stream.write("GET / HTTP/1.1\r\nX: ");
  const std::string megabyte(1'000'000, 'x');
  for (int i = 0; i < 100; ++i) stream.write(megabyte);
  WebSocket socket(port, "/control");
  socket.send(std::string("\x00\xe1\xf5\x05", 4) + "{}  ");  // 100,000,000
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  CHECK_THAT(closing->close_reason(), contains("100000000 bytes don't fit into a frame of 8"));
  CHECK(support::resident_bytes() < before + (8u << 20));
}

TEST_CASE("answers that nobody reads are held once, however many ask for them") {
  const TemporaryFolder ort;
  constexpr std::size_t bytes = 32u << 20;
  ort.add("ort.wasm.bundle.min.mjs", std::string(bytes, ' '));
  PoolOptions options = quiet();
  options.ort_directory = ort.path();
  const ResourcePool pool(std::move(options));
  const std::uint16_t port = port_of(pool.join_url());
  const std::size_t before = support::resident_bytes();
  std::list<TcpStream> readers;
  for (int i = 0; i < 50; ++i) readers.emplace_back(port).write(http_request(port, "/ort/ort.wasm.bundle.min.mjs", {}));
  CHECK(read_reply(readers.back()).status == 200);
  // One copy for each would be fifty times that; ThreadSanitizer alone takes some times what the program does.
  CHECK(support::resident_bytes() < before + 10 * bytes);
  CHECK(http_get(port, "/ort/ort.wasm.bundle.min.mjs").body.size() == bytes);
}

TEST_CASE("tensors of impossible shapes are refused before memory is taken") {
  const ResourcePool pool(quiet());
  const std::size_t before = support::resident_bytes();
  for (const char* shape :
       {"[2147483648,2147483648]", "[4294967296,4294967296,4294967296]", "[9007199254740991]", "[9007199254740992]",
        "[9007199254740991,9007199254740991,9007199254740991,9007199254740991]", "[-1]", "[1e300]", "[0.5]",
        "[18446744073709551616]", "[1073741824]", "[1,1,1,1,1,1,1,1,1]"})
    for (const char* size : {"0", "8", "9007199254740991", "18446744073709551615"}) {
      CAPTURE(shape, size);
      RawTab tab(pool.join_url());
      tab.socket.send(
          frame(R"({"type":"message","name":"bomb","body":0,"tensors":[{"name":"x","datatype":"FP32","shape":)" +
                    std::string(shape) + R"(,"parameters":{"binary_data_size":)" + size + "}}]}",
                {"12345678"}));
      const auto closing = tab.socket.receive_close();
      REQUIRE(closing);
      CHECK(closing->close_code() == policy_violation);
    }
  CHECK(support::resident_bytes() < before + (8u << 20));
  CHECK(pool.metrics().messages_received == 0);
}

TEST_CASE("a tab's flood of messages waits its turn") {
  const ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  constexpr std::size_t pongs = 20'000;
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < pongs; ++i) tab.socket.send(pong);
  tab.socket.send(frame(R"({"type":"message","name":"after","body":0,"tensors":[]})"));
  CHECK(within(patience, [&] { return pool.metrics().messages_received == 1; }));
  INFO(pongs / seconds_since(start) << " messages of one tab are read in a second");
  CHECK(seconds_since(start) > 0.2);
  CHECK(pool.metrics().connections == 1);
}

TEST_CASE("a tab that reads nothing is sent nothing more") {
  PoolOptions options = quiet();
  options.connection.maximum_message_bytes = 1u << 20;
  options.connection.health_interval = 60s;
  ResourcePool pool(std::move(options));
  const RawTab deaf(pool.join_url());
  const std::string body = '"' + std::string(400'000, 'x') + '"';
  int sent = 0;
  while (sent < 1000 && pool.send_message(ConnectionId{deaf.connection}, "news", body)) ++sent;
  CHECK(sent > 0);
  CHECK(sent < 1000);
  CHECK(pool.broadcast_message("news", body) == 0);
  RawTab attentive(pool.join_url());
  CHECK(pool.broadcast_message("news", body) == 1);
  CHECK(next(attentive.socket, "message").text("name") == "news");
}

TEST_CASE("the log holds neither the token nor a worker's key") {
  std::string log;  // written on the pool's thread, read when that has ended
  std::set<std::string> secrets;
  {
    PoolOptions options = quiet();
    options.log_level = LogLevel::debug;
    options.log = [&](LogLevel, std::string_view line) { log += std::string(line) + '\n'; };
    ResourcePool pool(std::move(options));
    secrets.insert(token_of(pool.join_url()));
    RawTab tab(pool.join_url());
    auto loading = std::async(std::launch::async, [&] { return pool.load(digits()); });
    const Received open = next(tab.socket, "open_worker");
    secrets.insert(open.text("key"));
    RawWorker wrong(tab.port, open.integer("worker") + 1, open.text("key"));
    CHECK(wrong.socket.receive_close());
    RawWorker worker(tab.port, open.integer("worker"), open.text("key"));
    worker.load();
    const Model model = loading.get();
    WebSocket other(tab.port, "/control");
    other.send(frame(R"({"type":"hello","version":9,"token":")" + token_of(pool.join_url()) + "\"}"));
    CHECK(other.receive_close());
    http_get(tab.port, "/?token=" + token_of(pool.join_url()));
    worker.attach(open.integer("worker"), open.text("key"));
    CHECK(worker.socket.receive_close());
    tab.socket.send(hello(token_of(pool.join_url())));
    CHECK(tab.socket.receive_close());
  }
  CHECK_THAT(log, contains("out of turn") && contains("refused a tab"));
  for (const std::string& secret : secrets) CHECK(log.find(secret) == std::string::npos);
}
