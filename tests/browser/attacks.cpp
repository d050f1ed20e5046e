// Attacks from outside, while real browsers serve requests: what they cost, and that nobody else notices.

#include <sys/resource.h>

#include <list>
#include <mutex>

#include "../support/raw_tab.hpp"
#include "http_origin.hpp"
#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;
using testing::frame;
using testing::hello;
using testing::http_get;
using testing::HttpReply;
using testing::Opcode;
using testing::RawTab;
using testing::TcpStream;
using testing::WebSocket;

namespace {

using Clock = std::chrono::steady_clock;
const std::string wrong_token(32, '0');

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// The link of a pool that is gone: its port is free again.
std::string old_link() {
  return BrowserPool(
             PoolOptions{.min_connections = 0, .launch_browsers = false, .log = [](LogLevel, std::string_view) {}})
      .join_url();
}

/// A pool with one Chromium that answers requests all the time, on the port of an earlier one.
class BusyPool {
 public:
  const std::string old = old_link();

 private:
  PoolOptions options() {
    auto options = support::one_of_each({Browser::chromium});
    options.max_connections = 3;
    options.port = testing::port_of(old);
    options.log_level = LogLevel::debug;
    options.log = [this](LogLevel, std::string_view line) {
      const std::lock_guard lock(mutex_);
      log_ += std::string(line) + '\n';
    };
    return options;
  }
  support::Question question() {
    const auto inputs = support::picture(7);
    return {inputs, support::values(digits(inputs), "probabilities")};
  }

  std::mutex mutex_;
  std::string log_;

