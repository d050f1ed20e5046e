// Browsers that join by the pool's link: what they compute is checked, and TLS makes their pages secure.

#include <asio/ip/tcp.hpp>
#include <csignal>
#include <fstream>
#include <future>
#include <regex>

#include <sys/wait.h>
#include <unistd.h>

#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;

namespace {

/// Opens the link as a person would, in a browser that the pool knows nothing about.
browser::Process open_link(const std::string& url, Browser kind, std::vector<std::string> flags = {}) {
  const auto installed = browser::find(kind);
  REQUIRE(installed);
  BrowserOptions options;
  options.flags = std::move(flags);
  return std::move(browser::launch({.installed = *installed, .url = url, .options = options})).value();
}

/// A port on which nobody listens.
std::uint16_t free_port() {
  asio::io_context context;
  asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
  return acceptor.local_endpoint().port();
}

/// examples/tls/nginx.conf at work, with other ports and a certificate that nobody vouches for.
class Proxy {
 public:
  Proxy(std::uint16_t listens, std::uint16_t pool) {
    std::ifstream file(support::root / "examples" / "tls" / "nginx.conf");
    std::string text{std::istreambuf_iterator<char>(file), {}};
    REQUIRE(text.find(":8080") != text.npos);
    text = std::regex_replace(text, std::regex(":8080"), ":" + std::to_string(pool));
    text = std::regex_replace(text, std::regex("listen 8443"), "listen 127.0.0.1:" + std::to_string(listens));
    const std::string folder = folder_.folder().string(), config = folder + "/nginx.conf";
    std::ofstream(config) << text;
    REQUIRE(std::system(("cd '" + folder +
                         "' && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
                         "-subj /CN=pool.example -keyout key.pem -out certificate.pem 2> openssl.log")
                            .c_str()) == 0);
    process_ = ::fork();
    if (process_ == 0) {
      ::execlp("nginx", "nginx", "-p", folder.c_str(), "-c", config.c_str(), nullptr);
      ::_exit(127);
    }
    REQUIRE(support::within(20s, [&] {
      asio::io_context context;
      asio::ip::tcp::socket socket(context);
      asio::error_code failed;
      return !socket.connect({asio::ip::address_v4::loopback(), listens}, failed);
    }));
  }
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;
  ~Proxy() {
    ::kill(process_, SIGTERM);
    ::waitpid(process_, nullptr, 0);
  }

 private:
  support::Scripts folder_;
  pid_t process_ = -1;
};

/// A pool that a browser reaches under a name that is not the machine's own, which the browser finds all the same.
struct Named {
  explicit Named(const std::string& origin, std::uint16_t port)
      : pool({.min_connections = 0,
              .launch_browsers = false,
              .port = port,
              .public_origin = origin,
              .page_modules = {support::root / "tests" / "browser" / "modules" / "secure.js"}}) {
    pool.on_message("place", [this](const PageMessage& message) { place.set_value(std::string(message.body)); });
    pool.on_join([this](const BrowserInfo& browser_info) { joined.set_value(browser_info); });
    browser.emplace(open_link(pool.join_url(), Browser::chromium,
                              {"--ignore-certificate-errors", "--host-resolver-rules=MAP pool.example 127.0.0.1"}));
    auto joining = joined.get_future();
    REQUIRE(joining.wait_for(90s) == std::future_status::ready);
    info = joining.get();
  }

  std::promise<std::string> place;
  std::promise<BrowserInfo> joined;
  BrowserInfo info;
  BrowserPool pool;
  std::optional<browser::Process> browser;
};

}  // namespace

TEST_CASE("what a guest computes agrees with an own browser's results, and proves it") {
  const auto [own, kind] =
      GENERATE(std::pair(Browser::chromium, Browser::firefox), std::pair(Browser::chromium, Browser::chromium));
  CAPTURE(kind);
  PoolOptions options = support::one_of_each({own});
  options.max_connections = 2;
  options.guests = {.recheck_share = 1, .proven_after = 5};
  BrowserPool pool(options);
  REQUIRE(support::joined(pool, 1));
  const browser::Process guest = open_link(pool.join_url(), kind);
  REQUIRE(support::joined(pool, 2));

  const Model digits = pool.load(support::digits_file, {.replicas = 2});
  const auto pictures = support::ten_pictures();
  const auto native = support::native(support::digits_file, "logits", pictures);
  std::vector<std::pair<Model, Inputs>> requests;
  for (int i = 0; i < 60; ++i) requests.emplace_back(digits, pictures[static_cast<std::size_t>(i % 10)]);
  const auto results = pool.execute_concurrent(requests);
  for (std::size_t i = 0; i < results.size(); ++i)
    CHECK(support::difference(support::values(results[i].value(), "logits"), native[i % 10]) <=
          support::tolerance(Backend::webgpu));

  const Metrics sums = pool.metrics();
  CHECK(sums.completed == 60);
  CHECK(sums.rechecked >= 5);
  CHECK(sums.disagreements == 0);
  CHECK(sums.unchecked == 0);
  for (const ConnectionInfo& each : pool.connections())
    CHECK(each.trust == (each.browser.launched ? Trust::own : Trust::proven));
}

TEST_CASE("behind a proxy that speaks TLS, a page on another name is secure, and runs a model on WebGPU") {
  const std::uint16_t listens = free_port(), behind = free_port();
  const Proxy proxy(listens, behind);
  const std::string origin = "https://pool.example:" + std::to_string(listens);
  Named named(origin, behind);
  CHECK(named.place.get_future().get() == R"({"origin":")" + origin + R"(","secure":true})");
  CHECK(named.info.cross_origin_isolated);
  CHECK_FALSE(named.info.launched);
  REQUIRE(named.info.webgpu);

  const Model digits = named.pool.load(support::digits_file, {.backends = {Backend::webgpu}});
  const auto native = support::native(support::digits_file, "logits", support::ten_pictures());
  for (int digit = 0; digit < 10; ++digit)
    CHECK(support::difference(support::values(digits(support::picture(digit)), "logits"),
                              native[static_cast<std::size_t>(digit)]) <= support::tolerance(Backend::webgpu));
}

TEST_CASE("without TLS, a page on another name is not secure: it has no WebGPU, and computes with WebAssembly") {
  const std::uint16_t port = free_port();
  Named named("http://pool.example:" + std::to_string(port), port);
  CHECK(support::contains(named.place.get_future().get(), R"("secure":false)"));
  CHECK_FALSE(named.info.cross_origin_isolated);
  CHECK_FALSE(named.info.webgpu);
  CHECK(named.pool.load(support::digits_file)(support::picture(3)).where().backend == Backend::wasm);
}
