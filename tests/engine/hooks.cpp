// What the engine offers to policies beyond their concepts: outcomes, admission; and what it does about broken ones.
#include <webpool/policies/scheduling/deadline.hpp>
#include <webpool/policies/scheduling/limited.hpp>
#include <webpool/policies/scheduling/memory_aware.hpp>

#include "../catch.hpp"
#include "rig.hpp"

using namespace rig;

namespace {

struct Heard {
  RequestId request;
  Browser browser;
  Backend backend;
  std::chrono::nanoseconds service;
  bool ok;
};
std::vector<Heard> heard;

struct Listening : selector::FirstFit {
  void observe(const Outcome& outcome) noexcept {
    heard.push_back({outcome.request.id, outcome.browser, outcome.backend, outcome.service, outcome.ok});
  }
};

struct Wild {
  std::optional<ConnectionIndex> select(PoolView pool, const Request& request) noexcept {
    return request.id == RequestId{} ? pool.candidates().front() : ConnectionIndex{17};
  }
};
struct WildForLoads {
  std::optional<ConnectionIndex> select(PoolView, const Request&) noexcept { return ConnectionIndex{17}; }
};

struct Curious : selector::FirstFit {
  std::optional<ConnectionIndex> select(PoolView pool, const Request& request) noexcept {
    waiting = pool.waiting();
    backend = pool.backend(pool.candidates().front());
    return FirstFit::select(pool, request);
  }
  static inline std::size_t waiting = 0;
  static inline std::optional<Backend> backend;
};

struct Choosy : scheduling::Fifo {
  Admission admit(const Request& request, const LaneLoad& load) noexcept {
    seen = load;
    return request.priority < 0                        ? Admission::queue_full
           : request.deadline < request.submitted + 1s ? Admission::too_late
                                                       : Admission::accept;
  }
  static inline LaneLoad seen;
};

/// One attached tab that holds one model.
template <class R>
ModelIndex hold(R& rig, ModelSpec spec = model("digits")) {
  const ModelIndex index = rig.engine.add_model(std::move(spec), {rig.now, rig.out});
  rig.join();
  rig.load_all();
  rig.out.clear();
  return index;
}

}  // namespace

TEST_CASE("a policy that listens hears how long a tab was busy with each run") {
  heard.clear();
  Rig<Listening> rig(attached());
  const ModelIndex digits = hold(rig);
  rig.submit(digits), rig.submit(digits);
  const auto runs = rig.template take<Run>();
  REQUIRE(runs.size() == 2);
  rig.now += 10ms;
  rig.finish(runs[0]);
  rig.now += 15ms;
  const Error failure(errc::run_failed, "no");
  rig.engine.finished({runs[1].worker, runs[1].request, &failure}, {rig.now, rig.out});
  REQUIRE(heard.size() == 2);
  CHECK(heard[0].request == runs[0].request);
  CHECK(heard[0].backend == Backend::webgpu);
  CHECK(heard[0].service == 10ms);
  CHECK(heard[0].ok);
  CHECK(heard[1].service == 15ms);  // not 25: it stood behind the first
  CHECK_FALSE(heard[1].ok);
}

TEST_CASE("policies of all four kinds hear each run") {
  struct Count {
    int runs = 0;
  };
  static Count selector, scaling, memory, queue;
  selector = scaling = memory = queue = {};
  struct Selects : selector::FirstFit {
    void observe(const Outcome&) noexcept { ++selector.runs; }
  };
  struct Scales : scaling::Fixed {
    void observe(const Outcome&) noexcept { ++scaling.runs; }
  };
  struct Evicts : memory::LruBudget {
    void observe(const Outcome&) noexcept { ++memory.runs; }
  };
  struct Schedules : scheduling::Fifo {
    void observe(const Outcome&) noexcept { ++queue.runs; }
  };
  Rig<Selects, Scales, Evicts, Schedules> rig(attached());
  const ModelIndex digits = hold(rig);
  for (int i = 0; i < 100; ++i) {
    rig.submit(digits);
    rig.finish(rig.take<Run>().at(0));
  }
  CHECK(selector.runs == 100);
  CHECK(scaling.runs == 100);
  CHECK(memory.runs == 100);
  CHECK(queue.runs == 100);
}

