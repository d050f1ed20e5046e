#include <webpool/engine/workers.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

TEST_CASE("workers alone: news of workers that there are no more change nothing") {
  Rooms rooms(attached());
  const WorkerId gone{77};
  const Error error(errc::load_failed, "no");
  rooms.workers.load_held(gone);
  rooms.workers.load_sent(gone, rooms.now);
  rooms.workers.loaded(gone, Backend::wasm, 0, rooms.turn());
  rooms.workers.load_failed(gone, error, rooms.turn());
  rooms.workers.lost(gone, error, rooms.turn());
  rooms.workers.kept(gone, 1, nullptr);
  rooms.workers.dropped(gone, 1, nullptr);
  CHECK_FALSE(rooms.workers.progressed(gone, {}, rooms.now));
  CHECK_FALSE(rooms.workers.finished({gone, {}}, rooms.turn()));
  CHECK(rooms.state.counters.late_replies == 1);
  CHECK(rooms.out.empty());
}

TEST_CASE("workers alone: an answer ends its request, and marks what it may concern") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const ConnectionId tab = rooms.guest();
  const WorkerId worker = rooms.hold(digits, tab);
  const RequestId request = rooms.submit(digits);
  rooms.dispatch.serve(digits, rooms.turn());
  rooms.state.marks.clear();
  digits.marked = false;
  CHECK(rooms.workers.finished({worker, request}, rooms.turn()));
  CHECK(rooms.said<Complete>().size() == 1);
  CHECK_FALSE(rooms.state.marks.take_tab());  // it neither drains nor yields
  CHECK(rooms.state.marks.take_model() == &digits);
  CHECK(rooms.state.marks.take_answered() == tab);
}

TEST_CASE("workers alone: a load that failed leaves its reason, and is not tried there again") {
  Rooms rooms(attached());
  ModelRow& digits = rooms.tables.add_model(model("digits"));
  const ConnectionId tab = rooms.guest();
  const WorkerId worker = rooms.tables.open_worker(digits, tab, rooms.now);
  rooms.workers.load_failed(worker, Error(errc::load_failed, "no such operator"), rooms.turn());
  CHECK(digits.failed_on.contains(Tables::index_of(tab)));
  CHECK(digits.reasons.at(0).message() == "chromium 1.0: no such operator");
  CHECK(digits.loading == 0);
}
