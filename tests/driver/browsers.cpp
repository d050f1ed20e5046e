#include <webpool/driver/browsers.hpp>

#include <sys/stat.h>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// Sets an environment variable for as long as it lives; the tests have no thread that reads it meanwhile.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value.c_str(), 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    if (old_)
      ::setenv(name_, old_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> old_;
};

/// A program that stands in for a browser.
std::filesystem::path script(const TemporaryFolder& folder, const std::string& body) {
  const auto path = folder.add("browser", "#!/bin/sh\n" + body);
  ::chmod(path.c_str(), 0700);
  return path;
}

/// What a browser of the Chromium family says of its page on its debugging pipe, as a shell command.
const std::string shows_page =
    R"(printf '{"method":"Target.targetCreated","params":{"targetInfo":{"targetId":"A","type":"page"}}}\000' >&4
)";
const std::string loses_page =
    R"(printf '{"method":"Target.targetCrashed","params":{"targetId":"A","status":"oom"}}\000' >&4
)";

PoolOptions launching(const std::filesystem::path& executable, Browser kind = Browser::chrome) {
  PoolOptions options = quiet();
  options.launch_browsers = true;
  options.browsers = {kind};
  options.browser_options[kind].executable = executable;
  return options;
}

}  // namespace

TEST_CASE("a browser named wrongly is a clear error") {
  PoolOptions options = quiet();
  options.launch_browsers = true;
  const auto [variable, kind] =
      GENERATE(std::pair("WEBPOOL_CHROMIUM", Browser::chromium), std::pair("WEBPOOL_CHROME", Browser::chrome),
               std::pair("WEBPOOL_FIREFOX", Browser::firefox), std::pair("WEBPOOL_EDGE", Browser::edge),
               std::pair("WEBPOOL_HEADLESS_SHELL", Browser::headless_shell));
  SECTION("by its variable, asked for") { options.browsers = {kind}; }
  SECTION("by its variable, among all") {}
  const Environment environment(variable, "/nowhere/browser");
  const Error error = error_of([&] { const ResourcePool pool(options); });
  CHECK(error.code() == errc::no_browser_found);
  CHECK_THAT(error.message(), contains(variable) && contains("\"/nowhere/browser\""));
}

TEST_CASE("a browser's executable that is none is a clear error") {
  const Error error = error_of([] { const ResourcePool pool(launching("/nowhere/browser")); });
  CHECK(error.code() == errc::no_browser_found);
  CHECK_THAT(error.message(), contains("chrome") && contains("\"/nowhere/browser\""));
}

TEST_CASE("where no browser is, the message says what to install") {
  const Environment path("PATH", ""), none("WEBPOOL_EDGE", "");
  PoolOptions options = quiet();
  options.launch_browsers = true;
  options.browsers = {Browser::edge};  // is not in one of the usual places either
  const Error error = error_of([&] { const ResourcePool pool(options); });
  CHECK(error.code() == errc::no_browser_found);
  CHECK(error.message() ==
        "no browser to launch was found. Edge: install it from microsoft.com/edge, or set WEBPOOL_EDGE to its "
        "executable.");
}

TEST_CASE("a pool that launches nothing needs no browser") {
  const Environment path("PATH", ""), wrong("WEBPOOL_CHROMIUM", "/nowhere/browser");
  CHECK_NOTHROW(ResourcePool(quiet()));
}

TEST_CASE("a browser that ends at once fails the load with its last words") {
  const TemporaryFolder folder;
  ResourcePool pool(launching(script(folder, "echo 'no display here' >&2\nexit 7\n")));
  const Error error = error_of([&] { pool.load(digits()); });
  CHECK(error.code() == errc::launch_failed);
  CHECK_THAT(error.message(),
             contains("model 'digits' can't be loaded") && contains("chrome") && contains("no display here"));
  CHECK(pool.metrics().launches == 3);
}

