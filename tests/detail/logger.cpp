#include "../catch.hpp"

#include <string>
#include <vector>
#include <webpool/detail/logger.hpp>

using namespace webpool;

TEST_CASE("the logger passes on what is important enough", "[detail]") {
  const auto lines_at = [](LogLevel threshold) {
    std::vector<std::string> lines;
    const detail::Logger logger(threshold, [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
    logger.debug("small");
    logger.info("large");
    return lines;
  };
  CHECK(lines_at(LogLevel::debug) == std::vector<std::string>{"small", "large"});
  CHECK(lines_at(LogLevel::info) == std::vector<std::string>{"large"});
  CHECK(lines_at(LogLevel::off).empty());
  CHECK(detail::Logger(LogLevel::debug, {}).debugging());
  CHECK_FALSE(detail::Logger(LogLevel::info, {}).debugging());
}

TEST_CASE("what a page says is one line of the log, and not a long one", "[detail]") {
  std::string last;
  const detail::Logger logger(LogLevel::info, [&](LogLevel, std::string_view line) { last = line; });
  logger.info("a tab\r\nwebpool: listening\x1b[31m\x7f é");
  CHECK(last == "a tab  webpool: listening [31m  é");
  logger.info(std::string(5000, 'x'));
  CHECK(last == std::string(4096, 'x'));
}
