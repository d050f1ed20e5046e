// Damaged frames: whatever happens to the bytes, the decoder answers with a message that keeps every rule, or refuses.
#include "../catch.hpp"

#include <simdjson.h>

#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>
#include <webpool/protocol/decode.hpp>

#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;

std::vector<std::string> golden_frames() {
  simdjson::dom::parser parser;
  const simdjson::dom::element golden = parser.load(WEBPOOL_TESTS_DIR "/protocol/golden.json");
  std::vector<std::string> frames;
  for (const simdjson::dom::element message : simdjson::dom::array(golden["messages"]))
    if (std::string_view(message["direction"]) == "page_to_pool")
      frames.push_back(test::unhex(std::string_view(message["frame"])));
  return frames;
}

bool sound(const Result& result, std::span<const std::byte> frame) {
  std::set<std::string> names;
  for (const auto& [name, tensor] : result.outputs) {
    const auto bytes = tensor.bytes();
    if (!names.insert(name).second || tensor.shape().rank() > Shape::max_rank) return false;
    if (bytes.size() != tensor.shape().elements() * size_of(tensor.datatype())) return false;
    if (bytes.data() < frame.data() || bytes.data() + bytes.size() > frame.data() + frame.size()) return false;
    if (reinterpret_cast<std::uintptr_t>(bytes.data()) % 8 != 0) return false;
  }
  const RunTimes& times = result.times;
  return result.id.value <= max_id && std::isfinite(times.queued + times.upload + times.compute + times.download);
}

/// Decodes from memory of exactly the frame's size, so that a sanitizer sees a read behind its end.
bool survives(Decoder& decoder, const std::string& bytes) {
  const auto memory = std::make_shared<std::vector<std::byte>>();
  const auto span = test::bytes_of(bytes);
  memory->assign(span.begin(), span.end());
  const auto control = decoder.control(*memory);
  const auto data = decoder.data(*memory, memory);
  if (!control && control.error().code() != errc::malformed_frame) return false;
  if (!data) return data.error().code() == errc::malformed_frame && !data.error().message().empty();
  const auto* result = std::get_if<Result>(&*data);
  return !result || sound(*result, *memory);
}

/// The frame again, its announced header length made right for whatever happened to the header.
std::string reframed(const std::string& frame, const std::string& header) {
  std::uint32_t length = 0;
  std::memcpy(&length, frame.data(), 4);
  return test::frame(header) + frame.substr(4 + length);
}

std::string header_of(const std::string& frame) {
  std::uint32_t length = 0;
  std::memcpy(&length, frame.data(), 4);
  return frame.substr(4, length);
}

}  // namespace

TEST_CASE("every truncation of a frame is refused or sound", "[protocol]") {
  Decoder decoder;
  for (const std::string& frame : golden_frames())
    for (std::size_t size = 0; size < frame.size(); ++size) {
      REQUIRE(survives(decoder, frame.substr(0, size)));
      const std::string header = header_of(frame);
      if (size < header.size()) REQUIRE(survives(decoder, reframed(frame, header.substr(0, size))));
    }
}

TEST_CASE("a frame with flipped bits is refused or sound", "[protocol]") {
  Decoder decoder;
  std::mt19937 random(20260101);
  for (const std::string& frame : golden_frames())
    for (int round = 0; round < 2000; ++round) {
      std::string damaged = frame;
      for (auto flips = random() % 4 + 1; flips > 0; --flips)
        damaged[random() % damaged.size()] ^= static_cast<char>(1u << random() % 8);
      REQUIRE(survives(decoder, damaged));
    }
}

TEST_CASE("a header with its tokens shuffled, doubled and replaced is refused or sound", "[protocol]") {
  const std::vector<std::string> tokens{"{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        ":",
                                        "\"",
                                        "\\",
                                        "null",
                                        "true",
                                        "0",
                                        "-1",
                                        "1.5",
                                        "1e999",
                                        " ",
                                        "9007199254740992",
                                        "18446744073709551616",
                                        "4294967296",
                                        "\"\"",
                                        "{}",
                                        "[]",
                                        "\"id\":1,",
                                        "\"shape\":[2],",
                                        "\xff",
                                        "\\ud800",
                                        "\"outputs\":[],",
                                        "\"binary_data_size\":8,"};
  Decoder decoder;
  std::mt19937 random(20260102);
  for (const std::string& frame : golden_frames())
    for (int round = 0; round < 2000; ++round) {
      std::string header = header_of(frame);
      for (auto edits = random() % 3 + 1; edits > 0; --edits) {
        const std::size_t at = random() % header.size(),
                          length = std::min<std::size_t>(random() % 12, header.size() - at);
        if (random() % 3 == 0)
          header.insert(random() % header.size(), header.substr(at, length * 8));
        else
          header.replace(at, length, tokens[random() % tokens.size()]);
        if (header.empty()) header = " ";
      }
      REQUIRE(survives(decoder, reframed(frame, header)));
    }
}
