#include <webpool/options.hpp>
#include <webpool/placing.hpp>
#include <webpool/request.hpp>

#include "catch.hpp"

TEST_CASE("models and requests stand anywhere unless they say otherwise") {
  CHECK(webpool::ModelOptions().placing.group.empty());
  CHECK(webpool::ModelOptions().placing.apart_from.empty());
  CHECK_FALSE(webpool::RequestOptions().placing);
}
