// Several models that are loaded together, in tabs that are driven step by step.

#include <list>
#include <map>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// Three parts of one whole: copies of the digits model, told apart by a dimension's name.
struct Parts {
  explicit Parts(PoolOptions options = quiet()) : pool(std::move(options)) {
    for (const std::string name : {"a", "b", "c"})
      folder.add(name + ".onnx", onnx_file({{"image", {{name, 1, 28, 28}}}}, {{"probabilities", {{name, 10}}}}));
  }

  ModelPart part(const std::string& name, std::optional<int> priority = {}) {
    return {folder.path() / (name + ".onnx"), {}, priority, [this, name](const std::optional<Error>& error) {
              const std::lock_guard lock(mutex);
              ends[name] = error ? error->message() : "ready";
            }};
  }
  std::string end(const std::string& name) {
    within(patience, [&] {
      const std::lock_guard lock(mutex);
      return ends.contains(name);
    });
    const std::lock_guard lock(mutex);
    return ends[name];
  }

  TemporaryFolder folder;
  std::mutex mutex;
  std::map<std::string, std::string> ends;
  ResourcePool<> pool;
};

/// A worker that has the load of this model.
std::string loads(RawWorker& worker) { return next(worker.socket, "load").text("name"); }

void tell_fetched(RawWorker& worker) {
  worker.socket.send(
      frame(R"({"type":"progress","id":)" + std::to_string(worker.id) + R"(,"stage":"fetch","done":10,"total":10})"));
}

}  // namespace

TEST_CASE("a part's load is sent when the bytes of those before it have come, whoever attaches first") {
  Parts parts;
  RawTab tab(parts.pool.join_url());
  const auto models = parts.pool.load_parts({parts.part("a"), parts.part("b"), parts.part("c")});
  REQUIRE(models.size() == 3);
  CHECK(models[1].name() == "b");
  std::vector<Received> invitations;
  for (int i = 0; i < 3; ++i) invitations.push_back(next(tab.socket, "open_worker"));
  std::map<char, RawWorker> workers;
  for (const char name : {'c', 'b', 'a'}) {
    const Received& open = invitations[static_cast<std::size_t>(name - 'a')];
    workers.emplace(name, RawWorker(tab.port, open.integer("worker"), open.text("key")));
  }
  const Received first = next(workers.at('a').socket, "load");
  CHECK(first.text("name") == "a");
  CHECK(first.text("importance") == "high");
  CHECK_FALSE(workers.at('b').socket.has_news(200ms));
  CHECK_FALSE(workers.at('c').socket.has_news(0ms));

  tell_fetched(workers.at('a'));
  const Received second = next(workers.at('b').socket, "load");
  CHECK(second.text("name") == "b");
  CHECK(second.text("importance") == "low");
  CHECK_FALSE(workers.at('c').socket.has_news(100ms));
  workers.at('a').loaded();
  CHECK(parts.end("a") == "ready");
  workers.at('b').fail(workers.at('b').id, "no_backend", "no adapter");
  CHECK(loads(workers.at('c')) == "c");
}

TEST_CASE("a request waits for its part alone") {
  Parts parts;
  RawTab tab(parts.pool.join_url());
  const auto models = parts.pool.load_parts({parts.part("a"), parts.part("b")});
  Ends first, second;
  models[1].async_run(picture(2), second.handler());
  models[0].async_run(picture(1), first.handler());
  RawWorker a = tab.worker(), b = tab.worker();
  a.load();
  a.answer(next(a.socket, "run"));
  REQUIRE(first.reach(1));
  CHECK(first.results().at(0)["probabilities"].as<float>()[0] == 1);
  CHECK(second.count() == 0);
  b.load();
  b.answer(next(b.socket, "run"));
  REQUIRE(second.reach(1));
  CHECK(second.results().at(0)["probabilities"].as<float>()[0] == 2);
}

