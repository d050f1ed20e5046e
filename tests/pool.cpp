#include <webpool/pool.hpp>

#include <asio/use_future.hpp>
#include <memory>
#include <type_traits>
#include <webpool/core.hpp>

#include "support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

// A pool is made by a `ResourcePool`, stays where it is, and may be destroyed as what it is.
static_assert(!std::is_default_constructible_v<Pool> &&
              !std::is_constructible_v<Pool, std::shared_ptr<impl::PoolInterface>>);
static_assert(!std::is_copy_constructible_v<Pool> && !std::is_copy_assignable_v<Pool>);
static_assert(!std::is_move_constructible_v<ResourcePool<>> && !std::is_move_assignable_v<ResourcePool<>>);
static_assert(std::has_virtual_destructor_v<Pool> && std::is_convertible_v<ResourcePool<>*, Pool*>);

namespace {

using Plain = ResourcePool<selector::FirstFit, scaling::Fixed, memory::Unlimited, scheduling::Fifo>;

/// What an application does with a pool, whatever its policies.
float first_number(Pool& pool, float pixel) {
  const ServingTab tab(pool.join_url());
  const Model model = pool.load(digits());
  const float first = model(picture(pixel))["probabilities"].as<float>()[0];
  CHECK(pool.metrics().completed == 1);
  CHECK(pool.connections().size() == 1);
  CHECK(pool.execution_stats().size() == 1);
  return first;
}

}  // namespace

TEST_CASE("a function that takes a pool takes pools of all policies") {
  ResourcePool pool(quiet());
  Plain plain(quiet());
  CHECK(first_number(pool, 6) == 6.0F);
  CHECK(first_number(plain, 7) == 7.0F);
}

TEST_CASE("a pool that is destroyed as a Pool ends what is under way") {
  std::unique_ptr<Pool> pool = std::make_unique<Plain>(quiet());
  auto loading = pool->async_load(digits(), {}, asio::use_future);
  pool.reset();
  CHECK(error_of([&] { loading.get(); }).code() == errc::pool_closed);
}
