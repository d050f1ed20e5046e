// Generations from the caller to the wire and back, with a scripted tab.

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/use_future.hpp>

#include "../support/decoder.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

using Tokens = std::vector<std::int64_t>;

/// A generation on a thread of its own, and what it tells.
struct Blocking {
  Blocking(const Model& model, Tokens prompt, GenerationOptions options)
      : answer(std::async(std::launch::async, [this, model, prompt = std::move(prompt), options = std::move(options)] {
          return model.generate(prompt, options, [this](std::int64_t token) {
            heard.push_back(token);
            ++count;
          });
        })) {}
  Tokens heard;
  std::atomic<std::size_t> count = 0;
  std::future<Generation> answer;
};

PoolOptions retrying() {
  PoolOptions options = quiet();
  options.retries.attempts = 3;
  return options;
}

}  // namespace

TEST_CASE("a load says of a decoder that it generates, and of another model nothing") {
  DecoderStage stage;
  CHECK_THAT(stage.worker->load_message, contains(R"("generates":true)"));
  Stage other;
  CHECK_THAT(other.worker->load_message, !contains("generates"));
}

TEST_CASE("a generation is sent, told token by token, and ends") {
  DecoderStage stage;
  Blocking blocking(*stage.model, {3, 1, 4},
                    {.max_tokens = 5, .temperature = 0.5, .top_k = 3, .seed = 9, .stop_tokens = {2}});
  const Received request = stage.request();
  CHECK(request.integer("max_tokens") == 5);
  CHECK(request.integer("seed") == 9);
  CHECK_THAT(request.header, contains(R"("temperature":0.5,"top_k":3,"top_p":1)"));
  CHECK_THAT(request.header, contains(R"("inputs":[{"name":"prompt","datatype":"INT64","shape":[3])"));
  CHECK_THAT(request.header, contains(R"("stop_tokens":[2])"));
  std::int64_t last = 0;
  std::memcpy(&last, request.tensors.data() + 16, sizeof last);
  CHECK(last == 4);
  const std::uint64_t id = request.integer("id");
  stage.tell(id, 0, "7");
  stage.tell(id, 1, "8,9");
  stage.end(id, {7, 8, 9}, "stop");
  const Generation generation = blocking.answer.get();
  CHECK(generation.tokens == Tokens{7, 8, 9});
  CHECK(blocking.heard == Tokens{7, 8, 9});
  CHECK(generation.finish == Finish::stop);
  CHECK(generation.times.compute == 1);
  CHECK(generation.times.total > 0);
  CHECK(generation.first_token > 0);
  CHECK(generation.where().browser.browser == Browser::firefox);
  CHECK(stage.pool.metrics().completed == 1);
}

TEST_CASE("what can't be generated is refused without a word to the tab") {
  DecoderStage stage;
  CHECK(error_of([&] { stage.model->generate(Tokens(90, 1), {.max_tokens = 11}); }).code() == errc::bad_input);
  CHECK(error_of([&] { stage.model->generate({1}, {.max_tokens = 0}); }).code() == errc::invalid_options);
  CHECK(error_of([&] { stage.model->async_generate({}, {}, {}, asio::use_future).get(); }).code() == errc::bad_input);
  Stage digits;
  const Error error = error_of([&] { digits.model->generate({1}); });
  CHECK(error.code() == errc::invalid_options);
  CHECK_THAT(error.message(), contains("can't generate: it has no input 'input_ids'"));
  CHECK(stage.pool.metrics().submitted == 0);
}

TEST_CASE("a tab that goes away after a token ends the generation, before that another one takes it over") {
  for (const bool told : {false, true}) {
    DecoderStage stage(retrying());
    Blocking blocking(*stage.model, {1}, {.max_tokens = 2});
    const std::uint64_t id = stage.request().integer("id");
    if (told) {
      stage.tell(id, 0, "5");
      REQUIRE(within(patience, [&] { return blocking.count == 1; }));
    }
    RawTab other(stage.pool.join_url());
    stage.worker->socket.drop();
    stage.tab.socket.drop();
    if (told) {
      const Error error = error_of([&] { blocking.answer.get(); });
      CHECK(error.code() == errc::connection_lost);
      CHECK(blocking.heard == Tokens{5});
      CHECK(stage.pool.metrics().retries == 0);
      continue;
    }
    stage.worker.emplace(other.loaded_worker());
    const std::uint64_t again = stage.request().integer("id");
    stage.tell(again, 0, "5");
    stage.tell(again, 1, "6");
    stage.end(again, {5, 6}, "length");
    CHECK(blocking.answer.get().tokens == Tokens{5, 6});
    CHECK(stage.pool.metrics().retries == 1);
  }
}