TEST_CASE("nothing is heard of requests that were cancelled, and a clock that goes back gives no negative time") {
  heard.clear();
  Rig<Listening> rig(attached());
  const ModelIndex digits = hold(rig);
  const RequestId gone = rig.submit(digits);
  rig.submit(digits);
  const auto runs = rig.template take<Run>();
  rig.engine.cancel(gone, {rig.now, rig.out});
  rig.finish(runs[0]);
  CHECK(heard.empty());
  rig.now -= 10s;
  rig.finish(runs[1]);
  REQUIRE(heard.size() == 1);
  CHECK(heard[0].service == 0ms);
}

TEST_CASE("a selector sees how many wait and what runs the model where") {
  Rig<Curious> rig(attached());
  const ModelIndex digits = hold(rig);
  for (int i = 0; i < 5; ++i) rig.submit(digits);
  CHECK(Curious::waiting == 1);
  CHECK(Curious::backend == Backend::webgpu);
  rig.finish(rig.template take<Run>().at(0));
  CHECK(Curious::waiting == 3);
}

TEST_CASE("a scheduler that refuses a request ends it at once, with the facts") {
  Rig<selector::FirstFit, scaling::Fixed, memory::LruBudget, Choosy> rig(attached());
  const ModelIndex digits = hold(rig);
  rig.submit(digits), rig.submit(digits), rig.submit(digits);
  rig.out.clear();
  rig.engine.submit({.model = digits, .priority = -1}, {rig.now, rig.out});
  rig.engine.submit({.model = digits, .deadline = rig.now + 20ms}, {rig.now, rig.out});
  const auto ends = rig.template take<Complete>();
  REQUIRE(ends.size() == 2);
  CHECK(code(ends[0].error) == errc::queue_full);
  CHECK(says(ends[0].error,
             "no room for priority -1 in the queue of model 'digits': 1 requests wait and 2 run in 1 tabs"));
  CHECK(code(ends[1].error) == errc::deadline_unreachable);
  CHECK(says(ends[1].error, "a deadline in 0.02 s can't be met"));
  CHECK(Choosy::seen.waiting == 1);
  CHECK(Choosy::seen.in_flight == 2);
  CHECK(Choosy::seen.places == 1);
  CHECK(rig.engine.metrics().queued == 1);
}

TEST_CASE("bytes under way hold the next request back, and come free whatever ends a request") {
  using Queue = scheduling::Limited<scheduling::MemoryAware<>>;
  Rig<selector::FirstFit, scaling::Fixed, memory::LruBudget, Queue> rig(attached());
  const ModelIndex digits = hold(rig);
  const auto submit = [&] {
    return rig.engine.submit({.model = digits, .payload_bytes = 200u << 20}, {rig.now, rig.out});
  };
  for (int round = 0; round < 50; ++round) {
    const RequestId first = submit(), cancelled = submit(), last = submit();
    auto runs = rig.template take<Run>();
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].request == first);
    rig.engine.cancel(cancelled, {rig.now, rig.out});
    CHECK(rig.template take<Run>().empty());
    rig.finish(runs[0]);
    runs = rig.template take<Run>();
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].request == last);
    if (round % 2 == 0) rig.engine.cancel(last, {rig.now, rig.out});
    rig.finish(runs[0]);
  }
  CHECK(rig.engine.metrics().queued == 0);
}

