#include <webpool/testing/ledger.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("a ledger follows each request from submission to its end, and notices a second end") {
  constexpr TimePoint start{100s};
  testing::Ledger ledger(start);
  Request request;
  request.client = 7;
  request.deadline = start + 5s;
  ledger.submitted(RequestId{11}, request, true, start + 1s);
  CHECK(ledger.sent(RequestId{11}, ConnectionId{3}, Browser::firefox, Backend::wasm) == 0);
  ledger.started(RequestId{11}, start + 2s);
  ledger.ended(RequestId{11}, Error(errc::cancelled, "no"), start + 3s);
  REQUIRE(ledger.records().size() == 1);
  const testing::RequestRecord& record = ledger.records()[0];
  CHECK(record.client == 7);
  CHECK(record.warm);
  CHECK(record.tab == ConnectionId{3});
  CHECK(record.browser == Browser::firefox);
  CHECK(record.deadline == 5s);
  CHECK(record.wait(9s) == 1s);
  CHECK(record.service(9s) == 1s);
  CHECK(record.latency(9s) == 2s);
  CHECK(record.error == errc::cancelled);
  CHECK_FALSE(record.ok());
  CHECK(ledger.unknown_ends() == 0);
  ledger.ended(RequestId{11}, std::nullopt, start + 4s);
  ledger.started(RequestId{11}, start + 4s);
  CHECK(ledger.unknown_ends() == 1);
  CHECK(ledger.records()[0].ended == 3s);
}
