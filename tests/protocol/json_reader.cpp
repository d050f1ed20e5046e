#include "../catch.hpp"

#include <functional>
#include <map>
#include <string>
#include <vector>
#include <webpool/protocol/json_reader.hpp>

#include "../support/complaint.hpp"
#include "frames.hpp"

namespace {

using namespace webpool;
using namespace webpool::protocol;
using namespace webpool::protocol::detail;

/// What `read` says against this JSON; empty when it has nothing against it.
std::string complaint(const std::string& json, const std::function<void(Fields&)>& read) {
  return testing::complaint(errc::malformed_frame, [&] {
    HeaderParser parser;
    Fields fields = parser.parse(test::bytes_of(json));
    fields.rename("m");
    read(fields);
  });
}

void ignore(Fields&) {}

}  // namespace

TEST_CASE("fields are found in any order, unknown ones between them", "[protocol]") {
  HeaderParser parser;
  Fields fields =
      parser.parse(test::bytes_of(R"({"z":[{"b":[]}],"b":"two","a":1,"c":{"x":[1,2],"y":true},"d":null} )"));
  CHECK(fields["a"].integer() == 1);
  CHECK(fields["b"].text() == "two");
  {
    Fields inner = fields["c"].fields();
    CHECK(inner["y"].boolean());
    std::vector<std::uint64_t> numbers;
    inner["x"].each([&](Value each) { numbers.push_back(each.integer()); });
    CHECK(numbers == std::vector<std::uint64_t>{1, 2});
  }
  CHECK_FALSE(fields.find("d"));
  CHECK_FALSE(fields.find("e"));
  CHECK(fields.find("a"));
}

TEST_CASE("a header is one object of JSON in UTF-8 and nothing else", "[protocol]") {
  CHECK(complaint(R"({"a":1})", ignore).empty());
  CHECK(complaint(R"(  {}  )", ignore).empty());
  for (const std::string json : {"", "    ", "[1]", "null", "\"x\"", "5", "{} {}", "{}]", "{} 1", "{", "{\"a\":1",
                                 "{\"a", "}", "{]", "[}", "{\"a\":\"\xff\"}", "{\"a\":\"\n\"}", "{\"\xc3\":1}"}) {
    INFO(json);
    CHECK_FALSE(complaint(json, ignore).empty());
  }
}

TEST_CASE("a wrong value is named by its path", "[protocol]") {
  const std::string json = R"({"i":-1,"s":5,"b":"true","n":"1","o":[],"l":{},"deep":[{"x":[0,1.5]}]})";
  CHECK(complaint(json, [](Fields& m) { m["none"]; }) == "m.none is missing");
  CHECK(complaint(json, [](Fields& m) { m["i"].integer(); }) == "m.i must be an integer from 0 to 9007199254740991");
  CHECK(complaint(json, [](Fields& m) { m["i"].extent(0); }) == "m.i must be an integer from 0 to 9007199254740991");
  CHECK(complaint(json, [](Fields& m) { m["s"].text(); }) == "m.s must be a string");
  CHECK(complaint(json, [](Fields& m) { m["s"].integer(4); }) == "m.s must be an integer from 0 to 4");
  CHECK(complaint(json, [](Fields& m) { m["b"].boolean(); }) == "m.b must be true or false");
  CHECK(complaint(json, [](Fields& m) { m["n"].number(); }) == "m.n must be a number");
  CHECK(complaint(json, [](Fields& m) { m["o"].fields(); }) == "m.o must be an object");
  CHECK(complaint(json, [](Fields& m) { m["l"].each([](Value) {}); }) == "m.l must be an array");
  CHECK(complaint(json, [](Fields& m) {
          m["deep"].each([](Value item) { item.fields()["x"].each([](Value number) { number.integer(); }); });
        }) == "m.deep[0].x[1] must be an integer from 0 to 9007199254740991");
  CHECK(complaint(json, [](Fields& m) {
          m["b"].choice<int>(std::vector<std::string>{"yes", "no"});
        }) == "m.b must be one of yes no, not \"true\"");
}

