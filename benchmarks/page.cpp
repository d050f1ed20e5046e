// What the page's features gain on each browser here:
//   page [--quick yes] [--json file] [--models folder]
#include <iostream>
#include <map>
#include <string>

#include "page/page.hpp"

int main(int argc, char** argv) try {
  std::map<std::string, std::string> given{{"--models", "examples/models"}};
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  const page::Settings settings{.models = given["--models"], .quick = given["--quick"] == "yes"};
  comparison::Report report;
  page::measure_delivery(settings, report);
  page::measure_parts(settings, report);
  page::measure_precompilation(settings, report);
  page::measure_layouts(settings, report);
  page::measure_sharing(settings, report);
  page::measure_generation(settings, report);
  page::measure_model_cache(settings, report);
  report.print_goals(std::cout);
  if (!given["--json"].empty()) report.write(given["--json"]);
  return 0;
} catch (const std::exception& error) {
  return std::cerr << "page: " << error.what() << '\n', 2;
}
