#include <webpool/driver/sinks.hpp>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../catch.hpp"

using namespace webpool;

namespace {

struct Counting final : RunSink {
  void scaled(const ScalingRecord& step) override { last = step.wanted; }
  std::size_t last = 0;
};

struct Throwing final : RunSink {
  void scaled(const ScalingRecord& step) override {
    if (step.wanted == 1) throw std::runtime_error("disk full");
    throw 7;
  }
};

}  // namespace

TEST_CASE("without a sink there is nobody to tell") {
  const webpool::detail::Logger logger(LogLevel::off, {});
  const std::vector<std::shared_ptr<RunSink>> none, one{std::make_shared<Counting>()};
  CHECK_FALSE(driver::Sinks(none, logger));
  CHECK(driver::Sinks(one, logger));
}

TEST_CASE("what one sink throws is logged, and the next ones are told") {
  std::vector<std::string> lines;
  const webpool::detail::Logger logger(LogLevel::info,
                                       [&](LogLevel, std::string_view line) { lines.emplace_back(line); });
  const auto last = std::make_shared<Counting>();
  const std::vector<std::shared_ptr<RunSink>> all{std::make_shared<Throwing>(), last};
  const driver::Sinks sinks(all, logger);
  sinks.tell(&RunSink::scaled, {.before = 0, .wanted = 1});
  CHECK(last->last == 1);
  sinks.tell(&RunSink::scaled, {.before = 1, .wanted = 2});
  CHECK(last->last == 2);
  CHECK(lines == std::vector<std::string>{"a run sink threw: disk full",
                                          "a run sink threw something that is not a std::exception"});
}
