#pragma once

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/options.hpp>

#include "placement.hpp"

namespace demo {

/// Collects placements; draws progress, the table and the JSON file.
class Report {
 public:
  void progress(const Placement& row, const webpool::LoadProgress& news) const {
    if (!isatty(STDERR_FILENO)) return;
    std::cerr << "\r\033[K  " << row.model << " on " << row.browser << ": " << news.stage;
    if (news.total > 1) std::cerr << ' ' << 100 * news.done / news.total << " %";
    std::cerr << std::flush;
  }

  void finished(const Placement& row) {
    if (isatty(STDERR_FILENO)) std::cerr << "\r\033[K";
    std::cerr << "  " << row.model << " on " << row.browser << ", " << row.backend << ": "
              << (row.verified ? row.answer + " (p50 " + number(row.p50_ms, 1) + " ms)"
                               : "FAILED: " + row.answer + " " + row.reason)
              << std::endl;
    rows_.push_back(row);
  }

  std::size_t verified() const { return static_cast<std::size_t>(std::ranges::count_if(rows_, &Placement::verified)); }
  std::size_t failed() const { return rows_.size() - verified(); }

  /// The table, then the reasons why backends were passed over, then the count.
  void print(std::ostream& out) const {
    for (const auto& line : lines()) out << line << '\n';
  }

  /// The same as a picture.
  void write_svg(const std::filesystem::path& path) const {
    const auto all = lines();
    const std::size_t width = 8 * all[0].size() + 32, height = 22 * all.size() + 32;
    std::ofstream out(path);
    out << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height
        << "\" font-family=\"ui-monospace,monospace\" font-size=\"13\">\n"
        << "<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#0d1117\"/>\n";
    for (std::size_t i = 0; i < all.size(); ++i) {
      const bool result = i > 0 && (i <= rows_.size() || i + 1 == all.size());
      const bool good = i <= rows_.size() ? i > 0 && rows_[i - 1].verified : failed() == 0;
      out << "<text x=\"16\" y=\"" << 22 * i + 32 << "\" textLength=\"" << 8 * all[i].size()
          << "\" xml:space=\"preserve\" fill=\""
          << (!result ? "#8b949e"
              : good  ? "#7ee787"
                      : "#ff7b72")
          << "\">" << escaped(all[i]) << "</text>\n";
    }
    out << "</svg>\n";
    check(out, path);
  }

  void write_json(const std::filesystem::path& path) const {
    std::ofstream out(path);
    out << "{\"placements\":[";
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto& row = rows_[i];
      out << (i ? ",\n" : "\n") << "{\"model\":" << quoted(row.model) << ",\"browser\":" << quoted(row.browser)
          << ",\"backend\":" << quoted(row.backend) << ",\"adapter\":" << quoted(row.adapter)
          << ",\"software\":" << (row.software ? *row.software ? "true" : "false" : "null")
          << ",\"answer\":" << quoted(row.answer) << ",\"p50_ms\":" << row.p50_ms << ",\"p95_ms\":" << row.p95_ms
          << ",\"max_abs_error\":" << (std::isfinite(row.max_abs_error) ? scientific(row.max_abs_error) : "null")
          << ",\"verified\":" << (row.verified ? "true" : "false") << ",\"reason\":" << quoted(row.reason) << '}';
    }
    out << "\n]}\n";
    check(out, path);
  }

 private:
  static std::string number(double value, int digits) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(digits) << value;
    return std::move(text).str();
  }
  static std::string scientific(double value) {
    std::ostringstream text;
    text << std::scientific << std::setprecision(1) << value;
    return std::move(text).str();
  }
  static std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') result += '\\';
      result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return result + '"';
  }

  static std::string escaped(const std::string& text) {
    std::string result;
    for (const char c : text) result += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
    return result;
  }

  static void check(std::ofstream& out, const std::filesystem::path& path) {
    if (!out.flush()) throw webpool::Error(webpool::errc::invalid_options, "can't write " + path.string());
  }

  using Cells = std::vector<std::vector<std::string>>;

  std::pair<Cells, std::vector<std::string>> table() const {
    Cells cells{{"model", "browser", "backend", "adapter", "answer", "p50 ms", "p95 ms", "max error", "verified"}};
    std::vector<std::string> reasons;
    for (const auto& row : rows_) {
      std::string backend = row.backend;
      if (!row.reason.empty()) {
        auto known = std::ranges::find(reasons, row.reason);
        if (known == reasons.end()) known = reasons.insert(known, row.reason);
        backend += " [" + std::to_string(known - reasons.begin() + 1) + "]";
      }
      cells.push_back({row.model, row.browser, backend, row.adapter, row.answer, number(row.p50_ms, 1),
                       number(row.p95_ms, 1), scientific(row.max_abs_error), row.verified ? "yes" : "NO"});
    }
    return {cells, reasons};
  }

  std::vector<std::string> lines() const {
    const auto [cells, reasons] = table();
    std::vector<std::string> all = aligned(cells);
    for (std::size_t i = 0; i < reasons.size(); ++i) all.push_back("[" + std::to_string(i + 1) + "] " + reasons[i]);
    all.push_back(std::to_string(rows_.size()) + " placements tried, " + std::to_string(verified()) + " verified, " +
                  std::to_string(failed()) + " failed");
    return all;
  }

  static std::vector<std::string> aligned(const Cells& cells) {
    std::vector<std::size_t> widths(cells[0].size());
    for (const auto& row : cells)
      for (std::size_t column = 0; column < row.size(); ++column)
        widths[column] = std::max(widths[column], row[column].size());
    std::vector<std::string> lines;
    for (const auto& row : cells) {
      std::string& line = lines.emplace_back();
      for (std::size_t column = 0; column < row.size(); ++column)
        line += row[column] + std::string(widths[column] - row[column].size() + 2, ' ');
    }
    return lines;
  }

  std::vector<Placement> rows_;
};

}  // namespace demo
