#include <webpool/driver/entrance.hpp>

#include <future>
#include <thread>
#include <webpool/detail/unique_function.hpp>
#include <webpool/expected.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {

using Done = detail::UniqueFunction<void(Expected<int>)>;

struct Sum {
  int one, other;
  Done done;
};

/// A loop with a thread of its own behind an entrance.
struct House {
  ~House() { shut(); }
  void shut() {
    entrance.close(thread, [this] { loop.context().stop(); });
  }

  const std::shared_ptr<driver::Backlog> backlog = std::make_shared<driver::Backlog>(BacklogLimits{.requests = 1});
  driver::EventLoop loop{*backlog};
  driver::Entrance entrance{loop, *backlog};
  std::thread thread{[this] {
    loop.run();
    loop.ended();
  }};
};

/// What an operation ends with, and on which thread.
struct End {
  Done handler() {
    return [this](Expected<int> result) { promise.set_value({std::move(result), std::this_thread::get_id()}); };
  }
  std::promise<std::pair<Expected<int>, std::thread::id>> promise;
};

}  // namespace

TEST_CASE("an operation starts in the loop, with the handler of its end") {
  House house;
  End end;
  house.entrance.start(Sum{3, 4, end.handler()}, [](Sum&& sum) { sum.done(sum.one + sum.other); });
  auto [result, thread] = end.promise.get_future().get();
  CHECK(result.value() == 7);
  CHECK(thread == house.thread.get_id());
}

TEST_CASE("at a shut gate an operation ends later, on another thread, as closed or as it was to end") {
  House house;
  house.shut();
  CHECK_FALSE(house.entrance.is_open());
  End end;
  const Error own(errc::bad_input, "it was bad");
  const bool has_own = GENERATE(false, true);
  bool started = false;
  house.entrance.start(
      Sum{3, 4, end.handler()}, [&](Sum&&) { started = true; }, has_own ? &own : nullptr);
  auto [result, thread] = end.promise.get_future().get();
  REQUIRE_FALSE(result);
  CHECK(result.error().code() == (has_own ? errc::bad_input : errc::pool_closed));
  CHECK(thread != std::this_thread::get_id());
  CHECK_FALSE(started);
}

TEST_CASE("a call waits for its result, a question is answered also when the gate is shut") {
  House house;
  const auto here = [] { return std::this_thread::get_id(); };
  const std::thread::id own = house.thread.get_id();
  CHECK(house.entrance.call(here) == own);
  CHECK(house.entrance.ask(here) == own);
  CHECK(house.entrance.call([&] { return house.entrance.ask(here); }) == own);
  CHECK_THROWS_AS(house.entrance.call([]() -> int { throw Error(errc::bad_input, "no"); }), Error);
  house.shut();
  CHECK_THROWS_AS(house.entrance.call(here), Error);
  CHECK(house.entrance.ask(here) == std::this_thread::get_id());
}

TEST_CASE("nothing is posted at a shut gate") {
  House house;
  std::promise<void> ran;
  house.entrance.post([&] { ran.set_value(); });
  ran.get_future().get();
  house.shut();
  bool late = false;
  house.entrance.post([&] { late = true; });
  house.loop.context().restart();
  house.loop.context().poll();
  CHECK_FALSE(late);
}

TEST_CASE("who waits for room is let in when the gate is shut") {
  House house;
  const auto first = house.backlog->enter(1);
  auto waiting = std::async(std::launch::async, [&] { return house.backlog->wait(1, end_of_time).has_value(); });
  CHECK(waiting.wait_for(20ms) == std::future_status::timeout);
  house.shut();
  CHECK(waiting.get());
}

TEST_CASE("the loop can't close what it runs in, and a second close does nothing") {
  House house;
  const auto refused = house.entrance.call([&]() -> std::error_code {
    try {
      house.shut();
    } catch (const Error& error) {
      return error.code();
    }
    return {};
  });
  CHECK(refused == errc::would_deadlock);
  house.shut();
  house.shut();
}
