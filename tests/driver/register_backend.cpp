#include <webpool/register_backend.hpp>

#include <asio/use_future.hpp>
#include <sstream>
#include <webpool/outputs.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

const TemporaryFolder& folder() {
  static const TemporaryFolder here;
  return here;
}

/// The one backend that this program registers; there is no way to take it back.
Backend tpu() { return register_backend({"tpu-9_x", folder().add("tpu.js", "export const detect = () => null;\n")}); }

std::string complaint(const BackendDescription& description) {
  const Error error = error_of([&] { register_backend(description); });
  CHECK(error.code() == errc::invalid_options);
  return error.message();
}

}  // namespace

TEST_CASE("a registered backend is a value like any other") {
  const Backend mine = tpu();
  CHECK_FALSE(is_builtin(mine));
  CHECK(static_cast<std::size_t>(mine) < max_backends);
  CHECK(tpu() == mine);
  CHECK(to_string(mine) == "tpu-9_x");
  CHECK(parse_backend("tpu-9_x") == mine);
  CHECK(backend_names().at(static_cast<std::size_t>(mine)) == "tpu-9_x");
  Where where;
  where.backend = mine;
  where.browser.browser = Browser::firefox;
  std::ostringstream text;
  text << where;
  CHECK(text.str() == "firefox/tpu-9_x");
  CHECK_FALSE(where.software());
}

TEST_CASE("descriptions that can't be are refused with the reason") {
  const auto file = folder().add("good.js", "export {};\n");
  for (const std::string& name : {std::string(), std::string("My TPU"), std::string("../tpu"), std::string(41, 'a')})
    CHECK_THAT(complaint({name, file}), contains("backend '" + name + "': a name must have 1 to 40 of the characters"));
  CHECK_THAT(complaint({"webgpu", file}), contains("the page already has a backend of that name"));
  CHECK_THAT(complaint({"absent", "/nowhere/absent.js"}), contains("can't read its module '/nowhere/absent.js'"));
  CHECK_FALSE(parse_backend("absent"));
  tpu();
  CHECK_THAT(complaint({"tpu-9_x", file}), contains("registered with another module"));
}

TEST_CASE("the pool serves a backend's module and names its address in the load") {
  const Backend mine = tpu();
  Stage stage(quiet(), {.backends = {mine, Backend::wasm}});
  CHECK_THAT(
      stage.worker->load_message,
      contains(R"("backends":[{"name":"tpu-9_x","module":"/backends/tpu-9_x.js"},{"name":"wasm","threads":1}])"));
  const HttpReply reply = http_get(stage.tab.port, "/backends/tpu-9_x.js");
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-type") == "text/javascript");
  CHECK(reply.body == "export const detect = () => null;\n");
  for (const char* path :
       {"/backends/", "/backends/.js", "/backends/wasm.js", "/backends/tpu-9_x", "/backends/other.js"})
    CHECK(http_get(stage.tab.port, path).status == 404);
}

TEST_CASE("what a page says of a registered backend is believed, and of others not") {
  const Backend mine = tpu();
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  auto loading = std::async(std::launch::async, [&] { return pool.load(digits(), {.backends = {mine}}); });
  RawWorker worker = tab.worker();
  const Received load = next(worker.socket, "load");
  const auto loaded = [&](const std::string& backend) {
    worker.socket.send(
        frame(R"({"type":"loaded","id":)" + std::to_string(worker.id) + R"(,"backend":")" + backend +
              R"(","device_type":null,"tried":[{"backend":"tpu-9_x","message":"no board"}],"cpu_fallback":false,)"
              R"("inputs":[],"outputs":[],"times":{"fetch":1,"create":1,"warmup":0},"from_cache":false,)"
              R"("memory_bytes":1000})"));
  };
  SECTION("registered") {
    loaded("tpu-9_x");
    const Model model = loading.get();
    auto answer = model.async_run(picture(3), asio::use_future);
    worker.answer(next(worker.socket, "run"));
    const Outputs outputs = answer.get();
    CHECK(outputs.where().backend == mine);
    REQUIRE(outputs.where().passed_over.size() == 1);
    CHECK(outputs.where().passed_over[0].backend == mine);
    CHECK(outputs.where().passed_over[0].message == "no board");
    const auto stats = pool.execution_stats();
    REQUIRE(stats.size() == 1);
    CHECK(stats[0].backend == mine);
    CHECK(stats[0].completed == 1);
  }
  SECTION("unknown") {
    loaded("quantum");
    const auto closing = worker.socket.receive_close();
    REQUIRE(closing);
    CHECK_THAT(closing->close_reason(), contains("one of wasm webgpu webnn tpu-9_x"));
    pool.close();
    CHECK_THROWS_AS(loading.get(), Error);
  }
}

TEST_CASE("a value that no registration gave is refused before anything is loaded") {
  ResourcePool pool(quiet());
  const Error error = error_of([&] { pool.load(digits(), {.backends = {static_cast<Backend>(200)}}); });
  CHECK(error.code() == errc::invalid_options);
  CHECK_THAT(error.message(), contains("has the value 200, which register_backend did not give"));
}
