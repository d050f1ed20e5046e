// The parts of the comparison that are C++: `compare MODE ARGUMENT...`, started by benchmarks/compare/*.py.
#include <array>
#include <iostream>
#include <string_view>

#include "compare/compare.hpp"

namespace {

struct Mode {
  std::string_view name;
  int (*run)(const compare::Arguments&);
};

constexpr std::array modes{
    Mode{"pool", compare::pool},
    Mode{"echo", compare::echo},
    Mode{"browse", compare::browse},
    Mode{"scale", compare::scale},
    Mode{"scale_tabs", compare::scale_tabs},
    Mode{"deliver", compare::deliver},
};

}  // namespace

int main(int argc, char** argv) try {
  const std::string_view wanted = argc > 1 ? argv[1] : "";
  for (const auto& [name, run] : modes)
    if (name == wanted) return run(compare::Arguments(argv + 2, argv + argc));
  return std::cerr << "compare: no mode '" << wanted << "'\n", 2;
} catch (const std::exception& error) {
  return std::cerr << "compare: " << error.what() << '\n', 2;
}
