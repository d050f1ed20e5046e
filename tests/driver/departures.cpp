#include <webpool/driver/departures.hpp>

#include "../support/loopback_pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// Leaves a tensor in the worker, and gives its handle.
Tensor keep_one(LoopbackStage& stage) {
  stage.pool->run(picture(), {.keep_on_device = {"probabilities"}});
  const Received run = stage.worker->next("run");
  stage.worker->link->say(
      frame(R"({"type":"result","id":)" + std::to_string(run.integer("id")) +
            R"(,"outputs":[],"kept":[{"name":"probabilities","datatype":"FP32","shape":[1,10],"tensor":)" +
            std::to_string(run.integer("tensor")) + R"(}],"times":{"queued":0,"upload":0,"compute":0,"download":0}})"));
  Tensor kept = stage.pool->ends.at(0).value()["probabilities"];
  stage.pool->ends.clear();
  return kept;
}

}  // namespace

TEST_CASE("what a worker held is lost with it, however it goes") {
  LoopbackStage stage;
  const Tensor kept = keep_one(stage);
  CHECK(stage.pool->metrics().device_tensors == 1);
  CHECK_FALSE(kept.device()->lost());
  SECTION("its link closes") { stage.worker->link->hang_up(); }
  SECTION("its tab leaves") { stage.tab.link->hang_up(); }
  SECTION("its page says that it died") { stage.tab.link->say(worker_failed_frame(stage.worker->id, "bang")); }
  SECTION("its model is released") { stage.pool->release(ModelIndex{}); }
  CHECK(kept.device()->lost());
  CHECK(stage.pool->metrics().device_tensors == 0);
}

TEST_CASE("a tab that leaves takes its workers along, and says why in the log") {
  std::string log;
  PoolOptions options = quiet();
  options.log = [&](LogLevel, std::string_view line) { log += std::string(line) + '\n'; };
  LoopbackStage stage(options);
  stage.pool->run(picture());
  stage.tab.link->hang_up("its socket closed");
  CHECK(stage.worker->closing_words() == "its tab is gone");
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK_THAT(error_in(stage.pool->ends[0]).message(),
             contains("model 'digits'") && contains("firefox 1.0 went away: its socket closed"));
  CHECK_THAT(log, contains("firefox 1.0 left: its socket closed") && contains("; what came before:"));
  CHECK(stage.pool->metrics().losses == 1);
}

TEST_CASE("a worker that is gone while it fetches gives the next its turn") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool), other(*pool);
  pool->load_parts(2);
  const LoopbackWorker one = tab.worker(), two = other.worker();
  const bool first_has_load = one.has_news();
  const LoopbackWorker& fetching = first_has_load ? one : two;
  const LoopbackWorker& waiting = first_has_load ? two : one;
  CHECK_FALSE(waiting.has_news());
  fetching.link->hang_up();
  CHECK(waiting.next().type() == "load");
}
