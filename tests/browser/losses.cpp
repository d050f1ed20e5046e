// Browsers that go away, and hosts that do.

#include <asio/ip/tcp.hpp>
#include <atomic>

#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;

namespace {

/// Opens the pool's link as a person would, in a browser that the pool knows nothing about.
browser::Process open_link(const Pool& pool, Browser kind) {
  const auto installed = browser::find(kind);
  REQUIRE(installed);
  return std::move(browser::launch({.installed = *installed, .url = pool.join_url()})).value();
}

/// A run that takes a second or more, is not tried again, and how often and with what it ended.
class LongRun {
 public:
  LongRun(const Pool& pool, const Model& encoder) {
    encoder.async_run(support::sentences(64), {.retry = Retry::never},
                      [state = state_](std::exception_ptr failed, Outputs) {
                        if (++state->ends == 1) state->end.set_value(failed);
                      });
    REQUIRE(support::within(20s, [&] { return pool.metrics().in_flight == 1; }));
    std::this_thread::sleep_for(100ms);  // until the page computes
    REQUIRE(ends() == 0);
  }

  Error error() {
    auto end = state_->end.get_future();
    REQUIRE(end.wait_for(20s) == std::future_status::ready);
    return support::error_in(end.get());
  }
  int ends() const { return state_->ends; }

