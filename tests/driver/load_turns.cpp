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

/// A whole of three parts, and workers with the numbers 1 to 3 that are to load them.
struct Whole {
  Whole() {
    turns.add({vision, text, projector});
    turns.opened(WorkerId{1}, vision);
    turns.opened(WorkerId{2}, text);
    turns.opened(WorkerId{3}, projector);
  }
  bool holds(std::uint64_t worker) { return turns.hold(WorkerId{worker}, load_of(worker)); }
  /// The workers whose turn has come.
  std::vector<std::uint64_t> end(std::uint64_t worker) {
    std::vector<std::uint64_t> ids;
    for (const auto& [id, load] : turns.ended(WorkerId{worker})) {
      CHECK(load.id == id.value);
      ids.push_back(id.value);
    }
    return ids;
  }
  using Ids = std::vector<std::uint64_t>;

  LoadTurns turns;
};

}  // namespace

TEST_CASE("a part is fetched when those before it have been") {
  Whole whole;
  CHECK(whole.holds(3));  // attached first
  CHECK_FALSE(whole.holds(1));
  CHECK(whole.holds(2));
  CHECK(whole.end(1) == Whole::Ids{2});
  CHECK(whole.end(1).empty());
  CHECK(whole.end(2) == Whole::Ids{3});
  CHECK(whole.end(3).empty());
}

TEST_CASE("a worker that is gone holds nobody up, and gets no turn") {
  Whole whole;
  CHECK(whole.holds(2));
  CHECK(whole.holds(3));
  CHECK(whole.end(2).empty());
  CHECK(whole.end(1) == Whole::Ids{3});
}

TEST_CASE("workers of one part fetch side by side, also in further tabs") {
  Whole whole;
  whole.turns.opened(WorkerId{4}, vision);
  CHECK_FALSE(whole.holds(1));
  CHECK_FALSE(whole.holds(4));
  CHECK(whole.holds(2));
  CHECK(whole.end(1).empty());
  CHECK(whole.end(4) == Whole::Ids{2});
}

TEST_CASE("a part that is not being fetched holds nobody up") {
  LoadTurns turns;
  turns.add({vision, text});
  turns.opened(WorkerId{2}, text);
  CHECK_FALSE(turns.hold(WorkerId{2}, load_of(2)));
}

TEST_CASE("models that are no parts, and parts of another whole, never wait") {
  Whole whole;
  whole.turns.opened(WorkerId{9}, other);
  CHECK_FALSE(whole.holds(9));
  CHECK(whole.end(9).empty());
  whole.turns.add({ModelIndex{7}, ModelIndex{8}});
  whole.turns.opened(WorkerId{10}, ModelIndex{8});
  CHECK_FALSE(whole.holds(10));
  whole.turns.remove(text);
  whole.turns.opened(WorkerId{11}, text);  // the index is another model's now
  CHECK_FALSE(whole.holds(11));
}

TEST_CASE("the first part's bytes are important, the others' less so") {
  Whole whole;
  CHECK(whole.turns.importance(vision) == "high");
  CHECK(whole.turns.importance(text) == "low");
  CHECK(whole.turns.importance(projector) == "low");
  CHECK(whole.turns.importance(other).empty());
}
