#include <webpool/driver/completion.hpp>
#include <webpool/driver/event_loop.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/bind_executor.hpp>
#include <asio/cancellation_signal.hpp>
#include <memory>
#include <string>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;

namespace {

/// Notes what a handle asks of its pool.
struct Notes final : Runtime {
  void submit(ModelRef, Inputs, RequestOptions, std::shared_ptr<Ticket>, Completion) override {}
  void fetch(const ResidentTensor&, Completion) override {}
  void release(WorkerId, TensorId) override {}
  void generate(ModelRef, Inputs, std::shared_ptr<GenerationRun>, std::shared_ptr<Ticket>, Completion) override {}
  void finish(Expected<Outputs>, Completion) override {}
  bool is_open() const override { return true; }
  void cancel(std::shared_ptr<Ticket> ticket) override { cancelled.push_back(std::move(ticket)); }
  void release(ModelIndex) override {}
  EventLoop& loop() noexcept override { return events; }
  Backlog& backlog() noexcept override { return *queue; }

  std::shared_ptr<Backlog> queue = std::make_shared<Backlog>(BacklogLimits{});
  EventLoop events{*queue};
  std::vector<std::shared_ptr<Ticket>> cancelled;
};

}  // namespace

TEST_CASE("a handler gets a value or an exception, on its executor, which has work until then") {
  asio::io_context context;
  int value = 0;
  std::string message;
  auto good = complete_on_executor<int>(
      asio::bind_executor(context, [&](const std::exception_ptr&, int result) { value = result; }));
  auto bad = complete_on_executor<int>(asio::bind_executor(context, [&](const std::exception_ptr& failure, int result) {
    value = result;
    try {
      std::rethrow_exception(failure);
    } catch (const Error& error) {
      message = error.message();
    }
  }));
  CHECK(context.poll() == 0);
  CHECK_FALSE(context.stopped());
  good(7);
  CHECK(value == 0);
  context.run_one();
  CHECK(value == 7);
  bad(Error(errc::run_failed, "no"));
  context.run();
  CHECK(message == "no");
  CHECK(value == 0);
}

TEST_CASE("a handler without an executor runs at once, where it is completed") {
  int value = 0;
  auto done = complete_on_executor<int>(
      [&, own = std::make_unique<int>(1)](const std::exception_ptr&, int result) { value = result + *own; });
  done(1);
  CHECK(value == 2);
}

TEST_CASE("a handler without a slot needs no ticket") {
  CHECK_FALSE(cancellation_ticket([] {}, std::make_shared<Notes>()));
}

TEST_CASE("a slot cashes the ticket in while there is a pool") {
  auto pool = std::make_shared<Notes>();
  asio::cancellation_signal signal;
  const auto ticket =
      cancellation_ticket(asio::bind_cancellation_slot(signal.slot(), [] {}), std::shared_ptr<Runtime>(pool));
  REQUIRE(ticket);
  signal.emit(asio::cancellation_type::none);
  CHECK(pool->cancelled.empty());
  signal.emit(asio::cancellation_type::partial);
  CHECK(pool->cancelled == std::vector{ticket});
  pool.reset();
  signal.emit(asio::cancellation_type::partial);
}
