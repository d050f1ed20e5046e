// What guests answer is computed again in own tabs, over real sockets.

#include <sys/stat.h>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/use_future.hpp>

#include "../support/decoder.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// Launches a program that is no browser, but writes down the link that it was given, and ends when it is told to.
class OwnBrowser {
 public:
  PoolOptions options(double share = 1, unsigned proven_after = 2) const {
    PoolOptions all = quiet();
    all.min_connections = 1;
    all.launch_browsers = true;
    all.browsers = {Browser::chrome};
    all.browser_options[Browser::chrome].executable = program_;
    all.retries.attempts = 3;
    all.guests.recheck_share = share;
    all.guests.proven_after = proven_after;
    return all;
  }

  /// What the page of that browser says in its hello.
  std::string launch() const {
    std::string link;
    const auto read = [&] {
      std::ifstream(folder_.path() / "link") >> link;
      return link.find("&launch=") != link.npos;
    };
    REQUIRE(within(patience, read));
    return R"(,"launch":)" + link.substr(link.find("&launch=") + 8);
  }

 private:
  static std::filesystem::path write(const TemporaryFolder& folder) {
    const std::string script = R"sh(#!/bin/sh
for link in "$@"; do :; done
cd "$(dirname "$0")" && echo "$link" > new && mv new link
exec grep -qzm1 Browser.close <&3
)sh";
    const auto path = folder.add("browser", script);
    ::chmod(path.c_str(), 0700);
    return path;
  }

  TemporaryFolder folder_;
  std::filesystem::path program_ = write(folder_);
};

float first_of(const Outputs& outputs) { return outputs["probabilities"].as<float>()[0]; }

const ServingTab::Answer honest = [](RawWorker& worker, const Received& run) { worker.answer(run); };
const ServingTab::Answer wrong = [](RawWorker& worker, const Received& run) {
  const std::vector<float> values(10, 0.5F);
  worker.result(run.integer("id"), values, "[1,10]");
};

/// A pool with an own tab, and a guest that answers as told, which both hold the digits model. While `gate_closed` the
/// own tab answers nothing.
struct Two {
  Two(const ServingTab::Answer& guest_answer, PoolOptions options, const OwnBrowser& browser, ModelOptions how = {})
      : pool(std::move(options)),
        own(
            pool.join_url(), [this](RawWorker& worker, const Received& run) { answer_as_own(worker, run); },
            browser.launch()),
        guest(pool.join_url(), guest_answer) {
    how.replicas = 2;
    model.emplace(pool.load(digits(), std::move(how)));
  }
  ~Two() { gate_closed = false; }

  void answer_as_own(RawWorker& worker, const Received& run) {
    within(patience, [this] { return !gate_closed; });
    worker.answer(run);
  }

  /// Asks until `enough`, and checks each answer.
  template <class Enough>
  void ask_until(Enough enough) {
    for (int i = 0; i < 1000 && !enough(); ++i) REQUIRE(first_of((*model)(picture(3))) == 3.0F);
    REQUIRE(enough());
  }

  ConnectionInfo guest_info() const {
    for (const ConnectionInfo& each : pool.connections())
      if (each.trust != Trust::own) return each;
    return {};
  }

  std::atomic<bool> gate_closed = false;
  ResourcePool<> pool;
  ServingTab own, guest;
  std::optional<Model> model;
};

}  // namespace

TEST_CASE("a guest that answers wrongly is closed with the facts, and no caller gets what it said") {
  OwnBrowser browser;
  PoolOptions options = browser.options();
  std::mutex mutex;
  std::string log;
  options.log = [&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    log.append(line) += '\n';
  };
  Two two(wrong, options, browser);
  two.ask_until([&] { return two.pool.metrics().disagreements == 1; });
  CHECK(within(patience, [&] { return two.guest.dismissed(); }));
  for (int i = 0; i < 10; ++i) CHECK(first_of((*two.model)(picture(3))) == 3.0F);
  const Metrics sums = two.pool.metrics();
  CHECK(sums.connections == 1);
  CHECK(sums.unchecked == 0);
  CHECK(sums.completed == sums.submitted);
  const std::lock_guard lock(mutex);
  CHECK_THAT(log,
             contains("closing the tab in firefox 1.0: model 'digits' on a guest's firefox/wasm, computed again on "
                      "chrome/wasm: output 'probabilities' FP32 [1, 10] has 0.5 instead of 3 at element 0"));
}

TEST_CASE("many requests at once, one guest that is wrong: every answer is right") {
  OwnBrowser browser;
  Two two(wrong, browser.options(), browser, {.batching = {.maximum = GENERATE(1u, 4u)}});
  Ends ends;
  for (int i = 0; i < 100; ++i) two.model->async_run(picture(3), ends.handler());
  REQUIRE(ends.reach(100));
  CHECK(ends.errors().empty());
  for (const Outputs& each : ends.results()) CHECK(first_of(each) == 3.0F);
  CHECK(two.pool.metrics().disagreements == 1);
}

TEST_CASE("a wrong answer is not remembered by the response cache") {
  OwnBrowser browser;
  Two two(wrong, browser.options(), browser, {.response_cache_bytes = 1 << 20});
  float value = 0;
  while (two.pool.metrics().disagreements == 0) {
    REQUIRE(value < 1000);
    ++value;
    CHECK(first_of((*two.model)(picture(value))) == value);
  }
  const Outputs again = (*two.model)(picture(value));
  CHECK(again.from_cache());
  CHECK(first_of(again) == value);
}

