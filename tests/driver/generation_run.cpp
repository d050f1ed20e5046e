#include <webpool/driver/generation_run.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;

namespace {

struct Heard {
  std::vector<std::int64_t> tokens;
  GenerationRun run{{.max_tokens = 4}, [this](std::int64_t token) { tokens.push_back(token); }, 10};

  std::string take(std::uint64_t index, std::vector<std::int64_t> news, double elapsed = 1) {
    return run.take({RequestId{1}, index, std::move(news)}, elapsed).value_or("");
  }
};

std::string end(GenerationRun& run, std::vector<std::int64_t> tokens, std::optional<Finish> finish,
                const std::string& name = "tokens", std::vector<protocol::KeptTensor> there = {},
                std::vector<TensorId> kept = {}) {
  const auto length = static_cast<std::int64_t>(tokens.size());
  protocol::Result result;
  result.outputs = {{name, Tensor::from(std::move(tokens), {length})}};
  result.finish = finish;
  result.kept = std::move(there);
  return run.end(result, kept).value_or("");
}

}  // namespace

TEST_CASE("tokens are told one by one, and the first one's time is kept") {
  Heard heard;
  CHECK(heard.take(0, {7}, 2).empty());
  CHECK(heard.take(1, {8, 9}, 3).empty());
  CHECK(heard.tokens == std::vector<std::int64_t>{7, 8, 9});
  CHECK(heard.run.tokens == heard.tokens);
  CHECK(heard.run.first_token == 2);
}

TEST_CASE("tokens that can't be are refused, and nobody hears of them") {
  Heard heard;
  CHECK(heard.take(0, {}) == "the page sent progress without a token");
  CHECK(heard.take(1, {7}) == "tokens from 1 on came after 0");
  CHECK(heard.take(0, {7, 10}) == "the token 10 came; there are 10");
  CHECK(heard.take(0, {1, 2, 3, 4, 5}) == "more than max_tokens (4) came");
  CHECK(heard.tokens.empty());
  CHECK(heard.take(0, {1}).empty());
  CHECK(heard.take(0, {1}) == "tokens from 0 on came after 1");
}

TEST_CASE("a result must repeat what was told, and end for a reason that can be") {
  Heard heard;
  heard.take(0, {7, 8});
  CHECK(end(heard.run, {7, 8}, {}) == "the page answered without saying why it ended");
  CHECK(end(heard.run, {7, 9}, Finish::stop) == "the page answered with tokens other than those it had announced");
  CHECK(end(heard.run, {7}, Finish::stop) == "the page answered with tokens other than those it had announced");
  CHECK(end(heard.run, {7, 8}, Finish::stop, "text") ==
        "the page answered with something other than 'tokens' INT64 [n]");
  CHECK(end(heard.run, {7, 8}, Finish::length) == "the page gave a reason that can't be right after 2 tokens");
  CHECK(end(heard.run, {7, 8}, Finish::stop).empty());
  CHECK(heard.run.finish == Finish::stop);
  heard.take(2, {1, 2});
  CHECK_FALSE(end(heard.run, {7, 8, 1, 2}, Finish::stop).empty());
  CHECK(end(heard.run, {7, 8, 1, 2}, Finish::length).empty());
}

TEST_CASE("a cache stays where it was asked to, under the right number, with as many tokens as it must have") {
  const auto cache = [](std::int64_t length, std::uint64_t id = 7) {
    return std::vector<protocol::KeptTensor>{{"cache", Datatype::uint8, {length, 16}, TensorId{id}}};
  };
  const std::vector<TensorId> asked{{7}};
  const auto complaint = [&](Finish finish, std::vector<protocol::KeptTensor> there, std::vector<TensorId> kept) {
    GenerationRun run{{.max_tokens = finish == Finish::length ? 2u : 4u}, {}, 10, 5, 16};
    run.take({RequestId{1}, 0, {1, 2}}, 1);
    return end(run, {1, 2}, finish, "tokens", std::move(there), std::move(kept));
  };
  CHECK(complaint(Finish::stop, cache(7), asked).empty());
  CHECK(complaint(Finish::length, cache(6), asked).empty());  // nobody has read the last token
  CHECK(complaint(Finish::stop, cache(6), asked) ==
        "the page did not keep the cache UINT8 [7, 16] that it was to keep");
  CHECK_FALSE(complaint(Finish::length, cache(7), asked).empty());
  CHECK_FALSE(complaint(Finish::stop, cache(7, 8), asked).empty());
  CHECK_FALSE(complaint(Finish::stop, {}, asked).empty());
  CHECK(complaint(Finish::stop, cache(7), {}) == "the page kept a cache that it was not asked to keep");
  CHECK_FALSE(complaint(Finish::stop, {{"cache", Datatype::float32, {7, 16}, TensorId{7}}}, asked).empty());
}

TEST_CASE("its completion has the tokens, or the error") {
  auto run = std::make_shared<GenerationRun>(GenerationRun{{}, {}, Shape::any});
  run->take({RequestId{1}, 0, {1'000'000}}, 5);
  std::optional<Expected<Generation>> ended;
  completion_of(run, [&](Expected<Generation> each) { ended = std::move(each); })(Outputs({}, nullptr, {.compute = 3}));
  REQUIRE(ended->has_value());
  CHECK((*ended)->tokens == std::vector<std::int64_t>{1'000'000});
  CHECK((*ended)->times.compute == 3);
  CHECK((*ended)->first_token == 5);
  completion_of(run, [&](Expected<Generation> each) { ended = std::move(each); })(Error(errc::cancelled, "no"));
  CHECK(ended->error().code() == errc::cancelled);
}
