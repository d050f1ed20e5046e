#include <webpool/driver/event_loop.hpp>

#include <sys/resource.h>

#include <asio/steady_timer.hpp>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;
using namespace std::chrono_literals;

namespace {

using ThreadId = std::thread::id;

ThreadId here() { return std::this_thread::get_id(); }

/// A loop with its thread, and requests that end when they are told to.
class Requests {
 public:
  explicit Requests(std::chrono::microseconds busy_poll = {}) : loop(*backlog, busy_poll) {}

  ~Requests() {
    loop.post([this] { loop.context().stop(); });
    own.join();
  }

  /// Waits for a request: `begin(end)` begins it, in the loop, and `end()` ends it there. The thread that ended it.
  template <class Begin>
  ThreadId blocking(Begin begin) {
    auto place = *backlog->enter(1);
    EventLoop::Waiter waiter(loop);
    ThreadId ended_by;
    loop.post([&, place = std::move(place)]() mutable {
      begin([&, place = std::make_shared<Place>(std::move(place))] {
        ended_by = here();
        place->leave();
        waiter.set(Error(errc::run_failed, "ended"));
      });
    });
    static_cast<void>(waiter.wait());
    return ended_by;
  }

  /// Waits for a request that ends by itself, later.
  ThreadId brief(std::chrono::microseconds time = {}) {
    return blocking([this, time](auto end) { after(time, end); });
  }

  /// A request that nobody waits for.
  void asynchronous(std::function<void()> done, std::chrono::microseconds time) {
    auto place = std::make_shared<Place>(*backlog->enter(1));
    loop.post([this, time, place, done = std::move(done)] {
      after(time, [place, done] {
        place->leave();
        done();
      });
    });
  }

  /// Has the task run in the loop, and waits for what it returns.
  template <class Task>
  auto in_loop(Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto answer = packaged.get_future();
    loop.post([packaged = std::move(packaged)]() mutable { packaged(); });
    return answer.get();
  }

  std::shared_ptr<Backlog> backlog = std::make_shared<Backlog>(BacklogLimits{.requests = 0, .bytes = 0});
  EventLoop loop;
  std::thread own{[this] { loop.run(); }};
  const ThreadId own_id = own.get_id();

 private:
  template <class Done>
  void after(std::chrono::microseconds time, Done done) {
    auto timer = std::make_shared<asio::steady_timer>(loop.context(), time);
    timer->async_wait([done, timer](const asio::error_code&) { done(); });
  }
};

}  // namespace

TEST_CASE("a caller who waits for the only request runs the loop meanwhile, and the pool's own thread in between") {
  Requests requests;
  CHECK(requests.in_loop(here) == requests.own_id);
  CHECK(requests.brief(20ms) == here());
  CHECK(requests.in_loop(here) == requests.own_id);
  for (int again = 0; again < 20; ++again) CHECK(requests.brief(100us) == here());
  CHECK_FALSE(requests.loop.runs_here());
}

TEST_CASE("what others post in a caller's turn runs in it") {
  Requests requests;
  ThreadId posted_ran_on;
  std::thread poster;
  const ThreadId ended_by = requests.blocking([&](auto end) {
    poster = std::thread([&, end] {
      posted_ran_on = requests.in_loop(here);
      requests.in_loop(end);
    });
  });
  poster.join();
  CHECK(posted_ran_on == here());
  CHECK(ended_by == here());
  CHECK(requests.in_loop(here) == requests.own_id);
}

TEST_CASE("with other requests about, the pool's own thread runs the loop") {
  Requests requests;
  const auto other = requests.backlog->enter(1);
  for (int again = 0; again < 5; ++again) CHECK(requests.brief() == requests.own_id);
}

TEST_CASE("a caller gives the loop back where others' requests remain") {
  Requests requests;
  std::optional<Place> other;
  CHECK(requests.blocking([&](auto end) {
    requests.loop.post([&, end] {
      other = requests.backlog->enter(1);
      end();
    });
  }) == here());
  CHECK(requests.brief() == requests.own_id);
}

TEST_CASE("what only the pool's own thread may do is done by it, in a caller's turn too") {
  Requests requests;
  ThreadId asked_on, done_on;
  CHECK(requests.blocking([&](auto end) {
    requests.loop.post([&, end] {
      asked_on = here();
      requests.loop.run_on_own([&] { done_on = requests.loop.runs_here() ? here() : ThreadId(); });
      end();
    });
  }) == here());
  CHECK(asked_on == here());
  CHECK(done_on == requests.own_id);
}

TEST_CASE("a caller who gives up before it waits leaves the loop to others") {
  Requests requests;
  requests.brief();
  { const EventLoop::Waiter waiter(requests.loop); }
  CHECK(requests.in_loop([] { return 7; }) == 7);
  CHECK(requests.brief() == here());
}

#ifdef RUSAGE_THREAD
TEST_CASE("a loop that polls does not sleep while it has one request") {
  const auto sleeps = [] {  // of this thread
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
  };
  const auto slept = [&](std::chrono::microseconds busy_poll, int count) {
    Requests requests(busy_poll);
    std::vector<Place> places;
    for (int i = 0; i < count; ++i) places.push_back(*requests.backlog->enter(1));
    asio::steady_timer timer(requests.loop.context());
    std::promise<long> times;
    auto answer = times.get_future();
    // The promise moves along: its value wakes this thread while the loop is still inside it.
    requests.loop.post([&, times = std::move(times)]() mutable {
      timer.expires_after(20ms);
      timer.async_wait([&, times = std::move(times), before = sleeps()](const asio::error_code&) mutable {
        times.set_value(sleeps() - before);
      });
    });
    return answer.get();
  };
  CHECK(slept(1h, 1) == 0);
  CHECK(slept(0us, 1) > 0);
  CHECK(slept(1us, 1) > 0);
  CHECK(slept(1h, 2) > 0);
}
#endif

TEST_CASE("every request of many callers ends, whoever runs the loop") {
  constexpr int each = 300;
  Requests requests(GENERATE(0us, 50us));
  std::atomic<int> ended = 0;
  std::vector<std::thread> callers;
  for (int i = 0; i < 4; ++i)
    callers.emplace_back([&, i] {
      for (int n = 0; n < each; ++n) {
        const std::chrono::microseconds time(10 * ((n + i) % 5));
        if (i == 3)
          requests.asynchronous([&] { ++ended; }, time);
        else
          requests.brief(time), ++ended;
        if (n % 40 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(i + 1));
        if (n % 25 == 0) requests.in_loop([&] { requests.loop.run_on_own([] {}); });
      }
    });
  for (auto& caller : callers) caller.join();
  while (requests.backlog->requests() > 0) std::this_thread::sleep_for(1ms);
  requests.in_loop(here);  // the last one has left its place, and counts before the loop goes on
  CHECK(ended == 4 * each);
}
