#include <iostream>

#include "../../examples/demo/reference.hpp"
#include "../delivery.hpp"
#include "compare.hpp"

namespace compare {

int deliver(const Arguments& arguments) {
  const demo::TemporaryFolder folder;
  const double growth = comparison::growth_by_delivery(folder.path(), std::size_t{std::stoul(arguments.at(0))} << 20);
  std::cout << R"({"growth_mib":)" << growth << '}' << std::endl;
  return 0;
}

}  // namespace compare
