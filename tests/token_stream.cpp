#include <webpool/token_stream.hpp>

#include <asio/use_future.hpp>

#include "support/decoder.hpp"

#if defined(ASIO_HAS_CO_AWAIT)
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#endif

using namespace webpool;
using namespace webpool::testing;

namespace {

using Tokens = std::vector<std::int64_t>;

/// Takes all of a stream's tokens.
Tokens taken(TokenStream& stream) {
  Tokens tokens;
  while (const auto token = stream.async_next(asio::use_future).get()) tokens.push_back(*token);
  return tokens;
}

}  // namespace

TEST_CASE("a stream gives each token as it comes, then nothing more, and the whole") {
  DecoderStage stage;
  TokenStream stream(*stage.model, {1}, {.max_tokens = 3});
  const std::uint64_t id = stage.request().integer("id");
  auto first = stream.async_next(asio::use_future);
  stage.tell(id, 0, "4");
  CHECK(first.get() == 4);
  CHECK_FALSE(stream.result());
  stage.tell(id, 1, "5,6");
  stage.end(id, {4, 5, 6}, "length");
  CHECK(taken(stream) == Tokens{5, 6});
  CHECK(stream.result()->tokens == Tokens{4, 5, 6});
  CHECK(stream.result()->finish == Finish::length);
  CHECK_FALSE(stream.async_next(asio::use_future).get());
}

TEST_CASE("a stream throws what its generation ended with, behind the tokens that came") {
  DecoderStage stage;
  TokenStream stream(*stage.model, {1}, {.max_tokens = 3});
  stage.tell(stage.request().integer("id"), 0, "4");
  CHECK(stream.async_next(asio::use_future).get() == 4);
  stage.worker->socket.drop();
  stage.tab.socket.drop();
  CHECK(error_of([&] { taken(stream); }).code() == errc::connection_lost);
  CHECK_FALSE(stream.result());
  TokenStream refused(*stage.model, {});
  CHECK(error_of([&] { taken(refused); }).code() == errc::bad_input);
}

TEST_CASE("a stream that is destroyed cancels its generation") {
  DecoderStage stage;
  std::uint64_t id = 0;
  {
    TokenStream stream(*stage.model, {1}, {.max_tokens = 3});
    id = stage.request().integer("id");
  }
  CHECK(next(stage.worker->socket, "cancel").integer("id") == id);
}

#if defined(ASIO_HAS_CO_AWAIT)
TEST_CASE("a coroutine waits for tokens that come later") {
  DecoderStage stage;
  TokenStream stream(*stage.model, {1}, {.max_tokens = 2});
  const std::uint64_t id = stage.request().integer("id");
  Tokens tokens;
  asio::io_context context;
  const auto take = [&]() -> asio::awaitable<void> {
    while (const auto token = co_await stream.next()) tokens.push_back(*token);
  };
  asio::co_spawn(context, take(), asio::detached);
  auto all = std::async(std::launch::async, [&] { context.run(); });
  std::this_thread::sleep_for(20ms);
  stage.tell(id, 0, "4");
  std::this_thread::sleep_for(20ms);
  stage.tell(id, 1, "9");
  stage.end(id, {4, 9}, "length");
  all.get();
  CHECK(tokens == Tokens{4, 9});
}

TEST_CASE("a coroutine hears what the generation ended with") {
  DecoderStage stage;
  TokenStream refused(*stage.model, {});
  asio::io_context context;
  std::optional<Error> error;
  const auto take = [&]() -> asio::awaitable<void> { co_await refused.next(); };
  asio::co_spawn(context, take(), [&](const std::exception_ptr& failed) { error = error_in(failed); });
  context.run();
  CHECK(error.value().code() == errc::bad_input);
}

TEST_CASE("waiting can be given up without losing a token") {
  DecoderStage stage;
  TokenStream stream(*stage.model, {1}, {.max_tokens = 3});
  const std::uint64_t id = stage.request().integer("id");
  asio::io_context context;
  bool late = false;
  const auto impatient = [&]() -> asio::awaitable<void> {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(context, 10ms);
    late = (co_await (stream.next() || timer.async_wait(asio::use_awaitable))).index() == 1;
  };
  asio::co_spawn(context, impatient(), asio::detached);
  context.run();
  CHECK(late);
  stage.tell(id, 0, "4");
  CHECK(stream.async_next(asio::use_future).get() == 4);
}
#endif
