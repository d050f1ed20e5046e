#include <webpool/transport/strangers.hpp>

#include <vector>

#include "../catch.hpp"

using namespace std::chrono_literals;
using webpool::TimePoint;
using webpool::transport::Strangers;

namespace {

/// A line of at most three who have ten seconds, and whom it dropped.
struct Line {
  std::vector<int> dropped;
  Strangers strangers{3, 10s, [this](const Strangers::Connection& connection) {
                        dropped.push_back(*std::static_pointer_cast<int>(connection.lock()));
                      }};
  std::vector<std::shared_ptr<int>> people;
  Strangers::Place add(int name, std::chrono::seconds when) {
    return strangers.add(people.emplace_back(std::make_shared<int>(name)), TimePoint(when));
  }
};

}  // namespace

TEST_CASE("the stranger that has been silent longest gives way") {
  Line line;
  const auto first = line.add(1, 0s);
  line.add(2, 0s);
  line.add(3, 0s);
  CHECK(line.dropped.empty());
  const auto again = line.strangers.move_to_end(first, TimePoint(1s));
  CHECK(again > first);
  line.add(4, 1s);
  line.add(5, 1s);
  CHECK(line.dropped == std::vector{2, 3});
  CHECK(line.strangers.size() == 3);
}

TEST_CASE("strangers that are silent for too long are dropped") {
  Line line;
  const auto first = line.add(1, 0s);
  line.add(2, 1s);
  line.strangers.move_to_end(first, TimePoint(5s));
  line.strangers.expire(TimePoint(11s));
  CHECK(line.dropped.empty());
  line.strangers.expire(TimePoint(12s));
  CHECK(line.dropped == std::vector{2});
  line.strangers.expire(TimePoint(16s));
  CHECK(line.dropped == std::vector{2, 1});
  CHECK(line.strangers.size() == 0);
}

TEST_CASE("strangers that have been silent for a while can be visited, and stay") {
  Line line;
  const auto first = line.add(1, 0s);
  line.add(2, 1s);
  line.add(3, 2s);
  line.strangers.move_to_end(first, TimePoint(3s));
  std::vector<int> silent;
  line.strangers.visit_silent(4s, TimePoint(6s), [&](const Strangers::Connection& connection) {
    silent.push_back(*std::static_pointer_cast<int>(connection.lock()));
  });
  CHECK(silent == std::vector{2});
  CHECK(line.strangers.size() == 3);
}

TEST_CASE("who is no stranger any more, or never was, is left alone") {
  Line line;
  const auto first = line.add(1, 0s);
  line.strangers.remove(first);
  line.strangers.remove(first);
  line.strangers.remove(0);
  CHECK(line.strangers.move_to_end(first, TimePoint(1s)) == 0);
  CHECK(line.strangers.move_to_end(0, TimePoint(1s)) == 0);
  line.strangers.expire(TimePoint(1h));
  CHECK(line.dropped.empty());
}
