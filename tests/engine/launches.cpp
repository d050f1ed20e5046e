#include <webpool/engine/launches.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

namespace {
constexpr TimePoint start{100s};
constexpr Browser firefox_only[] = {Browser::firefox};
const Error words(errc::launch_failed, "exit 1");
}  // namespace

TEST_CASE("the kind with the fewest instances comes next, the earliest listed among equals") {
  engine::Launches launches({Browser::firefox, Browser::chromium});
  CHECK(launches.choose({}, start) == Browser::firefox);
  const LaunchId first = launches.start(Browser::firefox, start + 30s);
  CHECK(launches.choose({}, start) == Browser::chromium);
  CHECK(launches.choose(firefox_only, start) == Browser::firefox);
  CHECK(launches.starting() == 1);
  launches.joined(first, ConnectionId{1});
  CHECK(launches.starting() == 0);
  CHECK(launches.choose({}, start) == Browser::chromium);  // joined ones still count
  launches.erase(first);
  CHECK(launches.choose({}, start) == Browser::firefox);
  CHECK(launches.find(first) == nullptr);
}

TEST_CASE("starting browsers are counted by kind") {
  engine::Launches launches({Browser::firefox, Browser::chromium});
  launches.start(Browser::chromium, start);
  CHECK(launches.starting(firefox_only) == 0);
  CHECK(launches.starting() == 1);
  launches.erase(launches.start(Browser::firefox, start));
  CHECK(launches.starting(firefox_only) == 0);
}

TEST_CASE("a kind that fails waits, then rests, and tells its last words while it does") {
  engine::Launches launches({Browser::firefox});
  launches.failed(Browser::firefox, words, start);
  CHECK_FALSE(launches.choose({}, start + 499ms));
  CHECK(launches.choose({}, start + 500ms));
  CHECK(launches.possible({}, start));
  launches.failed(Browser::firefox, words, start);
  CHECK_FALSE(launches.choose({}, start + 999ms));
  CHECK(launches.choose({}, start + 1s));
  CHECK(launches.last_words({}, start).empty());
  launches.failed(Browser::firefox, words, start);
  CHECK_FALSE(launches.possible({}, start + 29s));
  CHECK(launches.last_words({}, start + 29s).at(0).message() == "exit 1");
  CHECK(launches.possible({}, start + 30s));
  launches.failed(Browser::firefox, words, start + 30s);
  CHECK_FALSE(launches.possible({}, start + 59s));
  launches.succeeded(Browser::firefox);
  CHECK(launches.choose({}, start + 31s));
}

TEST_CASE("where nothing else is there, a kind that has worked is not given up so soon") {
  engine::Launches launches({Browser::firefox, Browser::chromium});
  launches.succeeded(Browser::firefox);
  for (int i = 0; i < 3; ++i) {
    launches.failed(Browser::firefox, words, start);
    launches.failed(Browser::chromium, words, start);
  }
  CHECK(launches.possible({}, start));
  CHECK_FALSE(launches.choose({}, start + 1999ms));
  CHECK(launches.choose({}, start + 2s) == Browser::firefox);
  const LaunchId other = launches.start(Browser::chromium, start + 30s);
  CHECK_FALSE(launches.choose({}, start + 2s));  // it may work, so Firefox rests
  launches.erase(other);
  launches.rest(Browser::firefox, words, start + 2s);
  CHECK(launches.choose({}, start + 2500ms) == Browser::firefox);
  for (int i = 3; i < 8; ++i) launches.failed(Browser::firefox, words, start);
  CHECK(launches.possible({}, start));
  CHECK_FALSE(launches.choose({}, start + 29s));
  launches.failed(Browser::firefox, words, start);
  CHECK_FALSE(launches.possible({}, start));
}

TEST_CASE("another kind is launched while one waits") {
  engine::Launches launches({Browser::firefox, Browser::chromium});
  launches.failed(Browser::firefox, words, start);
  CHECK(launches.choose({}, start) == Browser::chromium);
}

TEST_CASE("only launches that have not joined are overdue") {
  engine::Launches launches({Browser::firefox});
  const LaunchId joined = launches.start(Browser::firefox, start + 30s);
  const LaunchId silent = launches.start(Browser::firefox, start + 30s);
  launches.erase(launches.start(Browser::firefox, start + 30s));
  launches.joined(joined, ConnectionId{1});
  CHECK_FALSE(launches.pop_overdue(start + 29s));
  CHECK(launches.pop_overdue(start + 30s) == silent);
  CHECK_FALSE(launches.pop_overdue(start + 30s));
}

TEST_CASE("without kinds, nothing can be launched") {
  engine::Launches launches({});
  CHECK_FALSE(launches.choose({}, start));
  CHECK_FALSE(launches.possible({}, start));
  CHECK(launches.kinds().empty());
}
