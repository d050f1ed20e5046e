// Models that are read for callers who do not wait, as a program sees it.

#include <webpool/driver/reader.hpp>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/use_future.hpp>
#include <condition_variable>
#include <set>
#include <thread>

#include "../support/byte_sources.hpp"
#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;

namespace {

std::string digits_bytes() {
  std::string bytes;
  std::ifstream file(digits(), std::ios::binary);
  bytes.assign(std::istreambuf_iterator<char>(file), {});
  return bytes;
}

/// The digits model from a source that is stuck until it is let go, but gives a byte at a time then.
class Stuck {
 public:
  ~Stuck() { let_go(); }

  ModelBytes model(std::string name = "digits") {
    return {source::generator(bytes_.size(),
                              [this](std::uint64_t offset, std::span<std::byte> into) {
                                std::unique_lock lock(mutex_);
                                threads_.insert(std::this_thread::get_id());
                                ++reads_;
                                changed_.notify_all();
                                changed_.wait(lock, [this] { return gone_; });
                                into[0] = static_cast<std::byte>(bytes_[static_cast<std::size_t>(offset)]);
                                return std::size_t{1};
                              }),
            std::move(name)};
  }
  void let_go() {
    const std::lock_guard lock(mutex_);
    gone_ = true;
    changed_.notify_all();
  }
  /// Waits until so many reads have begun; whether they have.
  bool reads(std::size_t number) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return reads_ >= number; });
  }
  std::size_t threads() {
    const std::lock_guard lock(mutex_);
    return threads_.size();
  }

 private:
  const std::string bytes_ = digits_bytes();
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::thread::id> threads_;
  std::size_t reads_ = 0;
  bool gone_ = false;
};

/// The end of a load that can be cancelled.
struct Load {
  Load(Pool& pool, ModelSource source, ModelOptions how = {}) {
    pool.async_load(std::move(source), std::move(how),
                    asio::bind_cancellation_slot(
                        signal.slot(), [this](const std::exception_ptr& failed, std::optional<Model> model) {
                          ++ends;
                          failed ? end.set_exception(failed) : end.set_value(std::move(model).value());
                        }));
  }
  void cancel(asio::cancellation_type type = asio::cancellation_type::total) { signal.emit(type); }
  Model get() { return end.get_future().get(); }
  Error error() {
    return error_of([this] { get(); });
  }

  asio::cancellation_signal signal;
  std::promise<Model> end;
  std::atomic<int> ends = 0;
};

}  // namespace

TEST_CASE("a load returns before its model has been read, and the pool does other things meanwhile") {
  Stuck source;
  ResourcePool pool(quiet());
  const ServingTab tab(pool.join_url());
  Load load(pool, source.model());
  REQUIRE(source.reads(1));
  CHECK(pool.has_model("digits"));
  CHECK_FALSE(pool.has_model("other"));
  CHECK(pool.metrics().models == 0);
  CHECK(pool.load(digits(), {.name = "other"})(picture(2))["probabilities"].as<float>()[0] == 2.0F);
  CHECK(load.ends == 0);
  source.let_go();
  const Model model = load.get();
  CHECK(pool.has_model("digits"));
  CHECK(model(picture(3))["probabilities"].as<float>()[0] == 3.0F);
}

TEST_CASE("a load that is cancelled while its model is read ends at once, reads no further, and leaves nothing") {
  Stuck source;
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  Load load(pool, source.model());
  REQUIRE(source.reads(1));
  load.cancel();
  const Error error = load.error();  // and the source is still stuck
  CHECK(error.code() == errc::cancelled);
  CHECK(error.message() == "the load of model 'digits' was cancelled");
  CHECK_FALSE(pool.has_model("digits"));
  source.let_go();
  CHECK(pool.metrics().models == 0);
  CHECK_FALSE(tab.socket.has_news(50ms));
  tab.socket.drop();
  pool.close();
  CHECK(load.ends == 1);
}

TEST_CASE("a load that waits for a tab can be cancelled") {
  ResourcePool pool(quiet());
  Load load(pool, digits());
  REQUIRE(within(patience, [&] { return pool.metrics().models == 1; }));
  load.cancel(asio::cancellation_type::terminal);
  CHECK(load.error().code() == errc::cancelled);
  CHECK_FALSE(pool.has_model("digits"));
  CHECK(pool.metrics().models == 0);
}

