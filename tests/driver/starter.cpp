#include <webpool/driver/starter.hpp>

#include "../support/loopback_pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

/// Answers the next run so that its output stays, and gives the tensor.
Tensor keep_output(LoopbackPool& pool, const LoopbackWorker& worker) {
  const Received run = worker.next("run");
  worker.link->say(frame(R"({"type":"result","id":)" + std::to_string(run.integer("id")) +
                         R"(,"outputs":[],"kept":[{"name":"probabilities","datatype":"FP32","shape":[1,10],"tensor":)" +
                         std::to_string(run.integer("tensor")) +
                         R"(}],"times":{"queued":0,"upload":0,"compute":0,"download":0}})"));
  Tensor kept = pool.ends.at(0).value()["probabilities"];
  pool.ends.clear();
  return kept;
}

const RequestOptions keeping{.keep_on_device = {"probabilities"}};

}  // namespace

TEST_CASE("a request that was cancelled before it starts never starts, whatever it takes along") {
  LoopbackStage stage;
  const auto ticket = std::make_shared<driver::Ticket>();
  stage.pool->cancel(ticket);
  stage.pool->run(picture(), GENERATE(RequestOptions{}, keeping), ticket);
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(error_in(stage.pool->ends[0]).code() == errc::cancelled);
  CHECK(error_in(stage.pool->ends[0]).message() == "cancelled before it was queued");
  CHECK(stage.pool->metrics().submitted == 0);
}

TEST_CASE("what is to stay is computed too where only some outputs are wanted") {
  LoopbackStage stage;
  stage.pool->run(picture(), {.outputs = {"other"}, .keep_on_device = {"probabilities"}});
  CHECK_THAT(stage.worker->next("run").header, contains(R"("outputs":["other","probabilities"])"));
}

TEST_CASE("a tensor in the model's own worker is an input by its number") {
  LoopbackStage stage;
  stage.pool->run(picture(), keeping);
  const Tensor kept = keep_output(*stage.pool, *stage.worker);
  Inputs inputs = picture(4);
  inputs.insert(inputs.begin(), {"hint", kept});
  stage.pool->run(std::move(inputs));
  const Received run = stage.worker->next("run");
  CHECK_THAT(run.header, contains(R"("resident":[{"name":"hint","tensor":)"));
  CHECK(run.tensors.size() == 28 * 28 * sizeof(float));
}

TEST_CASE("a tensor in the worker of another model is brought home first") {
  LoopbackStage stage;
  stage.pool->run(picture(), keeping);
  const Tensor kept = keep_output(*stage.pool, *stage.worker);
  stage.pool->load({.name = "second"});
  const LoopbackWorker second = stage.tab.loaded_worker();
  const ModelIndex model = stage.pool->loaded.at(1).value();
  const auto ticket = std::make_shared<driver::Ticket>();
  stage.pool->submit({model}, {{"image", kept}}, {}, ticket, stage.pool->keep_end());
  CHECK_FALSE(second.has_news());
  const std::uint64_t copy = stage.worker->next("fetch").integer("id");
  SECTION("and the request starts with the copy") {
    stage.worker->link->say(result_frame(copy, std::vector<float>(10, 2.0F), "[1,10]", "tensor"));
    CHECK(second.next("run").tensors.size() == 10 * sizeof(float));
    CHECK(stage.pool->metrics().device_copies == 1);
  }
  SECTION("and the request can be cancelled meanwhile") {
    stage.pool->cancel(ticket);
    CHECK(stage.worker->next("cancel").integer("id") == copy);
    REQUIRE(stage.pool->ends.size() == 1);
    CHECK(error_in(stage.pool->ends[0]).code() == errc::cancelled);
    stage.worker->link->say(result_frame(copy, std::vector<float>(10, 2.0F), "[1,10]", "tensor"));
    CHECK_FALSE(second.has_news());
    CHECK(stage.pool->ends.size() == 1);
  }
  SECTION("and if that fails, so does the request") {
    stage.worker->link->say(error_frame(copy, "tensor_lost", "it was freed"));
    REQUIRE(stage.pool->ends.size() == 1);
    CHECK(error_in(stage.pool->ends[0]).code() == errc::tensor_lost);
    CHECK_FALSE(second.has_news());
  }
}

TEST_CASE("a tensor of another pool is refused") {
  LoopbackStage one, other;
  one.pool->run(picture(), keeping);
  const Tensor kept = keep_output(*one.pool, *one.worker);
  other.pool->run({{"image", kept}});
  REQUIRE(other.pool->ends.size() == 1);
  CHECK(error_in(other.pool->ends[0]).code() == errc::tensor_elsewhere);
  CHECK_FALSE(other.worker->has_news());
}

TEST_CASE("a tensor comes home on its own") {
  LoopbackStage stage;
  stage.pool->run(picture(), keeping);
  const Tensor kept = keep_output(*stage.pool, *stage.worker);
  stage.pool->fetch(dynamic_cast<const driver::ResidentTensor&>(*kept.device()), stage.pool->keep_end());
  const Received fetch = stage.worker->next("fetch");
  stage.worker->link->say(result_frame(fetch.integer("id"), std::vector<float>(10, 2.0F), "[1,10]", "tensor"));
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(stage.pool->ends[0].value().begin()->tensor.as<float>()[0] == 2.0F);
}
