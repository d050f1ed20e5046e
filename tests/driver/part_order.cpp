#include <webpool/driver/part_order.hpp>

#include <webpool/source/memory.hpp>

#include "../support/complaint.hpp"

using namespace webpool;
using driver::check_part_names;
using driver::part_order, driver::source_of;
using Order = std::vector<std::size_t>;

namespace {

std::string complaint(const auto& action) { return testing::complaint(errc::invalid_options, action); }

}  // namespace

TEST_CASE("parts load in the order given, or by their priorities") {
  CHECK(part_order({}).empty());
  CHECK(part_order({{"a"}, {"b"}, {"c"}}) == Order{0, 1, 2});
  CHECK(part_order({{"a", {}, -1}, {"b", {}, 7}, {"c", {}, 2}}) == Order{1, 2, 0});
}

TEST_CASE("an order that is not clear is refused") {
  CHECK(complaint([] {
          part_order({{"a", {}, 1}, {"b"}, {"c"}});
        }) == "1 of 3 parts have a priority: give one to all of them, or to none");
  CHECK(complaint([] {
          part_order({{"a", {}, 1}, {"b", {}, 2}, {"c", {}, 1}});
        }) == "parts 'a' and 'c' both have the priority 1");
  CHECK(complaint([] {
          const ModelBytes bytes(source::memory(std::string("b")), "b");
          part_order({{"a", {}, 1}, {.priority = 1, .bytes = bytes}});
        }) == "parts 'a' and 'b' both have the priority 1");
}

TEST_CASE("a part is a path or bytes, and called by the name that it has then") {
  const ModelBytes bytes(source::memory(std::string("b")), "b");
  CHECK(std::get<std::filesystem::path>(source_of(ModelPart{"a"})) == "a");
  CHECK(std::get<ModelBytes>(source_of(ModelPart{.bytes = bytes})).name == "b");
  CHECK(driver::label_of({.options = {.name = "other"}, .bytes = bytes}) == "other");
  CHECK(complaint([&] { source_of({.path = "a", .bytes = bytes}); }) ==
        "part 'b' has a path and bytes: it can be one of both");
}

TEST_CASE("a name can have one part") {
  check_part_names({});
  check_part_names({"text", "vision", "Text"});
  CHECK(complaint([] {
          check_part_names({"text", "vision", "text"});
        }) == "two parts are named 'text': give one another in its options");
}
