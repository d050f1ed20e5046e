#include <webpool/concepts/selector_parts.hpp>

#include "../catch.hpp"
#include "archetypes.hpp"

using namespace archetypes;

TEST_CASE("a filter is movable and has an accepts that cannot throw") {
  STATIC_REQUIRE(CandidateFilter<Filter>);
  STATIC_REQUIRE_FALSE(CandidateFilter<FilterNotMovable>);
  STATIC_REQUIRE_FALSE(CandidateFilter<FilterWithInt>);
  STATIC_REQUIRE_FALSE(CandidateFilter<FilterThatMayThrow>);
}

TEST_CASE("a proposer is movable and has a propose that cannot throw") {
  STATIC_REQUIRE(Proposer<Proposing>);
  STATIC_REQUIRE_FALSE(Proposer<ProposingNotMovable>);
  STATIC_REQUIRE_FALSE(Proposer<ProposingWithBareIndex>);
  STATIC_REQUIRE_FALSE(Proposer<ProposingThatMayThrow>);
}

TEST_CASE("both are parts of a chain, a selector is not") {
  STATIC_REQUIRE(SelectorPart<Filter>);
  STATIC_REQUIRE(SelectorPart<Proposing>);
  STATIC_REQUIRE_FALSE(SelectorPart<Selector>);
}
