#include <webpool/policies/scheduling/fifo.hpp>

#include "../../catch.hpp"
#include "order.hpp"

using namespace webpool;

TEST_CASE("Fifo serves each lane in order of arrival") {
  compare_with_a_sorted_list<scheduling::Fifo>([](const Request&, const Request&) { return false; });
}

TEST_CASE("Fifo knows nothing of a lane that was never used") {
  scheduling::Fifo fifo;
  CHECK(fifo.waiting({5}) == 0);
  CHECK_FALSE(fifo.front({5}));
}
