// What stands behind `Pool`, as a program sees it.

#include <webpool/resource_pool.hpp>

#include <asio/use_future.hpp>
#include <future>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("each of the calls that load and wait is refused on the pool's thread") {
  ResourcePool pool(quiet());
  std::promise<std::vector<Error>> told;
  pool.on_join([&](const BrowserInfo&) {
    std::vector<Error> errors;
    errors.push_back(error_of([&] { pool.load(digits()); }));
    errors.push_back(error_of([&] { pool.kernel({}); }));
    errors.push_back(error_of([&] { pool.load_together({digits()}); }));
    errors.push_back(error_of([&] { pool.load_parts({{digits()}}); }));
    told.set_value(std::move(errors));
  });
  const RawTab tab(pool.join_url());
  for (const Error& error : told.get_future().get()) {
    CHECK(error.code() == errc::would_deadlock);
    CHECK_THAT(error.message(), contains("use async_load in handlers"));
  }
  CHECK(pool.metrics().models == 0);
}

TEST_CASE("a load that failed takes no other model along") {
  Stage stage;
  auto loading = stage.pool.async_load(digits(), {.name = "second"}, asio::use_future);
  RawWorker second = stage.tab.worker();
  next(second.socket, "load");
  second.fail(second.id, "no_backend", "out of luck");
  CHECK(error_of([&] { loading.get(); }).code() == errc::no_backend);
  CHECK_FALSE(stage.pool.has_model("second"));
  auto outputs = stage.model->async_run(picture(2), asio::use_future);
  stage.worker->answer(stage.run());
  CHECK(outputs.get()["probabilities"].as<float>()[0] == 2.0F);
  CHECK(stage.pool.metrics().models == 1);
}

TEST_CASE("options are checked as the pool's initializer leaves them") {
  PoolOptions options = quiet();
  options.model_initializer = [](std::string_view name, const ModelInfo&, ModelOptions& how) {
    if (name == "bad") how.batching.maximum = 0;
    if (name == "good") how.batching.maximum = 1;
  };
  ResourcePool pool(std::move(options));
  const ServingTab tab(pool.join_url());
  const Error error = error_of([&] { pool.load(digits(), {.name = "bad"}); });
  CHECK(error.code() == errc::invalid_options);
  CHECK_THAT(error.message(), contains("model 'bad'") && contains("0 rows"));
  CHECK(pool.load(digits(), {.name = "good", .batching = {.maximum = 0}}).name() == "good");
}

TEST_CASE("a message that can't be sent is named, as far as a sentence can hold its name") {
  ResourcePool pool(quiet());
  const std::string name(2000, 'n');
  const Error error = error_of([&] { pool.broadcast_message(name, "1"); });
  CHECK(error.code() == errc::invalid_message);
  CHECK(error.message().starts_with("message '" + std::string(40, 'n') + "' can't be sent: "));
}
