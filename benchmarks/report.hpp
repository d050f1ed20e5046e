#pragma once

#include <fstream>
#include <iomanip>
#include <iostream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace comparison {

/// A figure with so many digits behind the point; whole numbers beyond 1000.
inline std::string text(double value, int digits = 1) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(value >= 1000 ? 0 : digits) << value;
  return out.str();
}

/// Rows of equal length, the first of them the heading; printed with aligned columns.
class Table {
 public:
  Table(std::string title, std::vector<std::string> heading) : title_(std::move(title)), rows_{std::move(heading)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }

  void print(std::ostream& out) const {
    std::vector<std::size_t> widths(rows_.front().size());
    for (const auto& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    out << '\n' << title_ << '\n';
    for (const auto& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i)
        out << (i == 0 ? std::left : std::right) << std::setw(static_cast<int>(widths[i] + 2)) << row[i];
      out << '\n';
    }
  }

 private:
  std::string title_;
  std::vector<std::vector<std::string>> rows_;
};

/// What was measured, for programs: `{"rows":[{"name","value","unit","goal","met"}]}`. Without a goal, `goal` and `met`
/// are null.
class Report {
 public:
  void add(std::string name, double value, std::string unit) {
    rows_.push_back({std::move(name), value, unit, {}, true});
  }
  void at_least(std::string name, double value, std::string unit, double goal) {
    rows_.push_back({std::move(name), value, unit, ">= " + text(goal, 2), value >= goal});
  }
  void at_most(std::string name, double value, std::string unit, double goal) {
    rows_.push_back({std::move(name), value, unit, "<= " + text(goal, 2), value <= goal});
  }

  void print_goals(std::ostream& out) const {
    Table table("Goals", {"", "value", "goal", ""});
    for (const Row& row : rows_)
      if (!row.goal.empty())
        table.add({row.name, text(row.value, 3) + ' ' + row.unit, row.goal, row.met ? "met" : "MISSED"});
    table.print(out);
  }

  void write(const std::string& path) const {
    std::ofstream out(path);
    out << "{\"rows\":[";
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      out << (i == 0 ? "\n" : ",\n") << R"({"name":")" << row.name << R"(","value":)" << row.value << R"(,"unit":")"
          << row.unit << R"(","goal":)" << (row.goal.empty() ? "null" : '"' + row.goal + '"') << ",\"met\":"
          << (row.goal.empty() ? "null"
              : row.met        ? "true"
                               : "false")
          << '}';
    }
    out << "\n]}\n";
  }

 private:
  struct Row {
    std::string name;
    double value;
    std::string unit, goal;
    bool met;
  };
  std::vector<Row> rows_;
};

}  // namespace comparison
