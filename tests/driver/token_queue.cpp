#include <webpool/driver/token_queue.hpp>

#include <chrono>
#include <thread>
#include <vector>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;

namespace {

Generation all(std::vector<std::int64_t> tokens) { return {.tokens = std::move(tokens)}; }

}  // namespace

TEST_CASE("tokens come out in order, then the end, again and again") {
  TokenQueue queue;
  queue.push(1);
  queue.push(2);
  CHECK_FALSE(queue.result());
  queue.end(all({1, 2}));
  CHECK(wait_for_token(queue) == 1);
  CHECK(wait_for_token(queue) == 2);
  CHECK_FALSE(wait_for_token(queue));
  CHECK_FALSE(wait_for_token(queue));
  CHECK(queue.result()->tokens.size() == 2);
}

TEST_CASE("an error comes behind the tokens that were told before it") {
  TokenQueue queue;
  queue.push(1);
  queue.end(Error(errc::connection_lost, "gone"));
  CHECK(wait_for_token(queue) == 1);
  CHECK_THROWS_AS(wait_for_token(queue), Error);
  CHECK_FALSE(queue.result());
}

TEST_CASE("a waiter is called once, with what comes next or an interruption, and leaves no token out") {
  TokenQueue queue;
  std::vector<std::int64_t> heard;
  std::size_t errors = 0;
  const auto waiter = [&] {
    return TokenQueue::Waiter(
        [&](TokenQueue::Next next) { next ? heard.push_back(next->value_or(-1)) : void(++errors); });
  };
  auto first = waiter();
  CHECK_FALSE(queue.take(first));
  queue.push(1);
  queue.push(2);
  CHECK(heard == std::vector<std::int64_t>{1});
  auto second = waiter();
  CHECK(queue.take(second)->value() == 2);
  CHECK_FALSE(queue.take(second));
  queue.interrupt(Error(errc::cancelled, "no"));
  queue.interrupt(Error(errc::cancelled, "no"));
  CHECK(errors == 1);
  queue.push(3);
  auto third = waiter();
  CHECK(queue.take(third)->value() == 3);
  CHECK_FALSE(queue.take(third));
  queue.end(all({1, 2, 3}));
  CHECK(heard == std::vector<std::int64_t>{1, -1});
}

TEST_CASE("one thread waits for what another one brings") {
  TokenQueue queue;
  std::thread other([&] {
    for (std::int64_t i = 0; i < 100; ++i) {
      queue.push(i);
      if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    queue.end(all({}));
  });
  for (std::int64_t i = 0; i < 100; ++i) CHECK(wait_for_token(queue) == i);
  CHECK_FALSE(wait_for_token(queue));
  other.join();
}
