#include <webpool/driver/batch_members.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using driver::BatchMember, driver::BatchMembers;

namespace {

constexpr TimePoint start{};

BatchMember member(std::int64_t rows, TimePoint deadline = end_of_time) {
  return {{}, {}, {}, rows, start, deadline, {[](Expected<Outputs>) {}}};
}

}  // namespace

TEST_CASE("requests are found by number until they are taken") {
  BatchMembers members;
  const auto one = members.add(member(1)), two = members.add(member(2));
  CHECK(one != 0);
  REQUIRE(members.find(two));
  CHECK(members.find(two)->rows == 2);
  CHECK(members.take(one)->rows == 1);
  CHECK_FALSE(members.find(one));
  CHECK_FALSE(members.take(one));
  CHECK(members.add(member(3)) != one);
}

TEST_CASE("the most urgent request is told, and nothing of one that was taken") {
  BatchMembers members;
  members.add(member(1));
  CHECK(members.next_deadline() == end_of_time);
  const auto late = members.add(member(2, start + 2s)), early = members.add(member(3, start + 1s));
  CHECK(members.next_deadline() == start + 1s);
  CHECK(members.most_urgent() == early);
  members.take(early);
  CHECK(members.next_deadline() == start + 2s);
  members.take(late);
  CHECK(members.next_deadline() == end_of_time);
}
