#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/protocol/json_text.hpp>

#include "../process.hpp"

namespace compare {

using Clock = std::chrono::steady_clock;

inline double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

/// Tensors that go somewhere and back.
struct Trips {
  std::size_t bytes = 0, in_flight = 1, count = 1;
  std::size_t compute_us = 0;  ///< what a page that computes is told by the first number
};

/// The floats that travel: the same in every contender, and as long in decimal digits as measured data is.
inline std::vector<float> tensor_of(std::size_t bytes) {
  constexpr std::uint64_t prime = 2147483647;
  std::vector<float> floats(bytes / sizeof(float));
  for (std::size_t i = 0; i < floats.size(); ++i)
    floats[i] = static_cast<float>(static_cast<double>((i + 1) * 16807 % prime) / static_cast<double>(prime));
  return floats;
}

/// Appends `"name":[...]`.
inline void append_list(std::string& json, std::string_view name, std::span<const double> values) {
  json.append("\"").append(name).append("\":[");
  for (std::size_t i = 0; i < values.size(); ++i)
    webpool::protocol::detail::append_number(json += i == 0 ? "" : ",", values[i]);
  json += ']';
}

/// Takes the time of each thing that is done, and this process's CPU time from the first to the last.
class Meter {
 public:
  explicit Meter(std::size_t count) { times_us_.reserve(count); }

  void add(Clock::duration time) { times_us_.push_back(microseconds(time)); }
  std::size_t count() const noexcept { return times_us_.size(); }

  /// An answer for contender.py: the times, and CPU time for each.
  std::string json() const {
    using namespace webpool::protocol::detail;
    const double wall = microseconds(Clock::now() - began_), cpu = comparison::cpu_us() - cpu_before_;
    std::string text = R"({"wall_us":)";
    append_number(text, wall);
    append_number(text += R"(,"cpu_us":)", cpu / static_cast<double>(times_us_.size()));
    append_list(text += ',', "times_us", times_us_);
    return text + '}';
  }

 private:
  std::vector<double> times_us_;
  double cpu_before_ = comparison::cpu_us();
  Clock::time_point began_ = Clock::now();
};

}  // namespace compare
