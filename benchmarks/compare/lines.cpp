#include "lines.hpp"

#include <simdjson.h>

#include <iostream>
#include <stdexcept>
#include <webpool/protocol/json_text.hpp>

namespace compare {

struct Task::Parsed {
  simdjson::dom::parser parser;
  simdjson::dom::element object;
};

Task::Task(const std::string& line) : parsed_(std::make_unique<Parsed>()) {
  parsed_->object = parsed_->parser.parse(line);
}
Task::~Task() = default;

std::string Task::text(const char* field) const { return std::string(std::string_view(parsed_->object[field])); }
std::size_t Task::number(const char* field) const { return std::uint64_t(parsed_->object[field]); }

namespace {

std::string json_string(std::string_view words) {
  std::string text;
  webpool::protocol::detail::append_string(text, words);
  return text;
}

}  // namespace

void serve(const Versions& versions, const std::function<std::string(const Task&)>& handle) {
  std::string list;
  for (const auto& [name, version] : versions)
    list += (list.empty() ? "" : ",") + json_string(name) + ':' + json_string(version);
  std::cout << R"({"ready":true,"versions":{)" << list << "}}" << std::endl;
  for (std::string line; std::getline(std::cin, line);) {
    std::string answer;
    try {
      answer = handle(Task(line));
    } catch (const std::exception& error) {
      answer = R"({"error":)" + json_string(error.what()) + '}';
    }
    std::cout << answer << std::endl;
  }
}

}  // namespace compare