TEST_CASE("a guest that answers rightly is proven, and checked less and less") {
  OwnBrowser browser;
  Two two(honest, browser.options(0.01, 2), browser);
  CHECK(two.guest_info().trust == Trust::guest);
  two.ask_until([&] { return two.guest.runs() >= 200; });
  CHECK(two.guest_info().trust == Trust::proven);
  const Metrics sums = two.pool.metrics();
  CHECK(two.guest_info().agreements == sums.rechecked);
  CHECK(sums.rechecked >= 2);
  CHECK(sums.rechecked <= 100);  // about the square root of 400, so 20
  CHECK(sums.disagreements + sums.unchecked == 0);
}

TEST_CASE("a checked result says who computed it first, and how long all took") {
  OwnBrowser browser;
  Two two(honest, browser.options(), browser);
  std::optional<Outputs> checked;
  two.ask_until([&] {
    const auto before = two.pool.metrics().rechecked;
    Outputs outputs = (*two.model)(picture(3));
    if (two.pool.metrics().rechecked > before) checked = std::move(outputs);
    return checked.has_value();
  });
  CHECK(checked->where().browser.browser == Browser::firefox);
  CHECK(checked->times().total > 0);
}

TEST_CASE("deadlines and cancellation work while results are computed again") {
  OwnBrowser browser;
  Two two(honest, browser.options(), browser);
  two.gate_closed = true;
  constexpr std::size_t requests = 8, in_own_tab = 2;
  Ends ends;
  SECTION("deadlines") {
    for (std::size_t i = 0; i < requests; ++i) two.model->async_run(picture(3), {.deadline = 500ms}, ends.handler());
    REQUIRE(ends.reach(requests));
    for (const Error& each : ends.errors()) CHECK(each.code() == errc::deadline_exceeded);
    CHECK(std::ranges::count_if(ends.errors(), [](const Error& each) {
            return each.message().find("computed again") != std::string::npos;
          }) >= std::ptrdiff_t{requests - in_own_tab});
    CHECK(two.pool.metrics().expired == requests);
  }
  SECTION("cancellation") {
    std::vector<asio::cancellation_signal> signals(requests);
    for (auto& each : signals)
      two.model->async_run(picture(3), asio::bind_cancellation_slot(each.slot(), ends.handler()));
    REQUIRE(within(patience, [&] { return two.guest.runs() >= requests - in_own_tab; }));
    for (auto& each : signals) each.emit(asio::cancellation_type::total);
    REQUIRE(ends.reach(requests));
    CHECK(two.pool.metrics().cancelled == requests);
  }
  CHECK(ends.errors().size() == requests);
  two.gate_closed = false;
  const auto before = two.pool.metrics().rechecked;
  two.ask_until([&] { return two.pool.metrics().rechecked > before; });
  CHECK(ends.count() == requests);
}

TEST_CASE("without an own tab that holds the model, results go out unchecked and are counted") {
  OwnBrowser browser;
  Two two(honest, browser.options(), browser);
  two.own.leave();
  two.ask_until([&] { return two.pool.metrics().unchecked >= 5; });
  CHECK(two.pool.metrics().failed == 0);
}

TEST_CASE("a result that is being checked when the own tab goes is delivered") {
  OwnBrowser browser;
  Two two(honest, browser.options(), browser);
  two.gate_closed = true;
  Ends ends;
  for (int i = 0; i < 8; ++i) two.model->async_run(picture(3), ends.handler());
  REQUIRE(within(patience, [&] { return two.guest.runs() >= 6; }));
  two.gate_closed = false;
  two.own.leave();
  REQUIRE(ends.reach(8));
  for (const Outputs& each : ends.results()) CHECK(first_of(each) == 3.0F);
}

TEST_CASE("a model for own tabs only stays out of guests") {
  OwnBrowser browser;
  Two two(honest, browser.options(0), browser);
  const Model secret = two.pool.load(digits(), {.name = "secret", .own_tabs_only = true});
  for (int i = 0; i < 20; ++i) CHECK(first_of(secret(picture(3))) == 3.0F);
  CHECK(two.guest.runs() == 0);
  CHECK(two.guest_info().models == 1);
}

TEST_CASE("what a guest generates is not computed again") {
  OwnBrowser browser;
  PoolOptions options = browser.options();
  options.connection.requests_in_flight = 1;
  ResourcePool<> pool(options);
  RawTab own(pool.join_url(), browser.launch()), guest(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return pool.load(decoder(), {.replicas = 2, .context = 100}); });
  RawWorker own_worker = own.loaded_worker(), guest_worker = guest.loaded_worker();
  const Model model = loading.get();
  auto one = model.async_generate({1}, {.max_tokens = 5}, {}, asio::use_future);
  auto other = model.async_generate({1}, {.max_tokens = 5}, {}, asio::use_future);
  const auto answer_without_a_token = [](RawWorker& worker) {
    worker.socket.send(frame(R"({"type":"result","id":)" +
                             std::to_string(next(worker.socket, "generate").integer("id")) +
                             R"(,"outputs":[{"name":"tokens","datatype":"INT64","shape":[0],"parameters":)"
                             R"({"binary_data_size":0}}],"times":{"queued":0,"upload":0,"compute":1,"download":0},)"
                             R"("finish":"stop"})"));
  };
  answer_without_a_token(guest_worker);
  REQUIRE(within(patience, [&] { return pool.metrics().completed == 1; }));
  answer_without_a_token(own_worker);
  CHECK(one.get().tokens.empty());
  CHECK(other.get().tokens.empty());
  CHECK(pool.metrics().rechecked == 0);
}
