#include <webpool/browser/last_words.hpp>

#include "support.hpp"

using namespace webpool::browser;

TEST_CASE("last words are the telling lines at the end") {
  CHECK(telling_lines("").empty());
  CHECK(telling_lines("\n\n").empty());
  CHECK(telling_lines("one") == "one");
  CHECK(telling_lines("one\n\ntwo\n") == "one\ntwo");
  CHECK(telling_lines("a\nb\nc\n", 2) == "b\nc");
  CHECK(telling_lines("[1:2:ERROR:dbus/bus.cc:405] Failed to connect to the bus: x\nNo usable sandbox!\n"
                      "[1:2:ERROR:dbus/object_proxy.cc:572] Failed to call method: org.freedesktop.DBus\n") ==
        "No usable sandbox!");
  CHECK(telling_lines("*** You are running in headless mode.\n").empty());
  CHECK(telling_lines("\nWebDriver BiDi listening on ws://127.0.0.1:41485\n").empty());
}

TEST_CASE("only the end of a long output is read") {
  support::Scripts scripts;
  const auto file = scripts.folder() / "output.txt";
  CHECK(last_words_in(file).empty());
  std::ofstream(file) << std::string(100'000, 'x') << "\nthe reason\n";
  const std::string words = last_words_in(file);
  CHECK(words.ends_with("\nthe reason"));
  CHECK(words.size() < 10'000);
}
