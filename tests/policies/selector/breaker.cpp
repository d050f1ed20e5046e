#include <webpool/policies/selector/breaker.hpp>
#include <webpool/policies/selector/chain.hpp>
#include <webpool/policies/selector/first_fit.hpp>

#include "../../catch.hpp"
#include "tabs.hpp"

using namespace rig;
using selector::Breaker;

namespace {

Request request(std::uint32_t model = 0, TimePoint submitted = TimePoint(5s)) {
  Request wanted;
  wanted.model = {model};
  wanted.submitted = submitted;
  return wanted;
}

void fail(Breaker& breaker, const Tabs& tabs, std::uint32_t tab, std::uint32_t model, int times = 5) {
  const Request failed = request(model);
  for (int i = 0; i < times; ++i) breaker.observe(outcome(tabs, failed, tab, 1ms, false));
}

}  // namespace

TEST_CASE("a tab that fails is ejected, and the others are not") {
  Tabs tabs(2);
  Breaker breaker;
  fail(breaker, tabs, 0, 0);
  CHECK_FALSE(breaker.accepts(tabs.view(), {0}, request()));
  CHECK(breaker.accepts(tabs.view(), {1}, request()));
}

TEST_CASE("a model that fails in a tab does not cost the others that tab") {
  Tabs tabs(1);
  Breaker breaker;
  const Request good = request(1);
  for (int i = 0; i < 6; ++i) {
    fail(breaker, tabs, 0, 0, 1);
    for (int k = 0; k < 3; ++k) breaker.observe(outcome(tabs, good, 0, 1ms));
  }
  CHECK_FALSE(breaker.accepts(tabs.view(), {0}, request(0)));
  CHECK(breaker.accepts(tabs.view(), {0}, request(1)));
}

TEST_CASE("another tab in the same place starts with a clean record") {
  Tabs tabs(1);
  Breaker breaker;
  fail(breaker, tabs, 0, 0);
  tabs.states[0].joined += 1s;
  CHECK(breaker.accepts(tabs.view(), {0}, request()));
}

TEST_CASE("in a chain, an ejected tab gets its trials in time, and nothing while others can serve") {
  Tabs tabs(2);
  selector::Chain<Breaker, selector::FirstFit> chain(Breaker({.trials = 1}), {});
  const Request failed = request();
  for (int i = 0; i < 5; ++i) chain.observe(outcome(tabs, failed, 0, 1ms, false));
  CHECK(chain.select(tabs.view(), request()) == ConnectionIndex{1});
  const Request later = request(0, TimePoint(7s));
  CHECK(chain.select(tabs.view(), later) == ConnectionIndex{0});  // the trial
  CHECK(chain.select(tabs.view(), later) == ConnectionIndex{1});  // its slot is taken
}

TEST_CASE("when all tabs are ejected, requests still go somewhere") {
  Tabs tabs(2);
  selector::Chain<Breaker, selector::FirstFit> chain;
  const Request failed = request();
  for (std::uint32_t tab : {0u, 1u})
    for (int i = 0; i < 5; ++i) chain.observe(outcome(tabs, failed, tab, 1ms, false));
  CHECK(chain.select(tabs.view(), request()) == ConnectionIndex{0});
}
