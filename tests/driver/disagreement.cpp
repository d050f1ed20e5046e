#include <webpool/driver/disagreement.hpp>

#include <limits>

#include "../catch.hpp"

using namespace webpool;

namespace {

constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN(),
                infinite = std::numeric_limits<float>::infinity();

template <class T>
std::vector<NamedTensor> outputs(std::vector<T> values, const std::string& name = "y") {
  const auto size = static_cast<std::int64_t>(values.size());
  return {{name, Tensor::from(std::move(values), {1, size})}};
}

template <class T>
std::string compare(std::vector<T> given, std::vector<T> expected, double absolute = 0.1, double relative = 0.01) {
  return driver::disagreement(outputs(std::move(given)), outputs(std::move(expected)),
                              {.absolute_tolerance = absolute, .relative_tolerance = relative})
      .value_or("");
}

}  // namespace

TEST_CASE("numbers agree within an absolute and a relative tolerance of the expected one") {
  CHECK(compare<float>({1, 2}, {1, 2}, 0, 0).empty());
  CHECK(compare<float>({0.09F}, {0}).empty());
  CHECK_FALSE(compare<float>({0.11F}, {0}).empty());
  CHECK(compare<float>({101.0F}, {100}).empty());
  CHECK(compare<float>({98.95F}, {100}).empty());
  CHECK(compare<float>({1, 7}, {1, 0.25F}) == "output 'y' FP32 [1, 2] has 7 instead of 0.25 at element 1");
  CHECK(compare<double>({1e-12}, {0}, 0, 0) == "output 'y' FP64 [1, 1] has 1e-12 instead of 0 at element 0");
}

TEST_CASE("what is no number agrees with itself alone") {
  CHECK(compare<float>({not_a_number, infinite, -infinite}, {not_a_number, infinite, -infinite}).empty());
  const auto [given, expected] =
      GENERATE(std::pair(not_a_number, 0.0F), std::pair(0.0F, not_a_number), std::pair(infinite, 0.0F),
               std::pair(0.0F, infinite), std::pair(-infinite, infinite), std::pair(not_a_number, infinite));
  CAPTURE(given, expected);
  CHECK_FALSE(compare<float>({given}, {expected}).empty());
}

TEST_CASE("half-precision numbers are compared as numbers") {
  const auto halves = [](std::uint16_t given, std::uint16_t expected, double absolute = 0) {
    return compare<Float16>({Float16{given}}, {Float16{expected}}, absolute, 0);
  };
  CHECK(halves(0x3C00, 0x4000) == "output 'y' FP16 [1, 1] has 1 instead of 2 at element 0");
  CHECK(halves(0x3C00, 0x4000, 1).empty());
  CHECK(halves(0x8000, 0x0000).empty());  // minus zero
  CHECK(halves(0x7E00, 0xFE01).empty());  // NaN
  CHECK(halves(0x7BFF, 0xFC00).find("65504 instead of -inf") != std::string::npos);
  CHECK(halves(0x0001, 0x0000).find("5.96046448e-08 instead of 0") != std::string::npos);
  CHECK(halves(0xC248, 0x0000).find("-3.140625 instead of 0") != std::string::npos);
}

TEST_CASE("integers agree exactly, whatever the tolerance") {
  CHECK(compare<std::int64_t>({5, -3}, {5, -3}).empty());
  CHECK(compare<std::int64_t>({5, -3}, {5, -4}, 100) == "output 'y' INT64 [1, 2] has -3 instead of -4 at element 1");
  CHECK(compare<std::uint8_t>({255}, {254}, 100) == "output 'y' UINT8 [1, 1] has 255 instead of 254 at element 0");
  CHECK(compare<std::int16_t>({-1}, {1}, 100) == "output 'y' INT16 [1, 1] has -1 instead of 1 at element 0");
}

TEST_CASE("outputs agree in number, name, datatype and shape") {
  const GuestSettings limits;
  const auto expected = outputs<float>({1, 2});
  CHECK(driver::disagreement({}, expected, limits) == "0 outputs instead of 1");
  CHECK(driver::disagreement(outputs<float>({1, 2}, "z"), expected, limits) == "no output 'y'");
  CHECK(driver::disagreement(outputs<double>({1, 2}), expected, limits) ==
        "output 'y' is FP64 [1, 2] instead of FP32 [1, 2]");
  CHECK(driver::disagreement(outputs<float>({1, 2, 3}), expected, limits) ==
        "output 'y' is FP32 [1, 3] instead of FP32 [1, 2]");
  CHECK_FALSE(driver::disagreement(outputs<float>({}), outputs<float>({}), limits));
}

TEST_CASE("outputs are compared by name, in whatever order they come") {
  auto given = outputs<float>({1}, "a"), expected = outputs<float>({2}, "b");
  given.push_back(outputs<float>({2}, "b")[0]);
  expected.push_back(outputs<float>({1}, "a")[0]);
  CHECK_FALSE(driver::disagreement(given, expected, {}));
}
