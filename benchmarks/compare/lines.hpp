#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace compare {

/// One line of input: a JSON object of strings and whole numbers.
class Task {
 public:
  explicit Task(const std::string& line);
  ~Task();
  /// Both throw `std::runtime_error` for a field that is missing or of another type.
  std::string text(const char* field) const;
  std::size_t number(const char* field) const;

 private:
  struct Parsed;
  std::unique_ptr<Parsed> parsed_;
};

using Versions = std::map<std::string, std::string>;

/// Says that the contender is ready; then answers each line of standard input with the JSON object that `handle` makes
/// of it, or with what it throws, until the input ends.
void serve(const Versions& versions, const std::function<std::string(const Task&)>& handle);

}  // namespace compare
