#include <webpool/testing/request_record.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("a request that waits has waited until now") {
  testing::RequestRecord record;
  record.submitted = 2s;
  CHECK(record.wait(5s) == 3s);
  CHECK(record.latency(5s) == 3s);
  CHECK(record.service(5s) == 0s);
  CHECK_FALSE(record.ok());
  CHECK_FALSE(record.missed(5s));
}

TEST_CASE("a request that computes has waited until it began") {
  testing::RequestRecord record;
  record.submitted = 2s;
  record.started = 3s;
  CHECK(record.wait(5s) == 1s);
  CHECK(record.service(5s) == 2s);
  record.ended = 4s;
  CHECK(record.ok());
  CHECK(record.service(5s) == 1s);
  CHECK(record.latency(5s) == 2s);
}

TEST_CASE("a request that ended without computing waited until then") {
  testing::RequestRecord record;
  record.submitted = 2s;
  record.ended = 4s;
  record.error = errc::queue_full;
  CHECK(record.wait(9s) == 2s);
  CHECK_FALSE(record.ok());
}
