#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "../report.hpp"

namespace comparison {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;
};

/// A drawing of one chart: the few shapes that the charts below need.
class Svg {
 public:
  Svg(const std::string& path, int width, int height, const std::string& title) : out_(path) {
    out_ << "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 " << width << ' ' << height << "\" width=\""
         << width << "\" height=\"" << height
         << "\" font-family=\"sans-serif\" font-size=\"13\">\n<rect width=\"100%\" "
         << "height=\"100%\" fill=\"white\"/>\n";
    write(16, 26, title, "start", "#111", "font-size=\"16\" font-weight=\"bold\"");
  }
  ~Svg() { out_ << "</svg>\n"; }
  Svg(const Svg&) = delete;
  Svg& operator=(const Svg&) = delete;

  void write(double x, double y, const std::string& words, const char* anchor = "start", const char* color = "#444",
             const char* style = "") {
    out_ << "<text x=\"" << x << "\" y=\"" << y << "\" text-anchor=\"" << anchor << "\" fill=\"" << color << "\" "
         << style << '>' << escaped(words) << "</text>\n";
  }
  void line(double x1, double y1, double x2, double y2, const char* color, const char* style = "") {
    out_ << "<line x1=\"" << x1 << "\" y1=\"" << y1 << "\" x2=\"" << x2 << "\" y2=\"" << y2 << "\" stroke=\"" << color
         << "\" " << style << "/>\n";
  }
  void bar(double x, double y, double width, double height, const char* color) {
    out_ << "<rect x=\"" << x << "\" y=\"" << y << "\" width=\"" << width << "\" height=\"" << height << "\" fill=\""
         << color << "\"/>\n";
  }
  void dot(double x, double y, const char* color) {
    out_ << "<circle cx=\"" << x << "\" cy=\"" << y << "\" r=\"5\" fill=\"" << color << "\"/>\n";
  }
  void path(const std::vector<std::pair<double, double>>& points, const char* color, double width) {
    out_ << "<polyline fill=\"none\" stroke=\"" << color << "\" stroke-width=\"" << width << "\" points=\"";
    for (const auto& [x, y] : points) out_ << x << ',' << y << ' ';
    out_ << "\"/>\n";
  }

  /// Okabe and Ito's colours, which people with any colour vision can tell apart.
  static const char* color(std::size_t i) {
    static constexpr std::array colors{"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                       "#E69F00", "#56B4E9", "#000000", "#999999"};
    return colors[i % colors.size()];
  }

 private:
  static std::string escaped(const std::string& words) {
    std::string all;
    for (char c : words) all += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
    return all;
  }
  std::ofstream out_;
};

/// Horizontal bars, with the figure behind each.
inline void bar_chart(const std::string& path, const std::string& title, const std::string& axis,
                      const std::vector<std::pair<std::string, double>>& bars, int digits = 1) {
  constexpr double left = 190, wide = 460, top = 66, step = 28;
  const double bottom = top + step * static_cast<double>(bars.size());
  Svg svg(path, 760, static_cast<int>(bottom) + 20, title);
  svg.write(16, 48, axis);
  double most = 1e-9;
  for (const auto& [name, value] : bars) most = std::max(most, value);
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double y = top + step * static_cast<double>(i), width = wide * bars[i].second / most;
    svg.write(left - 10, y + 15, bars[i].first, "end");
    svg.bar(left, y, std::max(width, 1.0), step - 8, Svg::color(0));
    svg.write(left + std::max(width, 1.0) + 8, y + 15, text(bars[i].second, digits), "start", "#111");
  }
}

/// The first power of ten times 1, 2 or 5 that divides `range` into at most `parts`.
inline double tick_of(double range, double parts) {
  const double power = std::pow(10, std::floor(std::log10(range / parts)));
  for (double factor : {1.0, 2.0, 5.0})
    if (range / (power * factor) <= parts) return power * factor;
  return power * 10;
}

/// Lines over one axis, or dots with a name each when a series has one point.
inline void line_chart(const std::string& path, const std::string& title, const std::string& x_axis,
                       const std::string& y_axis, const std::vector<Series>& all, bool log_y = false,
                       const std::vector<std::pair<double, std::string>>& marks = {}) {
  constexpr double left = 76, right = 600, top = 66, bottom = 400;
  Svg svg(path, 900, 450, title);
  const auto scaled = [log_y](double y) { return log_y ? std::log10(std::max(y, 1e-3)) : y; };
  double most_x = 1e-9, low = log_y ? 1e9 : 0, high = log_y ? -1e9 : 1e-9;
  for (const Series& each : all)
    for (const auto& [x, y] : each.points) {
      most_x = std::max(most_x, x);
      low = std::min(low, log_y ? std::floor(scaled(y)) : 0);
      high = std::max(high, log_y ? std::ceil(scaled(y)) : y * 1.05);
    }
  if (all.size() > 0 && all.front().points.size() == 1) most_x *= 1.1;
  const auto x_of = [&](double x) { return left + (right - left) * x / most_x; };
  const auto y_of = [&](double y) { return bottom - (bottom - top) * (scaled(y) - low) / (high - low); };
  svg.write(16, 48, y_axis);
  svg.write((left + right) / 2, 438, x_axis, "middle");
  const double step_x = tick_of(most_x, 8), step_y = log_y ? 1 : tick_of(high - low, 6);
  for (double y = low; y <= high + 1e-9; y += step_y) {
    const double value = log_y ? std::pow(10, y) : y;
    svg.line(left, y_of(value), right, y_of(value), "#ddd");
    svg.write(left - 8, y_of(value) + 4, text(value, value < 1 && value > 0 ? 2 : step_y < 1 && !log_y ? 1 : 0), "end");
  }
  for (double x = 0; x <= most_x; x += step_x) svg.write(x_of(x), bottom + 18, text(x, step_x < 1 ? 1 : 0), "middle");
  for (const auto& [x, words] : marks) {
    svg.line(x_of(x), top, x_of(x), bottom, "#888", "stroke-dasharray=\"4 4\"");
    svg.write(x_of(x) + 4, top + 12, words);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const char* color = Svg::color(i);
    std::vector<std::pair<double, double>> points;
    for (const auto& [x, y] : all[i].points) points.emplace_back(x_of(x), y_of(y));
    if (points.size() == 1) {
      svg.dot(points[0].first, points[0].second, color);
    } else {
      svg.path(points, color, i == 0 ? 3 : 1.6);
    }
    const double y = top + 10 + 22 * static_cast<double>(i);
    svg.bar(right + 16, y - 9, 14, points.size() == 1 ? 10 : 4, color);
    svg.write(right + 36, y, all[i].name);
  }
}

}  // namespace comparison
