#include <webpool/driver/worker_inbox.hpp>

#include "../support/loopback_pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using transport::Channel, transport::CloseCode;

namespace {

/// With what words the pool closes this link, once it has answered.
std::string refusal_of(LoopbackPool& pool, const LoopbackPage& page) {
  pool.tick(Clock::now());
  REQUIRE(page.link->closing());
  CHECK(page.link->closing()->code == CloseCode::policy_violation);
  return page.closing_words();
}

std::string first_error(const LoopbackStage& stage) {
  REQUIRE(stage.pool->ends.size() == 1);
  return error_in(stage.pool->ends[0]).message();
}

const std::vector<float> zeros(10);

}  // namespace

// --- loads

TEST_CASE("a worker that does not show its key is refused") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  pool->load();
  const Received open = tab.next("open_worker");
  const std::uint64_t id = open.integer("worker");
  const std::string key = open.text("key"), words = "no worker waits under that key";
  CHECK(refusal_of(*pool, LoopbackWorker(*pool, id, "00000000000000000000000000000000")) == words);
  CHECK(refusal_of(*pool, LoopbackWorker(*pool, id + 1, key)) == words);
  const LoopbackWorker worker(*pool, id, key);
  CHECK(worker.next().type() == "load");
  CHECK(worker.link->is_introduced());
  CHECK(refusal_of(*pool, LoopbackWorker(*pool, id, key)) == words);
  worker.link->say(attach_frame(id, key));
  CHECK(worker.closing_words() == "a 'attach' is out of turn here");
}

TEST_CASE("a worker of another version is refused") {
  const auto pool = LoopbackPool::make();
  const LoopbackPage page(*pool, Channel::data);
  page.link->say(frame(R"({"type":"attach","version":2})"));
  CHECK(refusal_of(*pool, page) == "the worker speaks version 2");
}

TEST_CASE("before attach nothing else is due") {
  const auto pool = LoopbackPool::make();
  const std::string type = GENERATE("progress", "loaded", "result", "tokens", "error", "device_lost");
  const std::string fields =
      R"(,"id":1,"stage":"fetch","done":1,"total":2,"backend":"wasm","tried":[],"cpu_fallback":false,"inputs":[],)"
      R"("outputs":[],"times":{"fetch":0,"create":0,"warmup":0,"queued":0,"upload":0,"compute":0,"download":0},)"
      R"("from_cache":false,"memory_bytes":0,"code":"run_failed","message":"","reason":"","index":0,"tokens":[1])";
  const LoopbackPage page(*pool, Channel::data);
  page.link->say(frame(R"({"type":")" + type + "\"" + fields + "}"));
  CHECK(refusal_of(*pool, page) == "a '" + type + "' is out of turn here");
}

TEST_CASE("a result before loaded, and loaded twice or for another load, are out of turn") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  pool->load();
  const LoopbackWorker worker = tab.worker();
  std::string type = "loaded";
  SECTION("result") {
    worker.link->say(result_frame(1, zeros, "[1,10]"));
    type = "result";
  }
  SECTION("tokens") {
    worker.link->say(frame(R"({"type":"tokens","id":1,"index":0,"tokens":[1]})"));
    type = "tokens";
  }
  SECTION("loaded with another id") { worker.link->say(loaded_frame(worker.id + 1)); }
  SECTION("loaded twice") {
    worker.link->say(loaded_frame(worker.id));
    CHECK(pool->loaded.size() == 1);
    worker.link->say(loaded_frame(worker.id));
  }
  SECTION("loaded three times") {
    for (const std::string backend : {"webgpu", "wasm", "webgpu"}) worker.link->say(loaded_frame(worker.id, backend));
  }
  SECTION("loaded once more after an answer") {
    worker.link->say(loaded_frame(worker.id));
    pool->run(picture());
    worker.answer(zeros);
    worker.link->say(loaded_frame(worker.id, "webgpu"));
  }
  CHECK(worker.closing_words() == "a '" + type + "' is out of turn here");
}

TEST_CASE("an error about something else does not end a load") {
  const auto pool = LoopbackPool::make();
  const LoopbackTab tab(*pool);
  pool->load();
  const LoopbackWorker worker = tab.worker();
  worker.link->say(error_frame(worker.id + 1, "run_failed", "of long ago"));
  worker.link->say(loaded_frame(worker.id));
  REQUIRE(pool->loaded.size() == 1);
  CHECK(pool->loaded[0]);
  CHECK(pool->metrics().late_replies == 1);
}

// --- runs

TEST_CASE("a reply to nobody is counted and dropped") {
  LoopbackStage stage;
  stage.worker->link->say(result_frame(4711, zeros, "[1,10]"));
  stage.worker->link->say(result_frame(5'000'000'000'000, zeros, "[1,10]"));
  stage.worker->link->say(error_frame(4712, "run_failed", "nothing was asked"));
  CHECK(stage.pool->metrics().late_replies == 3);
  stage.pool->run(picture());
  const std::uint64_t run = stage.worker->next("run").integer("id");
  for (int i = 0; i < 2; ++i) stage.worker->link->say(result_frame(run, zeros, "[1,10]"));
  CHECK(stage.pool->metrics().late_replies == 4);
  CHECK(stage.pool->ends.size() == 1);
}