TEST_CASE("a browser whose page never connects fails the load") {
  const TemporaryFolder folder;
  PoolOptions options = launching(script(folder, "exec sleep 60\n"));
  options.connection.connect_timeout = 150ms;
  ResourcePool pool(std::move(options));
  const Error error = error_of([&] { pool.load(digits()); });
  CHECK(error.code() == errc::connect_timeout);
  CHECK_THAT(error.message(), contains("chrome: its page did not connect within 0.15 s"));
}

TEST_CASE("a launched tab is what was launched, whatever it calls itself, and joins once") {
  const TemporaryFolder folder;
  const auto arguments = folder.path() / "arguments";
  PoolOptions options = launching(script(folder, "echo \"$@\" >'" + arguments.string() + "'\nexec sleep 60\n"));
  options.min_connections = 1;
  options.browser_options[Browser::chrome].wasm_threads = 5;
  ResourcePool pool(std::move(options));
  std::string link;
  REQUIRE(within(patience, [&] {
    std::ifstream file(arguments);
    std::string word;
    while (file >> word)
      if (word.starts_with("http://")) link = word;
    return !link.empty();
  }));
  const std::string extra = ",\"launch\":" + link.substr(link.rfind('=') + 1);
  RawTab tab(pool.join_url(), extra, "chromium");
  CHECK_THROWS_WITH(RawTab(pool.join_url(), extra, "chromium"), contains("pool"));

  auto loading = std::async(std::launch::async, [&] { return pool.load(digits()); });
  RawWorker worker = tab.loaded_worker();
  const Model model = loading.get();
  CHECK_THAT(worker.load_message, contains(R"("threads":5)"));
  Ends ends;
  model.async_run(picture(), ends.handler());
  worker.answer(next(worker.socket, "run"));
  REQUIRE(ends.reach(1));
  CHECK(ends.results().at(0).where().browser.browser == Browser::chrome);
  CHECK(ends.results().at(0).where().browser.launched);
}

TEST_CASE("a page that crashes before it has connected fails the load without waiting for it") {
  const TemporaryFolder folder;
  PoolOptions options = launching(script(folder, shows_page + loses_page + "exec sleep 60\n"));
  options.connection.connect_timeout = std::chrono::minutes(10);
  ResourcePool pool(std::move(options));
  const Error error = error_of([&] { pool.load(digits()); });
  CHECK(error.code() == errc::launch_failed);
  CHECK_THAT(error.message(), contains("chrome: its page's process ended: oom"));
  CHECK(pool.metrics().launches == 3);
}

TEST_CASE("a tab whose browser says that its page crashed is gone at once, and only once") {
  const TemporaryFolder folder;
  const auto arguments = folder.path() / "arguments", crash = folder.path() / "crash";
  PoolOptions options =
      launching(script(folder, "echo \"$@\" >'" + arguments.string() + "'\n" + shows_page + "while [ ! -e '" +
                                   crash.string() + "' ]; do sleep 0.02; done\n" + loses_page + "exec sleep 60\n"));
  options.min_connections = 1;
  options.connection.health_interval = std::chrono::minutes(10);
  ResourcePool pool(std::move(options));
  std::string link;
  REQUIRE(within(patience, [&] {
    std::ifstream file(arguments);
    for (std::string word; file >> word;)
      if (word.starts_with("http://")) link = word;
    return !link.empty();
  }));
  RawTab tab(pool.join_url(), ",\"launch\":" + link.substr(link.rfind('=') + 1), "chromium");
  auto loading = std::async(std::launch::async, [&] { return pool.load(digits()); });
  RawWorker worker = tab.loaded_worker();
  const Model model = loading.get();
  Ends ends;
  model.async_run(picture(), ends.handler());
  next(worker.socket, "run");
  CHECK(pool.metrics().losses == 0);
  folder.add("crash", "");
  CHECK(within(patience, [&] { return pool.metrics().losses == 1 && pool.metrics().connections == 0; }));
  REQUIRE(ends.reach(1));
  CHECK(ends.errors().at(0).code() == errc::connection_lost);
  CHECK_THAT(ends.errors().at(0).message(), contains("its page's process ended: oom"));
  CHECK(tab.socket.receive_close());
  CHECK(pool.metrics().losses == 1);
  CHECK(ends.count() == 1);
}
