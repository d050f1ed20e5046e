#include <simdjson.h>

#include <webpool/driver/flight_log.hpp>

#include <asio/use_future.hpp>
#include <mutex>
#include <string>
#include <vector>

#include "../support/decoder.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// Collects a log.
struct Log {
  PoolOptions& into(PoolOptions& options) {
    options.log = [this](LogLevel level, std::string_view line) {
      const std::lock_guard lock(mutex);
      (level == LogLevel::debug ? debug : info).emplace_back(line);
    };
    return options;
  }
  bool has(const std::string& part) {
    const std::lock_guard lock(mutex);
    return std::ranges::any_of(info, [&](const auto& line) { return line.find(part) != line.npos; });
  }
  /// The lines that are JSON, parsed by somebody else's parser, without their times.
  std::vector<std::string> records(const std::vector<std::string>& lines) {
    const std::lock_guard lock(mutex);
    std::vector<std::string> found;
    double last = 0;
    for (const std::string& line : lines) {
      if (!line.starts_with('{')) continue;
      simdjson::dom::parser parser;
      const simdjson::dom::element entry = parser.parse(line);
      CHECK(double(entry["at"]) >= last);
      last = entry["at"];
      CHECK(uint64_t(entry["tab"]) > 0);
      for (const char* kind : {"sent", "received", "event"})
        if (simdjson::dom::element what; !entry[kind].get(what)) {
          std::string_view type;
          if (what.is_object()) type = what["type"];
          if (what.is_object()) CHECK(uint64_t(entry["bytes"]) > type.size());
          found.push_back(std::string(kind) + ' ' + (what.is_object() ? std::string(type) : simdjson::minify(what)));
        }
    }
    return found;
  }

  std::mutex mutex;
  std::vector<std::string> info, debug;
};

std::size_t place_of(const std::vector<std::string>& records, const std::string& wanted) {
  const auto found = std::ranges::find_if(records, [&](const auto& each) { return each.starts_with(wanted); });
  INFO(wanted);
  REQUIRE(found != records.end());
  return static_cast<std::size_t>(found - records.begin());
}

/// Too long to be kept whole.
const std::string sent_load = R"(sent "{\"type\":\"load\")";

}  // namespace

TEST_CASE("what came before a tab was lost is in the log, as JSON lines in their order") {
  Log log;
  PoolOptions options = quiet();
  Stage stage(log.into(options));
  auto answer = stage.model->async_run(picture(), asio::use_future);
  stage.run();
  CHECK(log.records(log.info).empty());
  stage.tab.socket.drop();
  CHECK(error_of([&] { answer.get(); }).code() == errc::connection_lost);
  REQUIRE(within(patience, [&] { return log.has("what came before:"); }));
  stage.pool.close();
  const auto records = log.records(log.info);
  const std::size_t joined = place_of(records, R"(event "firefox 1.0 joined")");
  CHECK(joined < place_of(records, "sent open_worker"));
  CHECK(place_of(records, "sent open_worker") < place_of(records, sent_load));
  CHECK(place_of(records, sent_load) < place_of(records, "received loaded"));
  CHECK(place_of(records, "received loaded") < place_of(records, "sent run"));
  CHECK(records.back().starts_with(R"(event "it left: )"));
}

TEST_CASE("what came before a worker died or a message was refused is in the log, and all at once at debug level") {
  Log log;
  PoolOptions options = quiet();
  const bool live = GENERATE(false, true);
  if (live) options.log_level = LogLevel::debug;
  Stage stage(log.into(options));
  stage.worker->socket.send(frame(R"({"type":"result",)"
                                  "\n\n"
                                  R"("id":1})"));
  REQUIRE(within(patience, [&] { return log.has("refused a message: "); }));
  stage.worker->socket.receive_close();
  REQUIRE(within(patience, [&] { return live || log.has("what came before:"); }));
  stage.pool.close();
  const auto records = log.records(live ? log.debug : log.info);
  const std::size_t loaded = place_of(records, "received loaded");
  CHECK(std::ranges::any_of(records,
                            [](const auto& each) { return each.find("refused a message: result.") != each.npos; }));
  CHECK(loaded < records.size() - 1);
  CHECK(log.records(live ? log.info : log.debug).empty());
}

TEST_CASE("neither tokens nor keys nor the application's own messages are recorded") {
  Log log;
  PoolOptions options = quiet();
  options.log_level = LogLevel::debug;
  std::string token;
  {
    Stage stage(log.into(options));
    token = token_of(stage.pool.join_url());
    CHECK(stage.pool.broadcast_message("news", R"("confidential")") == 1);
    stage.tab.socket.send(frame(R"({"type":"message","name":"n","body":"confidential","tensors":[]})"));
    stage.tab.socket.send(frame(R"({"type":"hello","version":1,"token":")" + token + R"("})"));
    stage.tab.socket.receive_close();
  }
  const auto records = log.records(log.debug);
  CHECK(place_of(records, "sent message") < place_of(records, "received message"));
  for (const auto& line : log.debug) {
    CAPTURE(line);
    CHECK(line.find(token) == line.npos);
    CHECK(line.find("confidential") == line.npos);
    CHECK(line.find("\"key\"") == line.npos);
  }
}

TEST_CASE("the tokens of a generation are not recorded") {
  Log log;
  PoolOptions options = quiet();
  options.log_level = LogLevel::debug;
  DecoderStage stage(log.into(options));
  auto answer = stage.model->async_generate({1}, {.max_tokens = 2}, {}, asio::use_future);
  const std::uint64_t id = stage.request().integer("id");
  stage.tell(id, 0, "5,6");
  stage.end(id, {5, 6}, "length");
  CHECK(answer.get().tokens.size() == 2);
  const auto records = log.records(log.debug);
  place_of(records, "sent generate");
  place_of(records, "received result");
  CHECK(std::ranges::none_of(records, [](const auto& each) { return each.find("tokens") != each.npos; }));
}
