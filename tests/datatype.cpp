#include "catch.hpp"

#include <cstddef>
#include <string>
#include <webpool/datatype.hpp>

namespace {

using namespace webpool;

static_assert(size_of(Datatype::boolean) == sizeof(bool) && size_of(Datatype::float16) == sizeof(Float16));
static_assert(size_of(Datatype::float32) == sizeof(float) && size_of(Datatype::float64) == sizeof(double));
static_assert(to_string(Datatype::boolean) == "BOOL" && to_string(Datatype::float16) == "FP16" &&
              to_string(Datatype::uint64) == "UINT64");
static_assert(!parse_datatype("fp32") && !parse_datatype("BF16") && !parse_datatype(""));
static_assert(Float16{0x3c00} == Float16{0x3c00} && Float16{0} != Float16{0x8000});

template <class T>
constexpr bool matches = TensorElement<T>&& size_of(*datatype_of<T>) == sizeof(T);
static_assert(matches<bool> && matches<std::uint8_t> && matches<std::uint16_t> && matches<std::uint32_t> &&
              matches<std::uint64_t>);
static_assert(matches<std::int8_t> && matches<std::int16_t> && matches<std::int32_t> && matches<std::int64_t>);
static_assert(matches<Float16> && matches<float> && matches<double>);
static_assert(!TensorElement<char> && !TensorElement<std::byte> && !TensorElement<long double> &&
              !TensorElement<const float>);

}  // namespace

TEST_CASE("every datatype's name is read back", "[vocabulary]") {
  for (std::size_t i = 0; i < 12; ++i) {
    const auto type = static_cast<Datatype>(i);
    INFO(std::string(to_string(type)));
    CHECK(parse_datatype(to_string(type)) == type);
    const std::string name(to_string(type));
    const auto digits = name.find_first_of("0123456789");
    CHECK(size_of(type) == (digits == std::string::npos ? 1 : std::stoul(name.substr(digits)) / 8));
  }
}
