#include <webpool/impl/make_pool.hpp>

#include <atomic>
#include <memory>
#include <utility>
#include <webpool/core.hpp>
#include <webpool/engine/policy_set.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// What a pool has asked its policies.
struct Asked {
  std::atomic<unsigned> selections = 0, pushes = 0, sizes = 0, places = 0;
  std::atomic<bool> gone = false;
};

/// Policies that note what they are asked, and answer as others would.
class Noting final : public engine::Decisions {
 public:
  explicit Noting(Asked& asked) : Decisions({}), asked_(asked) {}
  ~Noting() override { asked_.gone = true; }

  std::optional<ConnectionIndex> select(const PoolView& pool, const Request& request) noexcept override {
    ++asked_.selections;
    return policies_.select(pool, request);
  }
  void push(const Request& request) noexcept override {
    ++asked_.pushes;
    policies_.push(request);
  }
  Line line(ModelIndex model) noexcept override { return policies_.line(model); }
  void erase(const Request& request) noexcept override { policies_.erase(request); }
  std::size_t waiting(ModelIndex model) const noexcept override { return policies_.waiting(model); }
  Admission admit(const Request& request, const LaneLoad& load) noexcept override {
    return policies_.admit(request, load);
  }
  void ended(const Request& request) noexcept override { policies_.ended(request); }
  std::size_t desired(const PoolLoad& load) noexcept override {
    ++asked_.sizes;
    return policies_.desired(load);
  }
  MemoryDecision make_room(const MemoryView& view) noexcept override {
    ++asked_.places;
    return policies_.make_room(view);
  }
  void observe(const Outcome& outcome) noexcept override { policies_.observe(outcome); }

 private:
  Asked& asked_;
  engine::PolicySet<selector::FirstFit, scaling::Fixed, memory::Unlimited, scheduling::Fifo> policies_;
};

}  // namespace

TEST_CASE("whatever answers the engine's questions makes a pool, which keeps it") {
  Asked asked;
  {
    const auto pool = impl::make_pool(quiet(), std::make_unique<Noting>(asked));
    const ServingTab tab(pool->join_url());
    const Model model = pool->load(digits(), {});
    CHECK(asked.places == 1);
    CHECK(asked.selections == 1);  // of a tab for the model
    CHECK(model(picture(8))["probabilities"].as<float>()[0] == 8.0F);
    CHECK(asked.pushes == 1);
    CHECK(asked.selections == 2);
    CHECK(within(patience, [&] { return asked.sizes > 0; }));
    pool->close();
    CHECK_FALSE(asked.gone);
  }
  CHECK(within(patience, [&] { return asked.gone.load(); }));
}

TEST_CASE("a pool that can't be made lets go of its policies and says why") {
  Asked asked;
  PoolOptions options = quiet();
  options.min_connections = 2;
  options.max_connections = 1;
  const Error error = error_of([&] { impl::make_pool(std::move(options), std::make_unique<Noting>(asked)); });
  CHECK(error.code() == errc::invalid_options);
  CHECK(asked.gone);
}
