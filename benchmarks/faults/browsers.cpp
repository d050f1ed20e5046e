// Target B: real browsers, to which from outside everything is done that a machine may do to them.

#include <atomic>
#include <functional>
#include <iostream>
#include <optional>
#include <webpool/async.hpp>

#include "digits.hpp"
#include "victims.hpp"

namespace faults {
namespace {

using webpool::Backend;
using webpool::Browser;

const std::vector<Browser> kinds{Browser::chromium, Browser::firefox, Browser::headless_shell};

/// Three browsers that hold the model, load on them, and faults one after another.
class Bench {
 public:
  explicit Bench(const Settings& settings)
      : questions_(digit_questions(settings, pictures)),
        pool(options()),
        model(pool.load(digits_file(settings), {.backends = {Backend::wasm}, .replicas = kinds.size()})) {}

  /// Does `fault` half a second into a load of some seconds. It says how many processes or sockets it met.
  Row strike(std::string name, std::string target, const std::function<std::size_t()>& fault,
             std::optional<Browser> victim = {}, std::vector<support::Question> asked = {}) {
    Row row{.fault = std::move(name), .target = std::move(target)};
    if (!whole(pool, kinds.size())) row.note = "began with a browser missing; ";
    const bool large = !asked.empty();
    support::CheckedLoad load(model, large ? std::move(asked) : questions_,
                              {.requests = large ? 60u : 400u, .callers = 6, .pause = 5ms, .tolerance = 2e-5});
    std::this_thread::sleep_for(500ms);
    if (victim) within(2s, [&] { return busy(pool, *victim); });
    const auto at = Clock::now();
    row.happened = fault() > 0;
    const support::Tally tally = load.finish(60s);
    row.add(load, at, tally);
    std::cerr << "  " << row.target << ": " << row.fault << '\n';
    return row;
  }

 private:
  static constexpr std::size_t pictures = 100;  // in one input: so a run takes long enough to be under way at the fault

  static webpool::PoolOptions options() {
    webpool::PoolOptions all = one_of_each(kinds);
    all.connection.message_timeout = 5s;
    return all;
  }

  std::vector<support::Question> questions_;

 public:
  BrowserPool pool;
  webpool::Model model;
};

/// A run that takes far longer than the message time-out, beside the usual load: a worker that spins.
Row spin(Bench& bench, const Settings& settings) {
  const webpool::Model encoder = bench.pool.load(settings.models / "text/encoder.onnx", {.backends = {Backend::wasm}});
  constexpr std::size_t sentences = 4000, length = support::sequence_length;
  std::vector<std::int64_t> ids(sentences * length, 1);
  webpool::Inputs endless{
      {"ids", webpool::Tensor::from(std::move(ids), {std::int64_t{sentences}, std::int64_t{length}})}};
  std::atomic<int> ends = 0;
  std::string ended;
  Row row =
      bench.strike("worker computes for longer than the time-out (a huge run beside the load)", "one browser", [&] {
        encoder.async_run(std::move(endless), {.retry = webpool::Retry::never},
                          [&](std::exception_ptr failure, auto&&) {
                            try {
                              if (failure) std::rethrow_exception(failure);
                              ended = "a result";
                            } catch (const webpool::Error& error) {
                              ended = error.code().message();
                            }
                            ++ends;
                          });
        return 1u;
      });
  within(20s, [&] { return ends > 0; });
  row.note += "the huge run ended " + std::to_string(ends) + " time with '" + ended + "'";
  return row;
}

}  // namespace

std::vector<Row> browser_faults(const Settings& settings) {
  std::optional<Bench> benches;
  std::vector<Row> rows;
  // A browser that was hit twice within a minute may have been replaced by one of another kind.
  const auto bench = [&](std::optional<Browser> kind = {}) -> Bench& {
    if (!benches || (kind && main_processes(*kind).empty())) benches.reset(), benches.emplace(settings);
    return *benches;
  };
  for (const Browser kind : kinds) {
    const std::string name(to_string(kind));
    rows.push_back(bench(kind).strike(
        "kill -9 of the browser", name, [kind] { return signal_all(main_processes(kind), SIGKILL); }, kind));
    rows.push_back(bench(kind).strike(
        "kill -9 of the renderer", name,
        [kind] {
          std::size_t hit = 0;
          for (const pid_t main : main_processes(kind)) hit += signal_all(renderers_of(main, kind), SIGKILL);
          return hit;
        },
        kind));
  }
  rows.push_back(bench(Browser::chromium)
                     .strike(
                         "kill -9 of the GPU process (model on WASM)", "chromium",
                         [] {
                           std::size_t hit = 0;
                           for (const pid_t main : main_processes(Browser::chromium))
                             hit += signal_all(processes_of(main, "--type=gpu-process"), SIGKILL);
                           return hit;
                         },
                         Browser::chromium));
  for (const Browser kind : {Browser::chromium, Browser::firefox})
    rows.push_back(bench(kind).strike(
        "browser closed (SIGTERM), and with it its tab", std::string(to_string(kind)),
        [kind] { return signal_all(main_processes(kind), SIGTERM); }, kind));
  rows.push_back(bench(Browser::chromium)
                     .strike(
                         "every process stopped (SIGSTOP): silent, sockets open", "chromium",
                         [] {
                           std::size_t hit = 0;
                           for (const pid_t main : main_processes(Browser::chromium))
                             hit += ::kill(-main, SIGSTOP) == 0;
                           return hit;
                         },
                         Browser::chromium));
  const std::uint16_t port = port_of(bench().pool.join_url());
  rows.push_back(bench().strike(
      "socket shut down in the middle of an input of 3 MB", "one browser",
      [port] {
        int unsent = 0;
        within(3s, [&] {
          const auto sockets = connections_to(port);
          if (sockets.empty() || sockets.back().first < 100'000) return false;
          unsent = sockets.back().first;
          return ::shutdown(sockets.back().second, SHUT_RDWR) == 0;
        });
        return static_cast<std::size_t>(unsent);
      },
      std::nullopt, digit_questions(settings, 1000)));
  rows.push_back(bench().strike("every socket shut down at once", "all browsers", [port] {
    const auto sockets = connections_to(port);
    for (const auto& [unsent, descriptor] : sockets) ::shutdown(descriptor, SHUT_RDWR);
    return sockets.size();
  }));
  rows.push_back(spin(bench(), settings));
  return rows;
}

}  // namespace faults
