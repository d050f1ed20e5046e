#include <webpool/kept_text.hpp>

#include <memory>

#include "catch.hpp"

using namespace webpool;

namespace {

struct Cache final : DeviceTensor {
  Tensor fetch() const override { return {}; }
  bool lost() const noexcept override { return gone; }
  std::size_t bytes() const noexcept override { return 640; }
  bool gone = false;
};

}  // namespace

TEST_CASE("no text is kept by default") {
  const KeptText none;
  CHECK_FALSE(none);
  CHECK_FALSE(none.lost());
  CHECK_FALSE(none.unread());
  CHECK(none.tokens() + none.bytes() == 0);
}

TEST_CASE("a kept text knows its size, and is lost with its cache") {
  const auto cache = std::make_shared<Cache>();
  const KeptText text(Tensor(Datatype::uint8, {10, 64}, cache), 11, true);
  CHECK(text);
  CHECK(text.tokens() == 11);
  CHECK(text.bytes() == 640);
  CHECK(text.unread());
  CHECK_FALSE(text.lost());
  cache->gone = true;
  CHECK(text.lost());
}