 public:
  BrowserPool pool{options()};
  Model digits = pool.load(support::digits_file, {.backends = {Backend::wasm}, .browsers = {Browser::chromium}});
  support::CheckedLoad load{digits, {question()}, {.requests = 200'000, .callers = 2, .pause = 1ms}};
  const std::uint16_t port = testing::port_of(old);
  const std::string token = testing::token_of(pool.join_url());

  std::string log() {
    const std::lock_guard lock(mutex_);
    return log_;
  }

  /// Carries out an attack and tells the longest time that a request took meanwhile.
  template <class Attack>
  void suffer(const std::string& name, Attack attack) {
    const auto start = Clock::now();
    const std::size_t before = load.submitted();
    attack();
    CHECK(support::within(20s, [&] { return load.submitted() > before + 20; }));
    report << name << ": " << seconds_since(start) << " s, " << load.submitted() - before << " requests; memory "
           << static_cast<double>(support::resident_bytes()) / (1 << 20) << " MiB, " << support::open_descriptors()
           << " descriptors\n";
  }

  std::ostringstream report;
};

/// Opens connections that never come to anything, as many as it can, and keeps the last thousand.
class HalfOpen {
 public:
  explicit HalfOpen(std::uint16_t port) : thread_([this, port](const std::stop_token& stop) { open(port, stop); }) {}
  std::size_t opened() const { return opened_; }

 private:
  void open(std::uint16_t port, const std::stop_token& stop) {
    std::list<TcpStream> held;
    while (!stop.stop_requested()) {
      TcpStream& stream = held.emplace_back(port);
      if (opened_ % 3 == 1) stream.write("GET /control HTTP/1.1\r\nHost: ");
      if (opened_ % 3 == 2)
        stream.write(testing::http_request(port, "/control",
                                           {{"Connection", "Upgrade"},
                                            {"Upgrade", "websocket"},
                                            {"Sec-WebSocket-Version", "13"},
                                            {"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}}));
      if (held.size() > 1000) held.pop_front();
      if (++opened_ > 1000) std::this_thread::sleep_for(1ms);
    }
  }

  std::atomic<std::size_t> opened_ = 0;
  std::jthread thread_;
};

/// The status of the answer to these bytes; 0 when there is none.
int status_of(std::uint16_t port, std::string_view bytes) {
  TcpStream stream(port);
  stream.write(bytes);
  return testing::read_reply(stream).status;
}

void check_closed(WebSocket& socket, unsigned code) {
  const auto closing = socket.receive_close();
  REQUIRE(closing);
  CHECK(closing->close_code() == code);
}

void come_from_elsewhere(BusyPool& busy) {
  const std::string at = ":" + std::to_string(busy.port);
  for (const testing::Headers& headers :
       {testing::Headers{{"Host", "evil.example" + at}}, testing::Headers{{"Host", "10.0.0.1" + at}},
        testing::Headers{{"Origin", "http://evil.example"}}, testing::Headers{{"Origin", "http://127.0.0.1:1"}}}) {
    CHECK(http_get(busy.port, "/", headers).status == 403);
    CHECK(WebSocket(busy.port, "/control", headers).status() == 403);
    CHECK(WebSocket(busy.port, "/data", headers).status() == 403);
  }
}

void guess_tokens(BusyPool& busy) {
  for (const std::string& token : {wrong_token, std::string(), testing::token_of(busy.old), busy.token + '0'}) {
    WebSocket socket(busy.port, "/control");
    socket.send(hello(token));
    CHECK(testing::next(socket).text("code") == "wrong_token");
    check_closed(socket, 1008);
  }
  WebSocket none(busy.port, "/control");
  none.send(frame(R"({"type":"hello","version":1,"capabilities":{}})"));
  check_closed(none, 1008);

  std::list<WebSocket> patient;
  const auto start = Clock::now();
  for (int i = 0; i < 30; ++i) patient.emplace_back(busy.port, "/control").send(hello(wrong_token));
  for (WebSocket& each : patient) CHECK(testing::next(each).text("code") == "wrong_token");
  const double answered = 30 / seconds_since(start);
  busy.report << "  answers to wrong tokens: " << answered << " in a second\n";
  CHECK(answered < 12);

  std::size_t guesses = 0;
  for (const auto begin = Clock::now(); seconds_since(begin) < 2; ++guesses)
    WebSocket(busy.port, "/control").send(hello(wrong_token));
  busy.report << "  guesses that do not wait for an answer: " << static_cast<double>(guesses) / 2 << " in a second\n";
}

void send_too_much(BusyPool& busy) {
  const std::string start = "GET / HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(busy.port) + "\r\n";
  CHECK(status_of(busy.port, start + "X: " + std::string(16'000, 'x')) == 431);
  CHECK(status_of(busy.port, start + "Content-Length: 100000000\r\n\r\n") == 413);
  TcpStream stream(busy.port);
  stream.write(start + "X: ");
  const std::string megabyte(1'000'000, 'x');
  for (int i = 0; i < 100; ++i) stream.write(megabyte);

  WebSocket announced(busy.port, "/control");
  announced.send("x", Opcode::binary, true, 100'000'000);
  check_closed(announced, 1009);
  WebSocket header(busy.port, "/control");
  header.send(std::string("\x00\xe1\xf5\x05", 4) + "{}  ");  // 100,000,000
  check_closed(header, 1008);
}

void send_impossible_tensors(BusyPool& busy) {
  for (const char* shape : {"[2147483648,2147483648]", "[4294967296,4294967296,4294967296]", "[9007199254740991]"}) {
    RawTab tab(busy.pool.join_url());
    tab.socket.send(
        frame(R"({"type":"message","name":"bomb","body":0,"tensors":[{"name":"x","datatype":"FP32","shape":)" +
                  std::string(shape) + R"(,"parameters":{"binary_data_size":8}}]})",
              {"12345678"}));
    check_closed(tab.socket, 1008);
  }
}

void flood_as_a_tab(BusyPool& busy) {
  RawTab tab(busy.pool.join_url());
  const std::string payload(125, 'x');
  for (int i = 0; i < 100'000; ++i) tab.socket.send(payload, Opcode::ping);
  tab.socket.send(frame(R"({"type":"message","name":"after","body":0,"tensors":[]})"));
  const auto heard = busy.pool.metrics().messages_received;
  CHECK(support::within(20s, [&] { return busy.pool.metrics().messages_received > heard; }));
}

void ask_for_other_files(BusyPool& busy) {
  for (const std::string start : {"/ort/", "/models/", "/modules/", "/js/", "/backends/", "/"})
    for (const char* end : {"../../../../../../../../etc/passwd", "..%2f..%2f..%2fetc/passwd", "/etc/passwd",
                            "..\\..\\package.json", "../package.json", "%2e%2e/package.json"}) {
      const HttpReply reply = http_get(busy.port, start + end);
      CHECK((reply.status == 404 || reply.status == 400));
      CHECK_FALSE(contains(reply.body, "root:"));
    }
}

/// Fifty requests a byte at a time, and an answer that takes its reader longer than a request may take.
void be_slow(BusyPool& busy) {
  auto reading = std::async(std::launch::async, [&] {
    TcpStream stream(busy.port);
    stream.write(testing::http_request(busy.port, "/ort/ort-wasm-simd-threaded.jspi.wasm", {}));
    stream.read_slowly(25ms);
    const std::size_t bytes = std::stoul(testing::read_reply(stream).headers.at("content-length"));
    return stream.read(bytes).has_value();
  });
  std::list<TcpStream> slow;
  for (int i = 0; i < 50; ++i) slow.emplace_back(busy.port);
  const std::string request = testing::http_request(busy.port, "/", {{"X", std::string(1000, 'x')}});
  const auto start = Clock::now();
  for (std::size_t i = 0; !slow.empty() && i < 200; ++i) {
    std::erase_if(slow, [&](TcpStream& each) {
      if (each.has_bytes(0ms) && !each.read(1)) return true;
      each.write(request.substr(i, 1));
      return false;
    });
    std::this_thread::sleep_for(50ms);
  }
  busy.report << "  slow requests were cut after " << seconds_since(start) << " s\n";
  CHECK(slow.empty());
  CHECK(seconds_since(start) < 8);
  CHECK(reading.get());
  CHECK(seconds_since(start) > 5.5);
}

void keep_the_door_busy(BusyPool& busy) {
  rlimit files{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 4096);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &files) == 0);
  const HalfOpen crowd(busy.port);
  REQUIRE(support::within(20s, [&] { return crowd.opened() > 1000; }));
  // At least as many more come while another browser joins.
  const auto chromium = browser::find(Browser::chromium);
  REQUIRE(chromium);
  const auto start = Clock::now();
  const auto guest = browser::launch({.installed = *chromium, .url = busy.pool.join_url()});
  REQUIRE(guest);
  CHECK(support::within(30s, [&] { return busy.pool.metrics().connections == 2; }));
  const std::size_t descriptors = support::open_descriptors();
  CHECK(descriptors < 1001 + 256 + 50);  // the attacker's, the pool's, and what else there is
  busy.report << "  a browser joined in " << seconds_since(start) << " s among " << crowd.opened()
              << " half-open connections; " << descriptors << " descriptors\n";
}

}  // namespace

TEST_CASE("attacks cost the pool little, and those whom it serves nothing", "[browser]") {
  BusyPool busy;
  REQUIRE(support::within(20s, [&] { return busy.load.submitted() > 100; }));
  http_get(busy.port, "/ort/ort-wasm-simd-threaded.jspi.wasm");  // what that takes once is no growth
  const std::size_t memory = support::resident_bytes(), descriptors = support::open_descriptors();
  busy.suffer("foreign Host and Origin", [&] { come_from_elsewhere(busy); });
  busy.suffer("other files", [&] { ask_for_other_files(busy); });
  busy.suffer("guessed tokens", [&] { guess_tokens(busy); });
  busy.suffer("100 MB headers", [&] { send_too_much(busy); });
  busy.suffer("impossible tensors", [&] { send_impossible_tensors(busy); });
  busy.suffer("a flood of pings", [&] { flood_as_a_tab(busy); });
  busy.suffer("slowloris", [&] { be_slow(busy); });
  busy.suffer("half-open connections", [&] { keep_the_door_busy(busy); });

  busy.load.stop();
  const support::Tally tally = busy.load.finish();
  const auto latencies = busy.load.latencies_ms();
  busy.report << "requests: " << tally.answered << " right of " << tally.submitted << ", the slowest took "
              << std::ranges::max(latencies) << " ms\n";
  INFO(busy.report.str());
  CHECK(tally.answered == tally.submitted);
  CHECK(std::ranges::max(latencies) < 5'000);
  CHECK(support::within(20s, [&] { return support::open_descriptors() <= descriptors + 2; }));
  CHECK(support::resident_bytes() < memory + (48u << 20));
  CHECK(contains(busy.log(), "refused a tab"));
  for (const std::string& secret : {busy.token, testing::token_of(busy.old)}) CHECK_FALSE(contains(busy.log(), secret));
}

TEST_CASE("a page of another origin gets nothing, even with the token", "[browser]") {
  BusyPool busy;
  const std::string page = R"(<!doctype html><script type="module">
    const token = ')" + busy.token +
                           R"(';
    const opens = url => new Promise((resolve, reject) => {
      const socket = new WebSocket(url);
      socket.onopen = resolve;
      socket.onerror = reject;
    });
    for (const host of ['127.0.0.1', 'localhost']) {
      const pool = `${host}:)" +
                           std::to_string(busy.port) + R"(`;
      const attempts = {
        fetch: () => fetch(`http://${pool}/#token=${token}`),
        blindly: () => fetch(`http://${pool}/js/page.js`, { mode: 'no-cors' }),
        post: () => fetch(`http://${pool}/`, { method: 'POST', mode: 'no-cors', body: token }).then(({ ok }) => ok || Promise.reject()),
        module: () => import(`http://${pool}/js/page.js`),
        control: () => opens(`ws://${pool}/control`),
        data: () => opens(`ws://${pool}/data`),
      };
      for (const [name, attempt] of Object.entries(attempts))
        await fetch(`/report/${name}/${await attempt().then(() => 'done', () => 'refused')}`);
    }
    await fetch('/report/end');
  </script>)";
  support::HttpOrigin evil({{"/", page}});
  const auto joins = busy.pool.metrics().joins;
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    CAPTURE(kind);
    const std::size_t ends = evil.count("/report/end");
    const auto installed = browser::find(kind);
    REQUIRE(installed);
    const auto victim = browser::launch({.installed = *installed, .url = evil.address() + "/"});
    REQUIRE(victim);
    CHECK(support::within(40s, [&] { return evil.count("/report/end") > ends; }));
  }
  for (const std::string name : {"fetch", "blindly", "post", "module", "control", "data"}) {
    CAPTURE(name);
    CHECK(evil.count("/report/" + name + "/refused") == 4);
    CHECK(evil.count("/report/" + name + "/done") == 0);
  }
  CHECK(busy.pool.metrics().joins == joins);
  busy.load.stop();
  const support::Tally tally = busy.load.finish();
  CHECK(tally.answered == tally.submitted);
}
