// Load for half an hour on three browsers that are renewed again and again:
//   soak [--minutes 30] [--requests 100000] [--json file] --models folder --reference reference.mjs
#include <cstdlib>
#include <iostream>
#include <map>
#include <string>

#include "../tests/support/soak.hpp"
#include "faults/digits.hpp"
#include "report.hpp"

namespace {

int run(std::map<std::string, std::string> given) {
  const demo::TemporaryFolder folders;
  ::setenv("TMPDIR", folders.path().c_str(), 1);
  const faults::Settings files{.models = given["--models"], .reference = given["--reference"]};
  support::SoakSettings settings;
  settings.time = std::chrono::milliseconds(static_cast<long>(std::stod(given["--minutes"]) * 60'000));
  settings.requests = std::stoul(given["--requests"]);
  // A browser is renewed about eight times in the whole run, whether requests or minutes end it.
  settings.maximum_age = std::max(settings.time / 8, std::chrono::milliseconds(20'000));
  settings.maximum_requests = std::max<std::size_t>(settings.requests / 24, 500);
  settings.progress = [](const std::string& state) { std::cerr << state << std::endl; };

  comparison::Report report;
  comparison::Table table("Soak: Chromium, Firefox and headless shell, each answer compared with native ONNX Runtime",
                          {"", "value", "goal", ""});
  for (const auto& each : support::run_soak<faults::BrowserPool>(settings, faults::digits_file(files),
                                                                 faults::digit_questions(files), folders.path())) {
    const std::string name = "soak/" + each.name;
    if (each.at_most)
      report.at_most(name, each.value, each.unit, *each.at_most);
    else
      report.add(name, each.value, each.unit);
    table.add({each.name, comparison::text(each.value, 2) + ' ' + each.unit,
               each.at_most ? "<= " + comparison::text(*each.at_most, 2) : "", each.met() ? "" : "MISSED"});
  }
  table.print(std::cout);
  if (!given["--json"].empty()) report.write(given["--json"]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  std::map<std::string, std::string> given{{"--models", "examples/models"},
                                           {"--reference", "js/tools/reference.mjs"},
                                           {"--minutes", "30"},
                                           {"--requests", "100000"}};
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  return run(std::move(given));
} catch (const std::exception& error) {
  return std::cerr << "soak: " << error.what() << '\n', 2;
}
