#include <webpool/engine/marks.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("marking twice is marking once, and what was taken may be marked again") {
  Rooms rooms(attached());
  Marks& marks = rooms.state.marks;
  ModelRow &first = rooms.tables.add_model(model("first")), &second = rooms.tables.add_model(model("second"));
  for (int i = 0; i < 3; ++i) marks.mark(second), marks.mark(first);
  CHECK(marks.next_model() == second.index);
  second.marked = false;
  marks.mark(second);
  CHECK(marks.next_model() == first.index);
  CHECK(marks.next_model() == second.index);
  CHECK_FALSE(marks.next_model());
}

TEST_CASE("all, tabs and the answer are each taken once") {
  Rooms rooms(attached());
  Marks& marks = rooms.state.marks;
  const ConnectionId tab = rooms.guest();
  marks.mark(tab, *rooms.tables.connections.find(tab));
  marks.mark(tab, *rooms.tables.connections.find(tab));
  marks.mark_all();
  marks.mark_answered(tab);
  CHECK(marks.next_tab() == tab);
  CHECK_FALSE(marks.next_tab());
  CHECK(marks.take_all());
  CHECK_FALSE(marks.take_all());
  CHECK(marks.take_answered() == tab);
  CHECK_FALSE(marks.take_answered());
}

TEST_CASE("cleared marks are gone") {
  Rooms rooms(attached());
  Marks& marks = rooms.state.marks;
  marks.mark(rooms.tables.add_model(model("digits")));
  marks.mark_all();
  marks.clear();
  CHECK_FALSE(marks.next_model());
  CHECK_FALSE(marks.take_all());
}