TEST_CASE("a cancelled generation tells nothing more, and what comes for it later harms nobody") {
  DecoderStage stage;
  asio::cancellation_signal signal;
  std::promise<Error> ended;
  std::atomic<int> heard = 0;
  stage.model->async_generate(
      {1}, {.max_tokens = 9}, [&](std::int64_t) { ++heard; },
      asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& failed, const Generation&) {
        ended.set_value(error_in(failed));
      }));
  const std::uint64_t id = stage.request().integer("id");
  stage.tell(id, 0, "5");
  REQUIRE(within(patience, [&] { return heard == 1; }));
  signal.emit(asio::cancellation_type::all);
  CHECK(ended.get_future().get().code() == errc::cancelled);
  CHECK(next(stage.worker->socket, "cancel").integer("id") == id);
  stage.tell(id, 1, "6");
  stage.end(id, {5, 6}, "stop");  // it was too late for the tab

  auto next_one = stage.model->async_generate({2}, {.max_tokens = 1}, {}, asio::use_future);
  const std::uint64_t second = stage.request().integer("id");
  stage.tell(second, 0, "3");
  stage.end(second, {3}, "length");
  CHECK(next_one.get().tokens == Tokens{3});
  CHECK(heard == 1);
  CHECK(stage.pool.connections().at(0).failed == 0);
}

TEST_CASE("a handler that throws ends the generation") {
  DecoderStage stage;
  auto answer = std::async(std::launch::async, [&] {
    return stage.model->generate({1}, {.max_tokens = 9}, [](std::int64_t) { throw std::runtime_error("enough"); });
  });
  const std::uint64_t id = stage.request().integer("id");
  stage.tell(id, 0, "5");
  CHECK_THROWS_AS(answer.get(), std::runtime_error);
  CHECK(next(stage.worker->socket, "cancel").integer("id") == id);
}

TEST_CASE("a page that tells tokens which can't be is closed, and its generation ends with an error") {
  DecoderStage stage;
  auto answer = stage.model->async_generate({1}, {.max_tokens = 9}, {}, asio::use_future);
  stage.tell(stage.request().integer("id"), 1, "5");
  const auto closed = stage.worker->socket.receive_close();
  REQUIRE(closed);
  CHECK_THAT(closed->close_reason(), contains("tokens from 1 on came after 0"));
  CHECK(error_of([&] { answer.get(); }).code() == errc::connection_lost);
}

TEST_CASE("a result with other tokens than were told is an error, never text") {
  DecoderStage stage;
  auto answer = stage.model->async_generate({1}, {.max_tokens = 2}, {}, asio::use_future);
  const std::uint64_t id = stage.request().integer("id");
  stage.tell(id, 0, "5,6");
  stage.end(id, {5, 7}, "length");
  const Error error = error_of([&] { answer.get(); });
  CHECK(error.code() == errc::run_failed);
  CHECK_THAT(error.message(), contains("tokens other than those it had announced"));
}

namespace {

/// The JSON of a cache of the decoder on paper: two halves of [2 heads, 4] for each token.
std::string cache(std::size_t tokens, std::uint64_t id) {
  return R"({"name":"cache","datatype":"UINT8","shape":[)" + std::to_string(tokens) + R"(,32],"tensor":)" +
         std::to_string(id) + "}";
}

/// Two tokens behind a prompt of three, and their cache.
KeptText kept(DecoderStage& stage) {
  auto answer = stage.model->async_generate({3, 1, 4}, {.max_tokens = 2, .keep = true}, {}, asio::use_future);
  const Received request = stage.request();
  CHECK_THAT(request.header, contains(R"("keep":1)") && !contains("resume"));
  stage.tell(request.integer("id"), 0, "7,8");
  stage.end(request.integer("id"), {7, 8}, "length", cache(4, 1));
  return answer.get().text;
}

}  // namespace