TEST_CASE("a load can be cancelled while a tab fetches the model or makes a session, and the tab lets go of it") {
  ResourcePool pool(quiet());
  RawTab tab(pool.join_url());
  Load load(pool, digits());
  const Received open = next(tab.socket, "open_worker");
  SECTION("before its worker has come") {}
  std::optional<RawWorker> worker;
  SECTION("before the worker has answered") {
    worker.emplace(tab.port, open.integer("worker"), open.text("key"));
    next(worker->socket, "load");
  }
  SECTION("while it makes a session") {
    worker.emplace(tab.port, open.integer("worker"), open.text("key"));
    next(worker->socket, "load");
    worker->socket.send(
        frame(R"({"type":"progress","id":)" + std::to_string(worker->id) + R"(,"stage":"create","done":0,"total":1})"));
    CHECK(pool.metrics().models == 1);
  }
  load.cancel();
  CHECK(load.error().code() == errc::cancelled);
  CHECK(next(tab.socket, "close_worker").integer("worker") == open.integer("worker"));
  CHECK_FALSE(pool.has_model("digits"));
  CHECK(pool.metrics().models + pool.metrics().workers == 0);
  if (worker) worker->loaded();  // it was too late for the tab

  Load again(pool, digits());
  const RawWorker holder = tab.loaded_worker();
  CHECK(again.get().name() == "digits");
  CHECK(load.ends == 1);
}

TEST_CASE("cancelling what has ended harms nobody") {
  ResourcePool pool(quiet());
  Load failed(pool, "/nowhere/model.onnx");
  CHECK(failed.error().code() == errc::model_not_found);
  const ServingTab tab(pool.join_url());
  Load load(pool, digits());
  const Model model = load.get();
  failed.cancel();
  load.cancel();
  CHECK(model(picture(3))["probabilities"].as<float>()[0] == 3.0F);
  CHECK(pool.has_model("digits"));
  CHECK(failed.ends + load.ends == 2);
}

TEST_CASE("a pool that closes ends loads whose models are read, and waits for who reads") {
  Stuck source;
  std::optional<ResourcePool<>> pool(std::in_place, quiet());
  Load load(*pool, source.model(), {.name = "called"});
  REQUIRE(source.reads(1));
  auto closing = std::async(std::launch::async, [&] { pool.reset(); });
  const Error error = load.error();
  CHECK(error.code() == errc::pool_closed);
  CHECK(error.message() == "the pool was closed before model 'called' was loaded");
  CHECK(closing.wait_for(50ms) == std::future_status::timeout);
  source.let_go();
  closing.get();
  CHECK(load.ends == 1);
}

TEST_CASE("a pool that closes ends loads for which no thread was free") {
  Stuck source;
  ResourcePool pool(quiet());
  std::list<Load> loads;
  for (int i = 0; i < 9; ++i) loads.emplace_back(pool, source.model());
  REQUIRE(source.reads(driver::Reader::most_threads));
  loads.back().cancel();
  CHECK(loads.back().error().code() == errc::cancelled);
  loads.pop_back();
  auto closing = std::async(std::launch::async, [&] { pool.close(); });
  for (Load& load : loads) CHECK(load.error().code() == errc::pool_closed);
  source.let_go();
  closing.get();
  CHECK(source.threads() == driver::Reader::most_threads);
}

TEST_CASE("many loads are read by few threads, none of them the caller's or the pool's") {
  Stuck source;
  ResourcePool pool(quiet());
  const ServingTab tab(pool.join_url());
  std::list<Load> loads;
  for (int i = 0; i < 10; ++i) loads.emplace_back(pool, source.model("m" + std::to_string(i)));
  REQUIRE(source.reads(driver::Reader::most_threads));
  source.let_go();
  for (Load& load : loads) CHECK(load.get().info().outputs.at(0).name == "probabilities");
  CHECK(source.threads() == driver::Reader::most_threads);
}

TEST_CASE("what a source throws reaches the handler as an error") {
  ResourcePool pool(quiet());
  Load own(pool, ModelBytes(throwing(Error(errc::model_not_found, "no such key"), 100), "m"));
  const Error first = own.error();
  CHECK(first.code() == errc::model_not_found);
  CHECK_THAT(first.message(), contains("model 'm'") && contains("no such key"));
  Load foreign(pool, ModelBytes(throwing(std::runtime_error("the line is dead"), 100), "m"));
  const Error second = foreign.error();
  CHECK(second.code() == errc::load_failed);
  CHECK_THAT(second.message(), contains("the line is dead"));
  CHECK(pool.metrics().models == 0);
}

TEST_CASE("a pool can't be closed by what reads a model for it") {
  Pool* of = nullptr;
  PoolOptions options = quiet();
  options.model_initializer = [&](auto, const auto&, auto&) { of->close(); };
  ResourcePool pool(std::move(options));
  of = &pool;
  const Error error = Load(pool, digits()).error();
  CHECK(error.code() == errc::would_deadlock);
  CHECK_THAT(error.message(), contains("a pool can't be closed by what reads a model for it"));
  CHECK_FALSE(pool.has_model("digits"));
}
