#include <webpool/testing/usage.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("usage keeps peaks and sums") {
  testing::Usage usage;
  usage.opened();
  usage.opened();
  usage.closed(3s);
  usage.opened();
  usage.loaded(100);
  usage.unloaded(60);
  usage.loaded(50);
  CHECK(usage.peak_open() == 2);
  CHECK(usage.peak_bytes() == 100);
  CHECK(usage.time() == 3s);
}
