#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/concepts/browser_selector.hpp>
#include <webpool/concepts/observer.hpp>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/engine/decisions.hpp>
#include <webpool/engine/lane.hpp>
#include <webpool/engine/slot_map.hpp>

namespace decision {

using namespace webpool;

/// The n-th request: five priorities, a hundred clients, deadlines for every fourth.
inline Request request(std::uint64_t n) {
  Request each;
  each.priority = static_cast<int>(n * 7 % 5);
  each.client = static_cast<std::uint32_t>(n * 13 % 100);
  each.submitted = TimePoint(std::chrono::microseconds(n));
  if (n % 4 == 0) each.deadline = each.submitted + std::chrono::seconds(10);
  return each;
}

/// One model in many tabs, with two requests at once in each and many that wait: what the engine does between an answer
/// and the next request's way into a tab, and nothing else. `Queue`: a scheduler, or one behind `engine::Decisions`.
template <BrowserSelector Selector, class Queue>
class LaneWorld {
 public:
  LaneWorld(std::size_t tabs, std::size_t queued) : states_(tabs), lane_(2) {
    for (std::size_t i = 0; i < tabs; ++i) {
      states_[i].browser.browser = i % 2 == 0 ? Browser::chromium : Browser::firefox;
      lane_.set_backend(ConnectionIndex{static_cast<std::uint32_t>(i)}, Backend::webgpu);
      lane_.insert(ConnectionIndex{static_cast<std::uint32_t>(i)}, WorkerId{i});
    }
    const std::size_t sent = 2 * tabs - tabs / 2;
    for (std::size_t i = 0; i < queued + sent; ++i) push();
    for (std::size_t i = 0; i < sent; ++i) send();
  }

  /// A tab answers, a request comes, and the next one is sent.
  void step() {
    answer();
    push();
    send();
  }

  /// The same for several at once: first what is no decision, then what is.
  void prepare(int requests) {
    for (int i = 0; i < requests; ++i) {
      answer();
      push();
    }
  }
  void decide(int requests) {
    for (int i = 0; i < requests; ++i) send();
  }

 private:
  struct Sent {
    ConnectionIndex tab;
    RequestId request;
  };

  void push() {
    const RequestId id = requests_.insert(request(pushed_++));
    Request& fresh = requests_[id];
    fresh.id = id;
    queue_.push(fresh);
  }

  void answer() {
    if (first_ == running_.size()) return;
    const Sent done = running_[first_++];
    if (first_ > 4096 && 2 * first_ > running_.size()) {
      running_.erase(running_.begin(), running_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    lane_.answered(done.tab);
    --states_[done.tab.value].in_flight;
    const Request& ended = requests_[done.request];
    if constexpr (Observer<Selector> || Observer<Queue>) {
      const Outcome outcome{.request = ended,
                            .connection = done.tab,
                            .joined = states_[done.tab.value].joined,
                            .browser = states_[done.tab.value].browser.browser,
                            .backend = Backend::webgpu,
                            .sent = ended.submitted,
                            .ended = ended.submitted,
                            .service = std::chrono::milliseconds(10)};
      if constexpr (Observer<Selector>) selector_.observe(outcome);
      if constexpr (Observer<Queue>) queue_.observe(outcome);
    }
    if constexpr (EndListener<Queue>) queue_.ended(ended);
    requests_.erase(done.request);
  }

  void send() {
    if (!lane_.has_room()) return;
    const auto [next, waiting] = line();
    if (next == RequestId{}) return;
    const Request& chosen = requests_[next];
    const auto tab =
        selector_.select(PoolView(states_, lane_.candidates(), lane_.idle(), lane_.serving(), waiting), chosen);
    if (!tab || !lane_.has_room(*tab)) return;
    queue_.erase(chosen);
    lane_.sent(*tab);
    ++states_[tab->value].in_flight;
    running_.push_back({*tab, chosen.id});
  }

  engine::Decisions::Line line() {
    if constexpr (requires { queue_.line(ModelIndex{}); })
      return queue_.line(ModelIndex{});
    else
      return {queue_.front(ModelIndex{}).value_or(RequestId{}), queue_.waiting(ModelIndex{})};
  }

  std::vector<ConnectionState> states_;
  engine::Lane lane_;
  Selector selector_{};
  Queue queue_{};
  engine::SlotMap<RequestId, Request> requests_;
  std::uint64_t pushed_ = 0;
  std::vector<Sent> running_;
  std::size_t first_ = 0;
};

}  // namespace decision
