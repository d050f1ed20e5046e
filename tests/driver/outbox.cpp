#include <webpool/driver/outbox.hpp>

#include "../support/loopback_pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using transport::CloseCode;

namespace {

const std::vector<float> zeros(10);

std::string words_of(const PoolOptions& options, const std::function<void(LoopbackStage&)>& act) {
  std::string log;
  PoolOptions logging = options;
  logging.log = [&](LogLevel, std::string_view line) { log += std::string(line) + '\n'; };
  LoopbackStage stage(logging);
  act(stage);
  return log;
}

}  // namespace

TEST_CASE("a worker is opened with a key, and closed on both links") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  pool->load();
  const Received open = tab.next();
  CHECK(open.type() == "open_worker");
  CHECK(open.text("key").size() == 32);
  CHECK_THAT(open.header, contains(R"("webnn":false)"));
  const LoopbackWorker worker(*pool, open.integer("worker"), open.text("key"));
  worker.link->say(loaded_frame(worker.id));
  pool->release(pool->loaded.at(0).value());
  CHECK(tab.next("close_worker").integer("worker") == worker.id);
  CHECK(worker.closing_words() == "the worker is no longer needed");
  CHECK(worker.link->closing()->code == CloseCode::normal);
}

TEST_CASE("a run carries its tensors, and its cancellation its number") {
  LoopbackStage stage;
  const auto ticket = std::make_shared<driver::Ticket>();
  stage.pool->run(picture(7), {}, ticket);
  const Received run = stage.worker->next("run");
  CHECK_THAT(run.header, contains(R"("name":"image","datatype":"FP32","shape":[1,1,28,28])"));
  CHECK(run.tensors.size() == 28 * 28 * sizeof(float));
  stage.pool->cancel(ticket);
  CHECK(stage.worker->next().type() == "cancel");
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(error_in(stage.pool->ends[0]).code() == errc::cancelled);
}

TEST_CASE("a result is told with its tensors, its place and its time") {
  LoopbackStage stage;
  stage.pool->run(picture());
  stage.worker->answer(zeros);
  REQUIRE(stage.pool->ends.size() == 1);
  const Outputs outputs = stage.pool->ends[0].value();
  CHECK(outputs.where().connection == stage.tab.connection);
  CHECK(outputs.where().backend == Backend::wasm);
  CHECK(outputs.times().total > 0);
  CHECK(outputs.times().compute == 1);
}

TEST_CASE("a tab without signs of life is asked, told and closed") {
  const std::string log = words_of(quiet(), [](LoopbackStage& stage) {
    const TimePoint now = Clock::now();
    for (int second = 1; second < 6; ++second) stage.pool->tick(now + std::chrono::seconds(second));
    CHECK(stage.tab.next("ping").integer("id") == 1);
    CHECK(stage.tab.next("ping").integer("id") == 2);
    CHECK_THAT(stage.tab.next("close").text("message"), contains("no answer to 3 heartbeats"));
    CHECK_THAT(stage.tab.closing_words(), contains("no answer to 3 heartbeats"));
    CHECK(stage.worker->closing_words() == "its tab is gone");
    CHECK(stage.pool->metrics().connections == 0);
  });
  CHECK_THAT(log, contains("closing the tab in firefox 1.0: ") && contains("; what came before:"));
}

TEST_CASE("a tab whose worker dies again and again is told to load its page anew") {
  PoolOptions options = quiet();
  options.retries.attempts = 5;
  const std::string log = words_of(options, [](LoopbackStage& stage) {
    stage.pool->run(picture());
    stage.worker->link->hang_up();
    const LoopbackWorker second = stage.tab.loaded_worker();
    second.link->hang_up();
    CHECK_THAT(stage.tab.next("reload").text("message"), contains("its worker went away"));
    CHECK_THAT(stage.tab.closing_words(), contains("its worker went away"));
    CHECK(stage.pool->metrics().connections == 0);
    CHECK(stage.pool->ends.empty());
  });
  CHECK_THAT(log, contains("reloading the page in firefox 1.0: "));
}

TEST_CASE("a model is announced once, as loaded or with every reason") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  pool->load();
  const LoopbackWorker worker = tab.worker();
  worker.link->say(error_frame(worker.id, "no_backend", "none", R"([{"backend":"webgpu","message":"no adapter"}])"));
  REQUIRE(pool->loaded.size() == 1);
  CHECK(error_in(pool->loaded[0]).code() == errc::no_backend);
  CHECK_THAT(error_in(pool->loaded[0]).message(),
             contains("model 'digits' can't be loaded: ") && contains("firefox 1.0") && contains("webgpu: no adapter"));
  CHECK(tab.next("close_worker").integer("worker") == worker.id);
  CHECK_FALSE(pool->has_model("digits"));
}

TEST_CASE("a frame goes to one tab or to all, but to none that does not read") {
  PoolOptions options = quiet();
  options.connection.maximum_message_bytes = 1 << 20;
  const auto pool = LoopbackPool::make(options);
  const LoopbackTab one(*pool), other(*pool);
  const std::string message = frame(R"({"type":"message","name":"news"})");
  CHECK(pool->send_frame(one.connection, message) == 1);
  CHECK(one.next().text("name") == "news");
  CHECK_FALSE(other.has_news());
  CHECK(pool->send_frame(ConnectionId{4711}, message) == 0);
  CHECK(pool->send_frame(std::nullopt, message) == 2);
  CHECK(pool->send_frame(one.connection, message + std::string(1 << 20, ' ')) == 1);
  CHECK(pool->send_frame(one.connection, message) == 0);
  CHECK(pool->send_frame(std::nullopt, message) == 1);
}
