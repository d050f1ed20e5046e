#include <webpool/engine/marks.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("marking twice is marking once, and what was taken may be marked again") {
  Rooms rooms(attached());
  Marks& marks = rooms.state.marks;
  ModelRow &first = rooms.tables.add_model(model("first")), &second = rooms.tables.add_model(model("second"));
  for (int i = 0; i < 3; ++i) marks.mark(second), marks.mark(first);
  CHECK(marks.take_model() == &first);
  marks.mark(first);
  CHECK(marks.take_model() == &first);
  CHECK(marks.take_model() == &second);
  CHECK_FALSE(marks.take_model());
  CHECK_FALSE(marks.more());
}

TEST_CASE("all, tabs and the answer are each taken once") {
  Rooms rooms(attached());
  Marks& marks = rooms.state.marks;
  const ConnectionId tab = rooms.guest();
  marks.mark(tab, rooms.tables.connections[tab]);
  marks.mark(tab, rooms.tables.connections[tab]);
  marks.mark_all();
  marks.mark_answered(tab);
  CHECK(marks.more());
  CHECK(marks.take_tab() == tab);
  CHECK_FALSE(marks.take_tab());
  CHECK(marks.take_all());
  CHECK_FALSE(marks.take_all());
  CHECK(marks.more());
  CHECK(marks.take_answered() == tab);
  CHECK_FALSE(marks.more());
}

TEST_CASE("a model that goes is not marked any more, and cleared marks are gone") {
  Rooms rooms(attached());
  Marks& marks = rooms.state.marks;
  ModelRow &first = rooms.tables.add_model(model("first")), &second = rooms.tables.add_model(model("second"));
  marks.mark(first), marks.mark(second);
  marks.forget(first);
  CHECK(marks.take_model() == &second);
  marks.mark(second);
  marks.mark_all();
  marks.clear();
  CHECK_FALSE(marks.take_model());
  CHECK_FALSE(marks.more());
}
