#include <webpool/browser/command_table.hpp>
#include <webpool/protocol/cdp_news.hpp>

#include "support.hpp"

using webpool::browser::CommandTable;
using News = webpool::protocol::CdpNews;

TEST_CASE("each command is answered once") {
  CommandTable<News> commands;
  std::vector<std::string> heard;
  const auto note = [&](const char* name) {
    return [&heard, name](const News& news) { heard.push_back(name + (":" + news.error)); };
  };
  const auto answer = [&](std::uint64_t id) {
    News news;
    news.id = id;
    return commands.answer(news);
  };
  const auto first = commands.add(note("first")), second = commands.add(note("second")), third = commands.add({});
  CHECK(first != second);
  CHECK_FALSE(answer(0));
  CHECK(answer(second));
  CHECK_FALSE(answer(second));
  CHECK(answer(third));
  CHECK(heard == std::vector<std::string>{"second:"});
  commands.fail_all("gone");
  commands.fail_all("gone");
  CHECK_FALSE(answer(first));
  CHECK(heard == std::vector<std::string>{"second:", "first:gone"});
}

TEST_CASE("an answer may lead to further commands") {
  CommandTable<News> commands;
  unsigned calls = 0;
  commands.add([&](const News&) { commands.add([&](const News& news) { calls += news.error == "twice"; }); });
  commands.fail_all("once");
  CHECK(calls == 0);
  commands.fail_all("twice");
  CHECK(calls == 1);
}
