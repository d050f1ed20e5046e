#include "../catch.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <webpool/protocol/frame.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;
using Extents = std::array<std::int64_t, 2>;
using test::bytes_of, test::text_of;

constexpr std::int64_t large = std::int64_t{1} << 40;
static_assert(aligned(0) == 0 && aligned(1) == 8 && aligned(8) == 8 && aligned(9) == 16);
static_assert(byte_size(Datatype::float32, {}) == 4);
static_assert(byte_size(Datatype::float16, Extents{3, 5}) == 30);
static_assert(byte_size(Datatype::float64, Extents{large, 0}) == 0);
static_assert(byte_size(Datatype::uint8, Extents{large, 1 << 22}) == std::size_t{1} << 62);
static_assert(!byte_size(Datatype::uint8, Extents{large, 1 << 23}));
static_assert(!byte_size(Datatype::float32, Extents{large, large}));
static_assert(!byte_size(Datatype::float32, Extents{std::int64_t{1} << 32, std::int64_t{1} << 32}));
static_assert(!byte_size(Datatype::float32, Extents{-1, -2}));
static_assert(!byte_size(Datatype::float32, Extents{-1, 0}));

void check_refused(const std::string& frame, const std::string& sentence) {
  try {
    FrameReader reader(bytes_of(frame));
    FAIL("accepted");
  } catch (const Error& error) {
    CHECK(error.code() == errc::malformed_frame);
    INFO(error.message());
    CHECK(error.message().find(sentence) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("a frame's header is padded and its tensors are aligned", "[protocol]") {
  std::string out = "before";
  FrameWriter writer(out, 64);
  writer.header() += "{}";
  writer.end_header();
  writer.tensor(bytes_of("abc"));
  writer.tensor({});
  writer.tensor(bytes_of("d"));
  CHECK(out == "before" + test::frame("{}", {"abc", "", "d"}));
}

TEST_CASE("a frame is taken apart without a copy", "[protocol]") {
  const std::string frame = test::frame(R"({"type":"x"})", {"abc", "", "12345678"});
  FrameReader reader(bytes_of(frame));
  CHECK(text_of(reader.header()) == R"({"type":"x"})");
  const auto first = reader.tensor(3, "first");
  CHECK(text_of(first) == "abc");
  CHECK(reinterpret_cast<const char*>(first.data()) == frame.data() + 16);
  CHECK(reader.tensor(0, "second").empty());
  CHECK(text_of(reader.tensor(8, "third")) == "12345678");
  reader.finish();
}

TEST_CASE("a frame's announced lengths are checked", "[protocol]") {
  check_refused("", "a frame of 0 bytes");
  check_refused("123", "a frame of 3 bytes");
  check_refused(test::frame("{}", {}, 5), "5 bytes don't fit into a frame of 8");
  check_refused(test::frame("{}", {}, 0xffffffff), "4294967295 bytes don't fit");
  check_refused(test::frame("{}", {"12345678"}, 5), "ends at byte 9, which is not a multiple of 8");
  check_refused(test::frame(std::string(max_header_bytes, ' ')),
                "a header of 1048580 bytes; at most 1048576 are allowed");
}

TEST_CASE("a frame holds exactly its tensors", "[protocol]") {
  const std::string frame = test::frame("{}", {"abc", "d"});
  SECTION("one too many bytes asked for") {
    FrameReader reader(bytes_of(frame));
    CHECK_THROWS_WITH(reader.tensor(10, "x"), "tensor 'x' has 10 bytes from byte 8, but the frame ends at 17");
  }
  SECTION("so many that the end would wrap") {
    FrameReader reader(bytes_of(frame));
    CHECK_THROWS_AS(reader.tensor(SIZE_MAX, "x"), Error);
    CHECK_THROWS_AS(reader.tensor(SIZE_MAX - 7, "x"), Error);
  }
  SECTION("bytes left over") {
    FrameReader reader(bytes_of(frame));
    reader.tensor(3, "x");
    CHECK_THROWS_WITH(reader.finish(), "the message ends at byte 11, but the frame at 17");
  }
  SECTION("an empty tensor behind the frame's unpadded end") {
    const std::string shorter = test::frame("{}", {"abc"});
    FrameReader reader(bytes_of(shorter));
    reader.tensor(3, "x");
    CHECK_THROWS_AS(reader.tensor(0, "y"), Error);
  }
  SECTION("a gap that is not zero") {
    std::string dirty = frame;
    dirty[12] = 'x';
    FrameReader reader(bytes_of(dirty));
    reader.tensor(3, "x");
    CHECK_THROWS_WITH(reader.tensor(1, "y"), "the gap before tensor 'y' is not zero");
  }
}
