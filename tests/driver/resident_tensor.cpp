#include <webpool/driver/resident_tensor.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using driver::ResidentTensor;

TEST_CASE("a tensor whose pool is gone says so, and is none of any other") {
  const auto there = std::make_shared<const ResidentTensor>(std::weak_ptr<driver::Runtime>(), ModelIndex{1},
                                                            WorkerId{2}, TensorId{3}, Datatype::int64, Shape{4, 5});
  CHECK(there->bytes() == 160);
  CHECK_FALSE(there->lost());
  CHECK(webpool::testing::error_of([&] { there->fetch(); }).code() == errc::pool_closed);
  there->lose();
  CHECK(there->lost());
}