TEST_CASE("Deadline refuses what measured times say it would finish too late") {
  using Queue = scheduling::Limited<scheduling::Deadline>;
  Rig<selector::FirstFit, scaling::Fixed, memory::LruBudget, Queue> rig(attached());
  const ModelIndex digits = hold(rig);
  rig.submit(digits, 1ms);  // nothing is known yet
  const auto runs = rig.template take<Run>();
  REQUIRE(runs.size() == 1);
  rig.engine.cancel(runs[0].request, {rig.now, rig.out});
  rig.finish(runs[0]);
  rig.submit(digits);
  rig.now += 100ms;
  rig.finish(rig.template take<Run>().at(0));
  rig.out.clear();
  rig.submit(digits, 50ms);
  const auto ends = rig.template take<Complete>();
  REQUIRE(ends.size() == 1);
  CHECK(code(ends[0].error) == errc::deadline_unreachable);
  rig.submit(digits, 150ms);
  CHECK(rig.template take<Run>().size() == 1);
}

TEST_CASE("a tab under memory pressure gets no further model while another one has room") {
  PoolOptions options = attached();
  options.memory.bytes_per_connection = 1000;
  options.memory.pressure_threshold = 0.5;
  Rig<> rig(options);
  rig.join();
  for (int i = 0; i < 2; ++i) rig.engine.add_model(model("m" + std::to_string(i), {}, 1, 250), {rig.now, rig.out});
  const auto first = rig.load_all();
  rig.join();
  rig.engine.add_model(model("third", {}, 1, 250), {rig.now, rig.out});
  const auto third = rig.load_all();
  REQUIRE(first.size() == 2);
  REQUIRE(third.size() == 1);
  CHECK(third[0].connection != first[0].connection);
  CHECK(rig.engine.metrics().evictions == 0);
  rig.engine.add_model(model("fourth", {}, 1, 250), {rig.now, rig.out});
  rig.load_all();
  rig.engine.add_model(model("fifth", {}, 1, 250), {rig.now, rig.out});
  CHECK(rig.engine.metrics().evictions == 1);
}

TEST_CASE("a model that gave way to another one comes back when it is asked for, not before") {
  PoolOptions options = attached();
  options.memory.models_per_connection = 1;
  Rig<> rig(options);
  const ModelIndex first = hold(rig, model("first"));
  rig.engine.add_model(model("second"), {rig.now, rig.out});
  rig.load_all();
  REQUIRE(rig.engine.metrics().evictions == 1);
  rig.out.clear();
  rig.join();
  rig.tick(1s);
  CHECK(rig.take<OpenWorker>().empty());
  rig.submit(first);
  const auto opened = rig.load_all();
  REQUIRE(opened.size() == 1);
  CHECK(opened[0].model == first);
  CHECK(rig.take<Run>().size() == 1);
}

TEST_CASE("a selector that names no candidate fails the request with the facts, and the pool goes on") {
  Rig<Wild> rig(attached());
  const ModelIndex digits = hold(rig);
  rig.submit(digits), rig.submit(digits);
  const auto ends = rig.template take<Complete>();
  REQUIRE(ends.size() == 2);
  CHECK(code(ends[0].error) == errc::policy_failed);
  CHECK(says(ends[0].error, "the selector chose connection 17, which is none of the 1 candidates"));
  CHECK(rig.engine.metrics().connections == 1);
  CHECK(rig.engine.metrics().queued == 0);
}

TEST_CASE("a selector that names no candidate for a load fails the load with the facts") {
  Rig<WildForLoads> rig(attached());
  rig.join();
  rig.engine.add_model(model("digits"), {rig.now, rig.out});
  const auto news = rig.template take<ModelReady>();
  REQUIRE(news.size() == 1);
  CHECK(says(news[0].error, "the selector chose connection 17"));
}

TEST_CASE("a pinned model is not put out of a tab") {
  PoolOptions options = attached();
  options.memory.models_per_connection = 1;
  options.max_connections = 1;
  Rig<> rig(options);
  ModelSpec pinned = model("pinned");
  pinned.pinned = true;
  hold(rig, pinned);
  rig.engine.add_model(model("other"), {rig.now, rig.out});
  CHECK(rig.take<CloseWorker>().empty());
  CHECK(rig.engine.metrics().evictions == 0);
}
