#include "catch.hpp"

#include <memory>
#include <webpool/generation.hpp>

using namespace webpool;

TEST_CASE("by default a generation takes the most likely tokens, and runs again only as requests do") {
  const GenerationOptions options;
  CHECK(options.temperature == 0);
  CHECK(options.top_p == 1);
  CHECK(options.max_tokens == 64);
  CHECK(options.request.retry == Retry::always);
}

TEST_CASE("a generation knows the tab that computed it") {
  Where where;
  where.backend = Backend::webgpu;
  const Generation generation{.tokens = {1, 2}, .place = std::make_shared<const Where>(where)};
  CHECK(generation.where().backend == Backend::webgpu);
  CHECK(generation.finish == Finish::length);
}
