#include <webpool/driver/page_modules.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

Error refusal(const std::vector<std::filesystem::path>& files) {
  const Error error = error_of([&] { driver::PageModules modules(files); });
  CHECK(error.code() == errc::invalid_options);
  return error;
}

}  // namespace

TEST_CASE("modules are read once and listed in their order") {
  const TemporaryFolder folder;
  const auto greet = folder.add("greet.js", "export {};\n"), first = folder.add("a-1_b.mjs", "1;\n");
  const driver::PageModules modules({greet, first});
  CHECK(modules.list() == R"(["/modules/greet.js","/modules/a-1_b.mjs"])");
  folder.add("greet.js", "changed");
  REQUIRE(modules.find("greet.js"));
  CHECK(*modules.find("greet.js") == "export {};\n");
  CHECK_FALSE(modules.find("index.json"));
  CHECK(driver::PageModules({}).list() == "[]");
}

TEST_CASE("files that can't be modules are refused by name") {
  const TemporaryFolder folder, other;
  CHECK_THAT(refusal({folder.path() / "absent.js"}).message(), contains("absent.js' can't be read"));
  CHECK_THAT(refusal({folder.add("style.css", "")}).message(), contains("ends in .js or .mjs"));
  for (const char* name : {"a b.js", ".hidden.js", "quote\".js", "per%cent.js"})
    CHECK_THAT(refusal({folder.add(name, "")}).message(), contains("a module's name has letters, digits"));
  CHECK_THAT(refusal({folder.add("twice.js", ""), other.add("twice.js", "")}).message(),
             contains((other.path() / "twice.js").string() + "': another module has that name"));
}

TEST_CASE("the pool serves its modules and their list, and refuses to begin without one") {
  const TemporaryFolder folder;
  PoolOptions options = quiet();
  options.page_modules = {folder.add("greet.js", "export {};\n")};
  const ResourcePool pool(options);
  const std::uint16_t port = port_of(pool.join_url());
  const HttpReply list = http_get(port, "/modules/index.json"), module = http_get(port, "/modules/greet.js");
  CHECK(list.headers.at("content-type") == "application/json");
  CHECK(list.body == R"(["/modules/greet.js"])");
  CHECK(module.headers.at("content-type") == "text/javascript");
  CHECK(module.headers.at("x-content-type-options") == "nosniff");
  CHECK(module.body == "export {};\n");
  for (const char* path : {"/modules/", "/modules/other.js", "/modules/../js/page.js", "/modules//greet.js"})
    CHECK(http_get(port, path).status == 404);

  options.page_modules.push_back(folder.path() / "absent.js");
  CHECK_THAT(error_of([&] { ResourcePool broken(options); }).message(), contains("absent.js' can't be read"));
}
