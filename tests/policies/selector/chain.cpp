#include <webpool/policies/selector/affinity.hpp>
#include <webpool/policies/selector/chain.hpp>
#include <webpool/policies/selector/first_fit.hpp>
#include <webpool/policies/selector/healthy.hpp>
#include <webpool/policies/selector/learned.hpp>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using selector::Chain;

namespace {
template <class... Parts>
concept Chains = requires {
  typename Chain<Parts...>;
};

struct Even {
  bool accepts(const PoolView&, ConnectionIndex tab, const Request&) noexcept { return tab.value % 2 == 0; }
};
struct BeyondTen {
  bool accepts(const PoolView&, ConnectionIndex tab, const Request&) noexcept { return tab.value > 10; }
};
}  // namespace

TEST_CASE("a chain is made of parts and ends with a selector") {
  STATIC_REQUIRE(BrowserSelector<Chain<selector::Healthy, selector::Affinity, selector::Learned>>);
  STATIC_REQUIRE(Observer<Chain<selector::Healthy, selector::Learned>>);
  STATIC_REQUIRE_FALSE(Observer<Chain<selector::Healthy, selector::FirstFit>>);
  STATIC_REQUIRE(Chains<selector::Healthy, selector::FirstFit>);
  STATIC_REQUIRE_FALSE(Chains<selector::FirstFit>);
  STATIC_REQUIRE_FALSE(Chains<selector::FirstFit, selector::Healthy>);
  STATIC_REQUIRE_FALSE(Chains<int, selector::FirstFit>);
}

TEST_CASE("a filter leaves the last part what it accepts") {
  rig::Tabs tabs(4);
  tabs.states[0].in_flight = 1;
  Chain<Even, selector::FirstFit> chain;
  CHECK(chain.select(tabs.view(), {}) == ConnectionIndex{2});
  tabs.states[2].in_flight = 2;
  CHECK(chain.select(tabs.view(), {}) == ConnectionIndex{0});
}

TEST_CASE("a filter that accepts nothing is passed over, the others are not") {
  rig::Tabs tabs(4);
  tabs.states[0].in_flight = 1;
  CHECK(Chain<BeyondTen, Even, selector::FirstFit>().select(tabs.view(), {}) == ConnectionIndex{2});
  CHECK(Chain<Even, BeyondTen, selector::FirstFit>().select(tabs.view(), {}) == ConnectionIndex{2});
}

TEST_CASE("a proposal counts only where the filters before it agree") {
  rig::Tabs tabs(4);
  const Request mine{.client = 3};
  Chain<Even, selector::Affinity, selector::FirstFit> before;
  Chain<selector::Affinity, Even, selector::FirstFit> after;
  before.observe(rig::outcome(tabs, mine, 3, 1ms));
  after.observe(rig::outcome(tabs, mine, 3, 1ms));
  CHECK(before.select(tabs.view(), mine) == ConnectionIndex{0});
  CHECK(after.select(tabs.view(), mine) == ConnectionIndex{3});
}

TEST_CASE("Affinity finds its tab among thousands") {
  rig::Tabs tabs(5000);
  const Request mine{.client = 3};
  Chain<selector::Healthy, selector::Affinity, selector::FirstFit> chain;
  chain.observe(rig::outcome(tabs, mine, 4321, 1ms));
  CHECK(chain.select(tabs.view(), mine) == ConnectionIndex{4321});
}
