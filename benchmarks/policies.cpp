// Compares the policies of each concept in simulations: prints tables, draws plots, writes figures.

#include <iostream>
#include <string>
#include <string_view>

#include "policies/comparisons.hpp"

int main(int argc, char** argv) {
  comparison::Settings settings;
  std::string json;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--quick") {
      settings.quick = true;
    } else if (argument == "--json" && i + 1 < argc) {
      json = argv[++i];
    } else if (argument == "--plots" && i + 1 < argc) {
      settings.plots = argv[++i];
    } else {
      std::cerr << "usage: " << argv[0] << " [--quick] [--json FILE] --plots FOLDER\n";
      return 2;
    }
  }
  comparison::Report report;
  comparison::compare_selectors(settings, report);
  comparison::compare_scalers(settings, report);
  comparison::compare_memories(settings, report);
  comparison::compare_schedulers(settings, report);
  comparison::compare_payloads(settings, report);
  report.print_goals(std::cout);
  if (!json.empty()) report.write(json);
}
