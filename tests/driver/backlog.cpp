#include <webpool/driver/backlog.hpp>

#include <future>
#include <thread>
#include <vector>

#include "../support/pool.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using driver::Backlog;
using testing::contains;

TEST_CASE("a backlog takes what its limits allow, and again what has been given back") {
  const auto backlog = std::make_shared<Backlog>(BacklogLimits{.requests = 2, .bytes = 0});
  auto first = backlog->enter(1), second = backlog->enter(1);
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(backlog->enter(1));
  first.reset();
  CHECK(backlog->enter(1));
}

TEST_CASE("bytes are limited too, but a request larger than the limit goes alone") {
  const auto backlog = std::make_shared<Backlog>(BacklogLimits{.requests = 0, .bytes = 100});
  auto small = backlog->enter(60);
  REQUIRE(small);
  CHECK_FALSE(backlog->enter(41));
  CHECK(backlog->enter(40));
  CHECK_FALSE(backlog->enter(1000));
  small.reset();
  CHECK(backlog->enter(1000));
}

TEST_CASE("a backlog without limits takes everything") {
  const auto backlog = std::make_shared<Backlog>(BacklogLimits{.requests = 0, .bytes = 0});
  std::vector<driver::Place> places;
  for (int i = 0; i < 1000; ++i) places.push_back(*backlog->enter(std::size_t{1} << 40));
  CHECK(places.size() == 1000);
}

TEST_CASE("who waits gets the next place, or none by the deadline") {
  const auto backlog = std::make_shared<Backlog>(BacklogLimits{.requests = 1, .bytes = 0});
  auto taken = backlog->enter(1);
  CHECK_FALSE(backlog->wait(1, Clock::now() + 20ms));
  auto waiter = std::async(std::launch::async, [&] { return backlog->wait(1, end_of_time).has_value(); });
  CHECK(waiter.wait_for(50ms) == std::future_status::timeout);
  taken.reset();
  CHECK(waiter.get());
}

TEST_CASE("a closed backlog keeps nobody waiting") {
  const auto backlog = std::make_shared<Backlog>(BacklogLimits{.requests = 1, .bytes = 0});
  const auto taken = backlog->enter(1);
  auto waiter = std::async(std::launch::async, [&] { return backlog->wait(1, end_of_time).has_value(); });
  CHECK(waiter.wait_for(50ms) == std::future_status::timeout);
  backlog->close();
  CHECK(waiter.get());
}

TEST_CASE("the error says how full the pool is") {
  const auto backlog = std::make_shared<Backlog>(BacklogLimits{.requests = 1, .bytes = 7});
  const auto taken = backlog->enter(5);
  const Error error = backlog->full("digits");
  CHECK(error.code() == errc::would_block);
  CHECK(error.message() == "model 'digits': the pool holds 1 requests of 5 bytes, and may hold 1 of 7");
}
