#include "../catch.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <webpool/protocol/json_text.hpp>

namespace {

using namespace std::string_literals;
using namespace webpool::protocol::detail;

static_assert(utf8_step("a").bytes == 1 && utf8_step("\xf0\x9f\x99\x82").bytes == 4);
static_assert(!utf8_step("\xc0\xaf").valid && !utf8_step("\xed\xa0\x80").valid && !utf8_step("\xf4\x90\x80\x80").valid);

std::string as_json(std::string_view text) {
  std::string out;
  append_string(out, text);
  return out;
}

const std::string replacement = "\xef\xbf\xbd";

}  // namespace

TEST_CASE("plain text is copied between quotes", "[protocol]") {
  CHECK(as_json("") == R"("")");
  CHECK(as_json("FP32 /models/c0ffee") == R"("FP32 /models/c0ffee")");
  CHECK(as_json("é 漢 🙂 \xe2\x80\xa8 \x7f") == "\"é 漢 🙂 \xe2\x80\xa8 \x7f\"");
}

TEST_CASE("what JSON can't hold is escaped as JSON.stringify does", "[protocol]") {
  CHECK(as_json("\"\\") == R"("\"\\")");
  CHECK(as_json("\b\f\n\r\t") == R"("\b\f\n\r\t")");
  CHECK(as_json("\0\x01\x0b\x1f"s) == R"("\u0000\u0001\u000b\u001f")");
  CHECK(as_json("a\nb\"c") == R"("a\nb\"c")");
}

TEST_CASE("what is not UTF-8 becomes one U+FFFD per broken character", "[protocol]") {
  const auto r = replacement;
  CHECK(as_json("\xff") == '"' + r + '"');
  CHECK(as_json("a\x80z") == "\"a" + r + "z\"");
  CHECK(as_json("\xc3") == '"' + r + '"');
  CHECK(as_json("\xc3(") == '"' + r + "(\"");
  CHECK(as_json("\xe6\xbc") == '"' + r + '"');
  CHECK(as_json("\xf0\x9f\x99") == '"' + r + '"');
  CHECK(as_json("\xf0\x9f\x99z") == '"' + r + "z\"");
  CHECK(as_json("\xc0\xaf") == '"' + r + r + '"');
  CHECK(as_json("\xed\xa0\x80") == '"' + r + r + r + '"');
  CHECK(as_json("\xf4\x90\x80\x80") == '"' + r + r + r + r + '"');
  CHECK(as_json("caf\xe9 \xc3\xa9") == "\"caf" + r + " é\"");
}

TEST_CASE("every byte alone gives valid JSON", "[protocol]") {
  for (int byte = 0; byte < 256; ++byte) {
    INFO(byte);
    const std::string text = as_json(std::string(1, static_cast<char>(byte)));
    if (byte >= 0x80)
      CHECK(text == '"' + replacement + '"');
    else
      CHECK((text.size() == 3) == (byte >= 0x20 && byte != '"' && byte != '\\'));
  }
}

TEST_CASE("integers are written in full", "[protocol]") {
  std::string out = "x";
  append_integer(out, std::numeric_limits<std::uint64_t>::max());
  append_integer(out, std::int64_t{-1});
  append_integer(out, 0);
  CHECK(out == "x18446744073709551615-10");
}

TEST_CASE("numbers are written in the fewest digits that mean them", "[protocol]") {
  std::string out;
  for (const double value : {0.0, 1.0, 0.1, 0.95, -2.5, 1e300}) append_number(out, value), out += ' ';
  CHECK(out == "0 1 0.1 0.95 -2.5 1e+300 ");
}