TEST_CASE("a text that stays is gone on with where it is, once, and goes with its last handle") {
  DecoderStage stage;
  KeptText text = kept(stage);
  CHECK(text.tokens() == 5);
  CHECK(text.bytes() == 4 * 32);
  CHECK(stage.pool.metrics().device_bytes == 4 * 32);
  CHECK(stage.pool.metrics().memory_bytes > 4 * 32);

  auto answer = stage.model->async_generate({}, {.max_tokens = 3, .stop_tokens = {9}, .text = text, .keep = true}, {},
                                            asio::use_future);
  const Received request = stage.request();
  CHECK_THAT(request.header, contains(R"("inputs":[{"name":"prompt","datatype":"INT64","shape":[0])"));
  CHECK_THAT(request.header, contains(R"("resume":{"tensor":1,"length":4},"keep":2)"));
  CHECK(text.lost());
  CHECK(stage.pool.metrics().device_tensors == 0);
  stage.tell(request.integer("id"), 0, "6");
  stage.end(request.integer("id"), {6}, "stop", cache(6, 2));
  Generation second = answer.get();
  CHECK(second.text.tokens() == 6);
  CHECK_FALSE(second.text.unread());
  CHECK(stage.pool.metrics().device_tensors == 1);

  const Error stale = error_of([&] { stage.model->generate({1}, {.text = text}); });
  CHECK(stale.code() == errc::tensor_lost);
  CHECK_THAT(stale.message(), contains("the text of 5 tokens is lost: another generation has gone on with it"));
  CHECK(error_of([&] { stage.model->generate({}, {.text = second.text}); }).code() == errc::bad_input);
  CHECK_THAT(error_of([&] {
               stage.model->generate({1, 2}, {.max_tokens = 93, .text = second.text});
             }).message(),
             contains("a text of 6 tokens, a prompt of 2 tokens and max_tokens 93 exceed its context of 100"));
  second.text = {};
  CHECK(next(stage.worker->socket, "release").value("tensors").substr(0, 3) == "[2]");
}

TEST_CASE("of two generations that go on with a text at once, the tab refuses one") {
  DecoderStage stage;
  const KeptText text = kept(stage);
  std::vector<std::future<Generation>> answers;
  std::promise<void> asked;
  // On the pool's thread, which can't begin the first before the second is there: it would refuse that by itself.
  stage.model->async_run({}, [&](const std::exception_ptr&, const Outputs&) {
    for (int i = 0; i < 2; ++i)
      answers.push_back(stage.model->async_generate({}, {.max_tokens = 1, .text = text}, {}, asio::use_future));
    asked.set_value();
  });
  asked.get_future().wait();
  const std::uint64_t first = stage.request().integer("id");
  stage.tell(first, 0, "6");
  stage.end(first, {6}, "length");
  CHECK(answers[0].get().tokens == Tokens{6});
  const Received second = stage.request();
  CHECK_THAT(second.header, contains(R"("resume":{"tensor":1,"length":4})"));
  stage.worker->socket.send(frame(R"({"type":"error","id":)" + std::to_string(second.integer("id")) +
                                  R"(,"code":"tensor_lost","message":"this worker has no text 1"})"));
  CHECK(error_of([&] { answers[1].get(); }).code() == errc::tensor_lost);
}

TEST_CASE("a text goes with its tab, and another model can't go on with it") {
  DecoderStage stage;
  const KeptText text = kept(stage);
  const TemporaryFolder folder;
  auto loading = std::async(
      std::launch::async, [&] { return stage.pool.load(folder.add("other.onnx", decoder_file()), {.context = 100}); });
  RawWorker other = stage.tab.loaded_worker();
  CHECK_THAT(error_of([model = loading.get(), &text] { model.generate({1}, {.text = text}); }).message(),
             contains("model 'other' can't go on with another model's text"));
  DecoderStage stranger;
  CHECK(error_of([&] { stranger.model->generate({1}, {.text = text}); }).code() == errc::bad_input);
  CHECK_FALSE(text.lost());
  stage.tab.socket.drop();
  CHECK(within(patience, [&] { return text.lost(); }));
  CHECK(error_of([&] { stage.model->generate({1}, {.text = text}); }).code() == errc::tensor_lost);
}

TEST_CASE("a cache of another length than the text is an error, and let go") {
  DecoderStage stage;
  auto answer = stage.model->async_generate({3, 1, 4}, {.max_tokens = 2, .keep = true}, {}, asio::use_future);
  const std::uint64_t id = stage.request().integer("id");
  stage.tell(id, 0, "7,8");
  stage.end(id, {7, 8}, "length", cache(5, 1));
  CHECK_THAT(error_of([&] { answer.get(); }).message(),
             contains("the page did not keep the cache UINT8 [4, 32] that it was to keep"));
  CHECK(next(stage.worker->socket, "release").value("tensors").substr(0, 3) == "[1]");
}

TEST_CASE("a run's answer takes no tokens") {
  Stage stage;
  auto answer = stage.model->async_run(picture(1), asio::use_future);
  const std::uint64_t id = stage.run().integer("id");
  stage.worker->socket.send(frame(R"({"type":"tokens","id":)" + std::to_string(id) + R"(,"index":0,"tokens":[1]})"));
  CHECK_THAT(stage.worker->socket.receive_close()->close_reason(), contains("'tokens' is out of turn"));
}
