#include "catch.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>
#include <webpool/tensor.hpp>

namespace {

using namespace webpool;

template <class R>
concept Elements = requires(R elements) {
  Tensor::from(elements, Shape{});
};
static_assert(Elements<std::vector<float>> && Elements<std::span<const double>> && Elements<std::array<bool, 2>>);
static_assert(!Elements<std::vector<bool>> && !Elements<std::string> && !Elements<std::vector<long double>> &&
              !Elements<float>);
static_assert(std::is_nothrow_move_constructible_v<Tensor> && std::is_copy_constructible_v<Tensor>);

}  // namespace

TEST_CASE("a tensor without elements of its own is empty", "[vocabulary]") {
  const Tensor tensor;
  CHECK(tensor.shape() == Shape{0});
  CHECK(tensor.bytes().empty());
  CHECK(tensor.as<float>().empty());
}

TEST_CASE("elements are copied from any contiguous range", "[vocabulary]") {
  std::array<std::int64_t, 3> ids{1, 2, 3};
  const Tensor tensor = Tensor::from(ids, {1, 3});
  ids[0] = 9;
  CHECK(tensor.datatype() == Datatype::int64);
  CHECK(tensor.shape() == Shape{1, 3});
  CHECK(std::ranges::equal(tensor.as<std::int64_t>(), std::vector<std::int64_t>{1, 2, 3}));
  const std::span<const std::int64_t> part = std::span(ids).last(2);
  CHECK(Tensor::from(part, {2}).as<std::int64_t>()[1] == 3);
  CHECK(Tensor::from(std::array{true, false, true}, {3}).as<bool>()[2]);
}

namespace {
template <class R>
concept HasElements = requires(const R& elements) {
  webpool::Tensor::from(elements, {1});
};
}  // namespace

TEST_CASE("nothing but a contiguous range of a datatype's elements is a tensor's elements", "[vocabulary]") {
  STATIC_REQUIRE(HasElements<float[4]>);
  STATIC_REQUIRE(HasElements<std::span<const double>>);
  STATIC_REQUIRE(HasElements<std::array<bool, 2>>);
  STATIC_REQUIRE_FALSE(HasElements<std::vector<bool>>);
  STATIC_REQUIRE_FALSE(HasElements<std::string>);
  STATIC_REQUIRE_FALSE(HasElements<std::vector<std::string>>);
  STATIC_REQUIRE_FALSE(HasElements<float>);
}

TEST_CASE("a vector's elements are taken over without a copy", "[vocabulary]") {
  std::vector<float> elements{1, 2, 3, 4};
  const float* memory = elements.data();
  const Tensor tensor = Tensor::from(std::move(elements), {2, 2});
  CHECK(tensor.as<float>().data() == memory);
}

TEST_CASE("a copy of a tensor shares its bytes and keeps them alive", "[vocabulary]") {
  const auto owner = std::make_shared<std::vector<float>>(std::vector<float>{1, 2});
  const std::weak_ptr<std::vector<float>> watched = owner;
  {
    Tensor copy;
    {
      const Tensor tensor = Tensor::borrow(std::span<const float>(*owner), {2}, owner);
      CHECK(tensor.as<float>().data() == owner->data());
      copy = tensor;
    }
    CHECK(watched.use_count() == 2);
    CHECK(copy.as<float>()[1] == 2);
  }
  CHECK(watched.use_count() == 1);
}

TEST_CASE("a scalar has one element", "[vocabulary]") {
  CHECK(Tensor::from(std::vector<double>{0.5}, {}).as<double>()[0] == 0.5);
}

TEST_CASE("bytes that don't fit the shape are refused", "[vocabulary]") {
  CHECK_THROWS_WITH(Tensor::from(std::vector<float>{1, 2, 3}, {2, 2}), "shape [2, 2] of FP32 needs 16 bytes, not 12");
  CHECK_THROWS_WITH(Tensor::from(std::vector<float>{1}, {Shape::any}),
                    "a tensor's shape can't have a free extent: [?]");
  const std::int64_t large = std::int64_t{1} << 32;
  CHECK_THROWS_AS(Tensor(Datatype::float32, {large, large}, {}, nullptr), Error);
  try {
    Tensor::from(std::array{1, 2}, {3});
  } catch (const Error& error) {
    CHECK(error.code() == errc::wrong_shape);
  }
}

TEST_CASE("elements are only given as the type that they have", "[vocabulary]") {
  const Tensor tensor = Tensor::from(std::vector<float>{1}, {1});
  CHECK_THROWS_WITH(tensor.as<std::int32_t>(), "the tensor holds FP32, not INT32");
  try {
    tensor.as<double>();
  } catch (const Error& error) {
    CHECK(error.code() == errc::wrong_datatype);
  }
}

namespace {

struct InTab final : DeviceTensor {
  Tensor fetch() const override { return Tensor::from(std::vector<float>{1, 2}, {2}); }
  bool lost() const noexcept override { return false; }
  std::size_t bytes() const noexcept override { return 8; }
};

}  // namespace

TEST_CASE("a tensor in a tab has a shape and no elements here, until they are copied") {
  const Tensor there(Datatype::float32, {2}, std::make_shared<InTab>());
  CHECK(there.shape() == Shape{2});
  CHECK(there.bytes().empty());
  CHECK(there.device());
  try {
    (void)there.as<float>();
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.code() == errc::tensor_elsewhere);
  }
  CHECK(there.to_host().as<float>()[1] == 2);
  CHECK_FALSE(there.to_host().device());
  const Tensor here = Tensor::from(std::vector<float>{3}, {1});
  CHECK(here.to_host().bytes().data() == here.bytes().data());
}
