// Does to scripted tabs and to real browsers what can happen to them, checks every answer and counts every end:
//   faults [--quick] [--only scripted|clock|browsers|machine|storm|recovery|simulated] [--json file]
//          --models folder --reference reference.mjs
#include "faults/faults.hpp"

#include <algorithm>
#include <functional>
#include <iostream>
#include <string_view>
#include <webpool/testing/statistics.hpp>

namespace {

using comparison::text;
using faults::Row;
using webpool::testing::quantile;

std::string described(const support::Tally& tally) {
  std::string all;
  for (const auto& [message, count] : tally.messages)
    all += (all.empty() ? "" : ", ") + std::to_string(count) + " x " + message;
  return all;
}

void print(const std::vector<Row>& rows, comparison::Report& report) {
  comparison::Table table("Faults (every answer compared with the right one, every end counted)",
                          {"fault", "target", "in flight", "requests", "answered", "lost", "duplicated", "wrong",
                           "errors", "next answer ms", "all in flight ms", ""});
  support::Tally sum;
  std::size_t missed = 0;
  for (const Row& row : rows) {
    const support::Tally& t = row.tally;
    sum += t;
    const std::string errors = described(t);
    missed += row.happened ? 0 : 1;
    table.add({row.fault, row.target, std::to_string(row.in_flight), std::to_string(t.submitted),
               std::to_string(t.answered), std::to_string(t.lost), std::to_string(t.duplicated),
               std::to_string(t.wrong), std::to_string(t.errors),
               row.recoveries_ms.empty() ? "-" : text(quantile(row.recoveries_ms, 0.5)),
               row.in_flight_ms.empty() ? "-" : text(quantile(row.in_flight_ms, 0.5)),
               (row.happened ? "  " : "  DID NOT HAPPEN; ") + row.note +
                   (errors.empty() ? "" : (row.note.empty() ? "" : "; ") + errors)});
    const std::string name = "faults/" + row.target + "/" + row.fault;
    report.add(name + "/next_answer", quantile(row.recoveries_ms, 0.5), "ms");
    report.add(name + "/bad_ends", static_cast<double>(t.lost + t.duplicated + t.wrong + t.errors), "requests");
  }
  table.print(std::cout);
  report.at_most("faults/table/did_not_happen", static_cast<double>(missed), "faults", 0);
  report.at_most("faults/table/lost", static_cast<double>(sum.lost), "requests", 0);
  report.at_most("faults/table/duplicated", static_cast<double>(sum.duplicated), "requests", 0);
  report.at_most("faults/table/wrong", static_cast<double>(sum.wrong), "requests", 0);
  report.at_most("faults/table/errors", static_cast<double>(sum.errors), "requests", 0);
}

int run(const faults::Settings& settings, const std::string& only, const std::string& json) {
  comparison::Report report;
  std::vector<Row> rows;
  const auto wanted = [&](std::string_view part) {
    if (!only.empty() && only != part) return false;
    std::cerr << part << '\n';
    return true;
  };
  const auto add = [&rows](std::vector<Row> more) { std::ranges::move(more, std::back_inserter(rows)); };
  if (wanted("clock")) add(faults::clock_faults());
  if (wanted("scripted")) add(faults::scripted_faults(settings));
  if (wanted("browsers")) add(faults::browser_faults(settings));
  if (wanted("machine")) add(faults::machine_faults(settings));
  if (!rows.empty()) print(rows, report);
  if (wanted("simulated")) faults::compare_with_restarts(settings, report);
  if (wanted("recovery")) faults::recovery_times(settings, report);
  if (wanted("storm")) faults::stormy_requests(settings, report);
  report.print_goals(std::cout);
  if (!json.empty()) report.write(json);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  faults::Settings settings{.models = "examples/models", .reference = "js/tools/reference.mjs"};
  std::string only, json;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    const auto value = [&] { return i + 1 < argc ? std::string(argv[++i]) : std::string(); };
    if (argument == "--quick") settings.quick = true;
    if (argument == "--only") only = value();
    if (argument == "--json") json = value();
    if (argument == "--models") settings.models = value();
    if (argument == "--reference") settings.reference = value();
  }
  return run(settings, only, json);
} catch (const std::exception& error) {
  return std::cerr << "faults: " << error.what() << '\n', 2;
}