TEST_CASE("one tab can't answer for another") {
  LoopbackStage stage(quiet(), {.replicas = 2});
  const LoopbackTab other(*stage.pool);
  const LoopbackWorker rival = other.loaded_worker();
  stage.pool->run(picture());
  const bool first = stage.worker->has_news();
  const LoopbackWorker& asked = first ? *stage.worker : rival;
  const LoopbackWorker& unasked = first ? rival : *stage.worker;
  const std::uint64_t run = asked.next("run").integer("id");
  unasked.link->say(result_frame(run, std::vector<float>(10, 666.0F), "[1,10]"));
  CHECK(stage.pool->metrics().late_replies == 1);
  CHECK(stage.pool->ends.empty());
  asked.link->say(result_frame(run, zeros, "[1,10]"));
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(stage.pool->ends[0].value()["probabilities"].as<float>()[0] == 0.0F);
}

TEST_CASE("an output that the model does not declare fails the run") {
  LoopbackStage stage;
  stage.pool->run(picture());
  const std::uint64_t run = stage.worker->next("run").integer("id");
  const std::vector<float> values(20);
  std::string expected;
  SECTION("its name") {
    stage.worker->link->say(result_frame(run, zeros, "[1,10]", "confidence"));
    expected = "an output 'confidence' FP32 [1, 10] that the model does not declare";
  }
  SECTION("its shape") {
    stage.worker->link->say(result_frame(run, values, "[1,20]"));
    expected = "an output 'probabilities' FP32 [1, 20] that the model does not declare";
  }
  SECTION("its absence") {
    stage.worker->link->say(frame(R"({"type":"result","id":)" + std::to_string(run) +
                                  R"(,"outputs":[],"times":{"queued":0,"upload":0,"compute":0,"download":0}})"));
    expected = "the page answered without the output 'probabilities'";
  }
  CHECK_THAT(first_error(stage), contains("model 'digits' on firefox/wasm: the page answered") && contains(expected));
  CHECK(error_in(stage.pool->ends[0]).code() == errc::run_failed);
}

TEST_CASE("what nobody asked a page to keep is let go") {
  LoopbackStage stage;
  stage.pool->run(picture());
  const std::uint64_t run = stage.worker->next("run").integer("id");
  stage.worker->link->say(
      frame(R"({"type":"result","id":)" + std::to_string(run) +
            R"(,"outputs":[],"kept":[{"name":"probabilities","datatype":"FP32","shape":[1,10],"tensor":77}],)"
            R"("times":{"queued":0,"upload":0,"compute":0,"download":0}})"));
  CHECK_THAT(first_error(stage), contains("tensor 77, which it was not asked to"));
  CHECK_THAT(stage.worker->next("release").header, contains(R"("tensors":[77])"));
  CHECK(stage.pool->metrics().device_tensors == 0);
}

TEST_CASE("a tensor that stays belongs to the pool until its last handle goes") {
  LoopbackStage stage;
  stage.pool->run(picture(), {.keep_on_device = {"probabilities"}});
  const Received run = stage.worker->next("run");
  const std::string tensor = std::to_string(run.integer("tensor"));
  stage.worker->link->say(
      frame(R"({"type":"result","id":)" + std::to_string(run.integer("id")) +
            R"(,"outputs":[],"kept":[{"name":"probabilities","datatype":"FP32","shape":[1,10],"tensor":)" + tensor +
            R"(}],"times":{"queued":0,"upload":0,"compute":0,"download":0}})"));
  REQUIRE(stage.pool->ends.size() == 1);
  CHECK(stage.pool->ends[0].value()["probabilities"].device() != nullptr);
  CHECK(stage.pool->metrics().device_tensors == 1);
  stage.pool->ends.clear();
  CHECK_THAT(stage.worker->next("release").header, contains("[" + tensor + "]"));
  CHECK(stage.pool->metrics().device_tensors == 0);
}

TEST_CASE("a failed run brings the page's words") {
  using Case = std::pair<const char*, errc>;
  const auto [word, code] = GENERATE(Case{"run_failed", errc::run_failed}, Case{"bad_input", errc::bad_input},
                                     Case{"device_lost", errc::device_lost}, Case{"cancelled", errc::cancelled});
  LoopbackStage stage;
  stage.pool->run(picture());
  stage.worker->link->say(error_frame(stage.worker->next("run").integer("id"), word, "the page's words"));
  CHECK(first_error(stage) == "model 'digits' on firefox/wasm: the page's words");
  CHECK(error_in(stage.pool->ends[0]).code() == code);
}

TEST_CASE("a lost device ends the runs behind it") {
  LoopbackStage stage;
  stage.pool->run(picture());
  const std::uint64_t run = stage.worker->next("run").integer("id");
  stage.worker->link->say(frame(R"({"type":"device_lost","reason":"destroyed","message":"the driver was reset"})"));
  stage.worker->link->say(error_frame(run, "device_lost", "too late"));
  CHECK(first_error(stage) == "model 'digits' on firefox/wasm: destroyed: the driver was reset");
  CHECK(error_in(stage.pool->ends[0]).code() == errc::device_lost);
  CHECK(stage.tab.loaded_worker().id != stage.worker->id);
}