 private:
  struct State {
    std::atomic<int> ends = 0;
    std::promise<std::exception_ptr> end;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

void check_answer(const Outputs& outputs, const std::vector<float>& native) {
  CHECK(support::difference(support::values(outputs, "pooled"), native) <= support::tolerance(Backend::wasm));
}

/// Whether somebody listens on that port of this machine.
bool answers(std::uint16_t port) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  asio::error_code failed;
  socket.connect({asio::ip::address_v4::loopback(), port}, failed);
  REQUIRE((!failed || failed == asio::error::connection_refused));
  return !failed;
}

}  // namespace

TEST_CASE("a pool of attached tabs survives the loss of one", "[browser]") {
  const auto native = support::native(support::encoder_file, "pooled", {support::sentence(0)})[0];
  BrowserPool pool({.min_connections = 0, .launch_browsers = false, .connection = {.health_interval = 5s}});
  std::optional<browser::Process> guest = open_link(pool, Browser::chromium);
  const Model encoder = pool.load(support::encoder_file, {.backends = {Backend::wasm}});
  const Outputs first = encoder(support::sentence(0));
  check_answer(first, native);
  CHECK(first.where().browser.browser == Browser::chromium);
  CHECK_FALSE(first.where().browser.launched);

  LongRun run(pool, encoder);
  guest->terminate(0ms);
  const Error error = run.error();
  CHECK(error.code() == errc::connection_lost);
  CAPTURE(error.message());
  CHECK(contains(error.message(), "model 'encoder'"));
  CHECK(contains(error.message(), "chromium"));
  CHECK(pool.metrics().connections == 0);
  CHECK(pool.metrics().losses == 1);
  CHECK(pool.metrics().failed == 1);
  CHECK(pool.has_model("encoder"));

  auto waiting = encoder.async_run(support::sentence(0), asio::use_future);
  CHECK(waiting.wait_for(500ms) == std::future_status::timeout);
  guest = open_link(pool, Browser::firefox);
  REQUIRE(waiting.wait_for(60s) == std::future_status::ready);
  const Outputs second = waiting.get();
  check_answer(second, native);
  CHECK(second.where().browser.browser == Browser::firefox);
  CHECK(pool.metrics().joins == 2);
  CHECK(pool.metrics().launches == 0);
  CHECK(run.ends() == 1);
}

TEST_CASE("a tab or a whole browser killed in the middle of a run is replaced, and runs again what may", "[browser]") {
  const auto native = support::native(support::encoder_file, "pooled", {support::sentence(0)})[0];
  const auto kill_and_go_on = [&](Browser kind, std::uint64_t launches, auto kill) {
    CAPTURE(kind);
    BrowserPool pool(support::one_of_each({kind}));
    const Model encoder = pool.load(support::encoder_file, {.backends = {Backend::wasm}});
    LongRun run(pool, encoder);
    auto patient = encoder.async_run(support::sentence(0), asio::use_future);
    kill();
    const Error error = run.error();
    CHECK(error.code() == errc::connection_lost);
    CAPTURE(error.message());
    CHECK(contains(error.message(), "model 'encoder'"));
    CHECK(contains(error.message(), to_string(kind)));

    check_answer(patient.get(), native);
    const Outputs next = encoder(support::sentence(0));
    check_answer(next, native);
    CHECK(next.where().browser.browser == kind);
    const Metrics metrics = pool.metrics();
    CHECK(metrics.losses == 1);
    CHECK(metrics.launches == launches);
    CHECK(metrics.joins == 2);
    CHECK(metrics.retries == 1);
    CHECK(metrics.connections == 1);
    CHECK(metrics.loads == 2);
    CHECK(run.ends() == 1);
  };

  // A crashed page gets another tab of its browser; a browser that is gone, another browser.
  kill_and_go_on(Browser::chromium, 1, [] {
    const auto renderers = support::descendants_with("--type=renderer");
    REQUIRE_FALSE(renderers.empty());
    for (const pid_t process : renderers) ::kill(process, SIGKILL);
  });
  kill_and_go_on(Browser::firefox, 2, [] {
    const auto started = support::descendants_with("--profile");
    REQUIRE_FALSE(started.empty());
    const pid_t group = ::getpgid(started.front());
    REQUIRE(group != ::getpgrp());
    REQUIRE(::kill(-group, SIGKILL) == 0);
  });
}

TEST_CASE("a pool closed in the middle of its runs ends them and leaves nothing", "[browser]") {
  support::Scripts elsewhere;
  const support::Variable variable("TMPDIR", elsewhere.folder().string());
  const auto folders = [&] {
    return std::ranges::count_if(std::filesystem::directory_iterator(elsewhere.folder()), [](const auto& entry) {
      return entry.path().filename().string().starts_with("webpool-");
    });
  };
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox, Browser::headless_shell}));
  REQUIRE(support::joined(pool, 3));
  const Model encoder = pool.load(support::encoder_file, {.backends = {Backend::wasm}, .replicas = 3});
  const std::string url = pool.join_url();
  const auto port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  CHECK(folders() == 3);
  CHECK(support::descendants().size() > 3);
  CHECK(answers(port));

  constexpr std::size_t in_tabs = 3 * ConnectionSettings{}.requests_in_flight, count = 2 * in_tabs;
  std::vector<std::future<Outputs>> runs;
  for (std::size_t i = 0; i < count; ++i) runs.push_back(encoder.async_run(support::sentences(64), asio::use_future));
  REQUIRE(support::within(20s, [&] { return pool.metrics().in_flight == in_tabs; }));
  std::this_thread::sleep_for(100ms);
  const auto began = std::chrono::steady_clock::now();
  pool.close();
  CHECK(std::chrono::steady_clock::now() - began < 10s);

  for (auto& run : runs) {
    REQUIRE(run.wait_for(0s) == std::future_status::ready);
    CHECK(support::error_of([&] { run.get(); }).code() == errc::pool_closed);
  }
  CHECK(support::error_of([&] { encoder(support::sentence(0)); }).code() == errc::pool_closed);
  CHECK(support::error_of([&] { pool.load(support::digits_file); }).code() == errc::pool_closed);
  CHECK(pool.metrics().failed == count);
  CHECK(pool.metrics().connections == 0);
  std::string left;
  for (const pid_t process : support::descendants())
    left += std::to_string(process) + ' ' + support::command_of(process) + '\n';
  CHECK(left == "");
  CHECK(folders() == 0);
  CHECK_FALSE(answers(port));
}

TEST_CASE("a page that has crashed under several models is never told to reload", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  std::vector<Model> models;
  for (int i = 0; i < 4; ++i)
    models.push_back(pool.load(support::encoder_file, {.name = "m" + std::to_string(i), .backends = {Backend::wasm}}));
  for (int round = 0; round < 3; ++round) {
    const auto renderers = support::descendants_with("--type=renderer");
    REQUIRE_FALSE(renderers.empty());
    for (const pid_t process : renderers) ::kill(process, SIGKILL);
    REQUIRE(support::within(20s, [&] { return pool.metrics().losses == static_cast<std::uint64_t>(round) + 1; }));
    for (const Model& each : models) each(support::sentence(0));
  }
  for (const RecoveryStats& each : pool.recovery_stats()) {
    CHECK(each.trouble == reliability::Trouble::page_crashed);
    CHECK(each.rung != reliability::Rung::reload_page);
  }
}
