#include <webpool/detail/backend_table.hpp>

#include "../catch.hpp"

using webpool::detail::BackendTable;

namespace {

BackendTable::Row row(const std::string& name, const std::string& module = "") {
  return {name, std::make_shared<const std::string>(module)};
}

}  // namespace

TEST_CASE("rows stay where they are, and a name has one row", "[vocabulary]") {
  BackendTable table;
  CHECK(table.find_or_add(row("a", "1")) == 0);
  CHECK(table.find_or_add(row("b", "2")) == 1);
  const BackendTable::Row* first = &table[0];
  CHECK(table.find_or_add(row("a", "3")) == 0);
  CHECK(&table[0] == first);
  CHECK(*table[0].module == "1");
  CHECK(table.size() == 2);
  CHECK(table.find(1) == &table[1]);
  CHECK(table.find(2) == nullptr);
  CHECK(table.find(BackendTable::capacity) == nullptr);
}

TEST_CASE("a full table takes nothing more, but still finds", "[vocabulary]") {
  BackendTable table;
  for (std::size_t i = 0; i < BackendTable::capacity; ++i) CHECK(table.find_or_add(row(std::to_string(i))) == i);
  CHECK_FALSE(table.find_or_add(row("more")));
  CHECK(table.find_or_add(row("3")) == 3);
  CHECK(table.size() == BackendTable::capacity);
}
