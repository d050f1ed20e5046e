#include <webpool/driver/load_turns.hpp>

#include "../catch.hpp"

using namespace webpool;
using driver::LoadTurns;

namespace {

constexpr ModelIndex vision{4}, text{1}, projector{2}, other{3};

protocol::Load load_of(std::uint64_t worker) {
  protocol::Load load;
  load.id = worker;
  return load;
}

using Ids = std::vector<std::uint64_t>;

Ids ids(const LoadTurns::Ready& loads) {
  Ids all;
  for (const auto& [id, load] : loads) {
    CHECK(load.id == id.value);
    all.push_back(id.value);
  }
  return all;
}

/// A whole of three parts, and workers with the numbers 1 to 3 that are to load them.
struct Whole {
  Whole() {
    turns.add({vision, text, projector});
    turns.opened(WorkerId{1}, ConnectionId{1}, vision);
    turns.opened(WorkerId{2}, ConnectionId{2}, text);
    turns.opened(WorkerId{3}, ConnectionId{3}, projector);
  }
  /// Further workers are in a tab each.
  void open(std::uint64_t worker, ModelIndex model) { turns.opened(WorkerId{worker}, ConnectionId{worker}, model); }
  bool holds(std::uint64_t worker) { return turns.hold(WorkerId{worker}, load_of(worker)); }
  /// The workers whose turn has come.
  Ids fetched(std::uint64_t worker) { return ids(turns.fetched(WorkerId{worker})); }
  Ids end(std::uint64_t worker) { return ids(turns.ended(WorkerId{worker})); }

  LoadTurns turns;
};

}  // namespace

TEST_CASE("a part is fetched when those before it have been") {
  Whole whole;
  CHECK(whole.holds(3));  // attached first
  CHECK_FALSE(whole.holds(1));
  CHECK(whole.holds(2));
  CHECK(whole.fetched(1) == Ids{2});
  CHECK(whole.fetched(1).empty());
  CHECK(whole.fetched(2) == Ids{3});
  CHECK(whole.fetched(3).empty());
  for (std::uint64_t each = 1; each <= 3; ++each) CHECK(whole.end(each).empty());
}

TEST_CASE("a worker that is gone holds nobody up, and gets no turn") {
  Whole whole;
  CHECK(whole.holds(2));
  CHECK(whole.holds(3));
  CHECK(whole.end(2).empty());
  CHECK(whole.end(1) == Ids{3});
}

TEST_CASE("workers of one part fetch side by side, also in further tabs") {
  Whole whole;
  whole.open(4, vision);
  CHECK_FALSE(whole.holds(1));
  CHECK_FALSE(whole.holds(4));
  CHECK(whole.holds(2));
  CHECK(whole.end(1).empty());
  CHECK(whole.end(4) == Ids{2});
}

TEST_CASE("a part that is not being fetched holds nobody up") {
  LoadTurns turns;
  turns.add({vision, text});
  turns.opened(WorkerId{2}, ConnectionId{1}, text);
  CHECK_FALSE(turns.hold(WorkerId{2}, load_of(2)));
}

TEST_CASE("models that are no parts, and parts of another whole, never wait") {
  Whole whole;
  whole.open(9, other);
  CHECK_FALSE(whole.holds(9));
  CHECK(whole.end(9).empty());
  whole.turns.add({ModelIndex{7}, ModelIndex{8}});
  whole.open(10, ModelIndex{8});
  CHECK_FALSE(whole.holds(10));
  whole.turns.remove(text);
  whole.open(11, text);  // the index is another model's now
  CHECK_FALSE(whole.holds(11));
}

TEST_CASE("the first part's bytes are important, the others' less so") {
  Whole whole;
  CHECK(whole.turns.importance(vision) == "high");
  CHECK(whole.turns.importance(text) == "low");
  CHECK(whole.turns.importance(projector) == "low");
  CHECK(whole.turns.importance(other).empty());
}

TEST_CASE("a tab loads two models at a time, in the order in which their workers came; other tabs don't mind") {
  LoadTurns turns;
  for (std::uint64_t id = 1; id <= 6; ++id) turns.opened(WorkerId{id}, ConnectionId{id == 6 ? 2u : 1u}, other);
  const auto holds = [&](std::uint64_t id) { return turns.hold(WorkerId{id}, load_of(id)); };
  const auto end = [&](std::uint64_t id) { return ids(turns.ended(WorkerId{id})); };
  CHECK_FALSE(holds(4));
  CHECK_FALSE(holds(2));
  CHECK(holds(5));
  CHECK(holds(1));
  CHECK(holds(3));
  CHECK_FALSE(holds(6));
  CHECK(ids(turns.fetched(WorkerId{4})).empty());  // it goes on to create its session
  CHECK(end(1).empty());                           // gone while it waited
  CHECK(end(6).empty());
  CHECK(end(2) == Ids{5});
  CHECK(end(4) == Ids{3});
}

TEST_CASE("a part that waits for an earlier one keeps no place in its tab from others") {
  LoadTurns turns;
  turns.add({vision, text});
  turns.opened(WorkerId{1}, ConnectionId{1}, vision);
  turns.opened(WorkerId{2}, ConnectionId{2}, text);
  turns.opened(WorkerId{3}, ConnectionId{2}, other);
  turns.opened(WorkerId{4}, ConnectionId{2}, other);
  const auto holds = [&](std::uint64_t id) { return turns.hold(WorkerId{id}, load_of(id)); };
  CHECK(holds(2));
  CHECK_FALSE(holds(3));
  CHECK_FALSE(holds(4));
  CHECK_FALSE(holds(1));
  CHECK(ids(turns.fetched(WorkerId{1})).empty());  // now its tab is full
  CHECK(ids(turns.ended(WorkerId{3})) == Ids{2});
}
