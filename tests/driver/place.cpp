#include <webpool/driver/place.hpp>

#include <vector>

#include "../catch.hpp"

using webpool::driver::Place;

namespace {
struct Owner final : webpool::driver::PlaceOwner {
  void leave(std::size_t bytes) noexcept override { back.push_back(bytes); }
  std::vector<std::size_t> back;
};
}  // namespace

TEST_CASE("a place is given back once: when it is left, replaced or destroyed") {
  const auto owner = std::make_shared<Owner>();
  {
    Place first(owner, 1), second(owner, 2);
    first.leave();
    first.leave();
    CHECK(owner->back == std::vector<std::size_t>{1});
    Place moved = std::move(second);
    moved = Place(owner, 3);
    CHECK(owner->back == std::vector<std::size_t>{1, 2});
  }
  CHECK(owner->back == std::vector<std::size_t>{1, 2, 3});
}

TEST_CASE("a place keeps its owner alive, and an empty one has none") {
  auto owner = std::make_shared<Owner>();
  const std::weak_ptr<Owner> alive = owner;
  Place place(std::move(owner), 1), none;
  none.leave();
  CHECK_FALSE(alive.expired());
  place.leave();
  CHECK(alive.expired());
}
