#include <webpool/impl/lease.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("a model is released with its last handle, once") {
  ResourcePool pool(quiet());
  const ServingTab tab(pool.join_url());
  {
    const Model model = pool.load(digits());
    const Model copy = model;
    CHECK(pool.metrics().models == 1);
  }
  CHECK(within(patience, [&] { return pool.metrics().models == 0; }));
}

TEST_CASE("a lease without a pool releases nothing") {
  const impl::Lease failed(nullptr, false);
  CHECK_FALSE(failed.runtime);
  CHECK_FALSE(failed.shared);
}