TEST_CASE("parts load by their priorities and come back in the order given") {
  Parts parts;
  RawTab tab(parts.pool.join_url());
  const auto models = parts.pool.load_parts({parts.part("a", 1), parts.part("b", 3), parts.part("c", 2)});
  CHECK(models[0].name() + models[1].name() + models[2].name() == "abc");
  std::list<RawWorker> workers;
  for (const std::string name : {"b", "c", "a"}) {
    RawWorker& worker = workers.emplace_back(tab.worker());
    CHECK(loads(worker) == name);
    worker.loaded();
    CHECK(parts.end(name) == "ready");
  }
}

TEST_CASE("a part that can't be loaded ends its requests, before and after, with the reasons; the others go on") {
  Parts parts;
  RawTab tab(parts.pool.join_url());
  const auto models = parts.pool.load_parts({parts.part("a"), parts.part("b")});
  Ends ends;
  models[0].async_run(picture(), ends.handler());
  RawWorker a = tab.worker(), b = tab.worker();
  REQUIRE(loads(a) == "a");
  a.fail(a.id, "no_backend", "none", R"([{"backend":"wasm","message":"no kernel for Foo"}])");
  REQUIRE(ends.reach(1));
  CHECK_THAT(ends.errors().at(0).message(), contains("model 'a'") && contains("no kernel for Foo"));
  CHECK_THAT(parts.end("a"), contains("no kernel for Foo"));
  CHECK_THAT(error_of([&] { models[0](picture()); }).message(), contains("no kernel for Foo"));
  CHECK(loads(b) == "b");
  b.loaded();
  CHECK(parts.end("b") == "ready");
  models[1].async_run(picture(5), ends.handler());
  b.answer(next(b.socket, "run"));
  REQUIRE(ends.reach(2));
  CHECK(ends.results().at(0)["probabilities"].as<float>()[0] == 5);
}

TEST_CASE("a part whose tab goes away holds nobody up") {
  Parts parts;
  std::optional<RawTab> lost(parts.pool.join_url());
  const auto models = parts.pool.load_parts({parts.part("a"), parts.part("b")});
  RawWorker first = lost->worker();
  REQUIRE(loads(first) == "a");
  lost->socket.drop();
  RawTab tab(parts.pool.join_url());
  RawWorker a = tab.worker(), b = tab.worker();
  CHECK(loads(a) == "a");
  a.loaded();
  CHECK(loads(b) == "b");
}

TEST_CASE("parts that are released while they load are loaded no further") {
  Parts parts;
  RawTab tab(parts.pool.join_url());
  auto models = parts.pool.load_parts({parts.part("a"), parts.part("b")});
  RawWorker a = tab.worker(), b = tab.worker();
  REQUIRE(loads(a) == "a");
  models.erase(models.begin());
  next(tab.socket, "close_worker");
  CHECK(loads(b) == "b");
  b.loaded();
  CHECK(parts.end("b") == "ready");
  CHECK_FALSE(parts.ends.contains("a"));
}

TEST_CASE("what is wrong with parts is told before anything is loaded") {
  Parts parts;
  const auto refusal = [&](std::vector<ModelPart> given) {
    return error_of([&] { parts.pool.load_parts(std::move(given)); });
  };
  CHECK(refusal({parts.part("a"), parts.part("a")}).code() == errc::invalid_options);
  CHECK_THAT(refusal({parts.part("a"), parts.part("a")}).message(), contains("two parts are named 'a'"));
  CHECK_THAT(refusal({parts.part("a", 1), parts.part("b", 1)}).message(), contains("both have the priority 1"));
  CHECK(refusal({parts.part("a"), parts.part("absent")}).code() == errc::model_not_found);
  CHECK(parts.pool.metrics().models == 0);
  CHECK(parts.pool.load_parts({}).empty());
  parts.pool.close();
  CHECK(refusal({parts.part("a")}).code() == errc::pool_closed);
}