TEST_CASE("numbers are checked as numbers", "[protocol]") {
  const auto integer = [](Fields& m) { m["a"].integer(); };
  const auto number = [](Fields& m) { m["a"].number(); };
  for (const std::string good : {"0", "9007199254740991"}) CHECK(complaint(R"({"a":)" + good + "}", integer).empty());
  for (const std::string bad : {"9007199254740992", "18446744073709551616", "-1", "1.0", "1e3", "01", "0x1", "1a",
                                "tru", "null", "[]", "\"1\""})
    CHECK_FALSE(complaint(R"({"a":)" + bad + "}", integer).empty());
  for (const std::string good : {"0", "-1", "1.5e300"}) CHECK(complaint(R"({"a":)" + good + "}", number).empty());
  for (const std::string bad : {"1e999", "NaN", "Infinity", "-", ".5", "null", "true"})
    CHECK_FALSE(complaint(R"({"a":)" + bad + "}", number).empty());
}

TEST_CASE("lists, keys and names have bounds", "[protocol]") {
  const auto list = [](std::size_t count) {
    std::string json = R"({"a":[0)";
    while (--count > 0) json += ",0";
    return json + "]}";
  };
  const auto each = [](Fields& m) { m["a"].each([](Value) {}); };
  CHECK(complaint(list(max_items), each).empty());
  CHECK(complaint(list(max_items + 1), each) == "m.a must be an array of at most 1024 items");

  const auto map = [](std::size_t count) {
    std::string json = R"({"a":{"k":0)";
    while (--count > 0) json += ",\"k" + std::to_string(count) + "\":0";
    return json + "}}";
  };
  const auto each_field = [](Fields& m) { m["a"].each_field([](std::string_view, Value) {}); };
  CHECK(complaint(map(max_items), each_field).empty());
  CHECK(complaint(map(max_items + 1), each_field) == "m.a must be an object of at most 1024 fields");
  CHECK_FALSE(complaint(R"({"a":{")" + std::string(max_name_bytes + 1, 'k') + R"(":0}})", each_field).empty());

  const auto name = [](Fields& m) { m["a"].name(); };
  CHECK(complaint(R"({"a":")" + std::string(max_name_bytes, 'x') + "\"}", name).empty());
  CHECK(complaint(R"({"a":")" + std::string(max_name_bytes + 1, 'x') + "\"}", name) ==
        "m.a must be at most 1024 bytes");
}

TEST_CASE("deep nesting is refused or skipped, never followed", "[protocol]") {
  const std::string deep = R"({"z":)" + std::string(200'000, '[') + std::string(200'000, ']') + R"(,"a":1})";
  CHECK_NOTHROW(complaint(deep, [](Fields& m) { m["a"].integer(); }));
}

TEST_CASE("escapes in texts and keys are resolved", "[protocol]") {
  HeaderParser parser;
  Fields fields = parser.parse(test::bytes_of(R"({"a":"\u00e9\n\ud83d\ude42","b":{"k\"ey":1}})"));
  CHECK(fields["a"].text() == "é\n🙂");
  std::map<std::string, std::uint64_t> map;
  fields["b"].each_field([&](std::string_view key, Value value) { map[std::string(key)] = value.integer(); });
  CHECK(map == std::map<std::string, std::uint64_t>{{"k\"ey", 1}});
}

TEST_CASE("a stranger's text is quoted short and in whole characters", "[protocol]") {
  CHECK(in_quotes("abc") == "\"abc\"");
  CHECK(in_quotes(std::string(40, 'x')) == '"' + std::string(40, 'x') + '"');
  CHECK(in_quotes(std::string(41, 'x')) == '"' + std::string(40, 'x') + "…\"");
  CHECK(in_quotes(std::string(39, 'x') + "漢字") == '"' + std::string(39, 'x') + "…\"");
}
