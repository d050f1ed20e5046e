#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <exception>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "../../tests/support/raw_tab.hpp"

namespace faults {

/// What a scripted tab does with a run instead of answering it.
enum class Fault : std::uint8_t {
  none,
  tab_closed,           ///< all its sockets close
  dropped_mid_frame,    ///< half of the reply, then the data socket closes
  half_open,            ///< every socket stays open and nothing comes any more, not even heartbeats
  stalled_reader,       ///< the worker never reads again; the tab answers heartbeats
  slow_reader,          ///< reads 64 KiB, sleeps, and so on, and answers all
  malformed_frame,      ///< a WebSocket message that is no frame of the wire
  oversized_frame,      ///< announces more bytes than the pool takes
  truncated_frame,      ///< a result whose tensor is not all there
  wrong_id,             ///< answers a request that does not exist, and never the one that was asked
  duplicate_reply,      ///< answers twice
  reply_after_timeout,  ///< answers when the pool has given up
  device_lost,          ///< says that the GPU device went away
  error_reply,          ///< says that the run failed
  spinning,             ///< never answers; the tab answers heartbeats
};

/// A tab that serves the model "echo" (row r of the output is the first pixel of picture r, plus 0 to 9) until it is
/// armed: the next run meets the fault. Later workers of the tab are well again, and it joins anew when it is to
/// reload.
class FaultyTab {
 public:
  FaultyTab(const std::string& join_url, std::chrono::milliseconds message_timeout)
      : join_url_(join_url), message_timeout_(message_timeout), tab_(join_url), thread_([this] { serve(); }) {}
  FaultyTab(const FaultyTab&) = delete;
  FaultyTab& operator=(const FaultyTab&) = delete;
  ~FaultyTab() {
    leaving_ = true;
    thread_.join();
    for (auto& worker : workers_) worker.join();
  }

  void arm(Fault fault) { armed_ = fault; }
  bool struck() const { return struck_; }
  std::chrono::steady_clock::time_point struck_at() const { return struck_at_; }

 private:
  using RawWorker = webpool::testing::RawWorker;
  using Received = webpool::testing::Received;
  static constexpr std::chrono::milliseconds glance{10};

  void serve() {
    try {
      while (!leaving_) {
        if (silent_ || !tab_->socket.has_news(glance)) {
          if (silent_) std::this_thread::sleep_for(glance);
          continue;
        }
        const Received message = webpool::testing::next(tab_->socket);
        if (message.type() == "reload") tab_.emplace(join_url_);
        if (message.type() == "ping")
          tab_->socket.send(webpool::testing::frame(R"({"type":"pong","id":)" + std::to_string(message.integer("id")) +
                                                    R"(,"visible":true,"timer_drift_ms":0.5})"));
        if (message.type() == "open_worker")
          workers_.emplace_back([this, port = tab_->port, id = message.integer("worker"), key = message.text("key")] {
            work(port, id, key);
          });
      }
    } catch (const std::exception&) {
      leaving_ = true;  // the pool closed the tab
    }
    if (tab_) tab_->socket.drop();
  }

  void work(std::uint16_t port, std::uint64_t id, const std::string& key) {
    try {
      RawWorker worker(port, id, key);
      worker.load();
      while (!leaving_) {
        if (!worker.socket.has_news(glance)) continue;
        const Received message = webpool::testing::next(worker.socket);
        if (message.type() != "run") continue;
        const Fault fault = armed_.exchange(Fault::none);
        if (fault != Fault::none) {
          struck_at_ = std::chrono::steady_clock::now();
          struck_ = true;
        }
        if (!answer(worker, message, fault)) return;
      }
    } catch (const std::exception&) {
      return;  // the pool closed the worker
    }
  }

  /// False when the worker is to end without a word.
  bool answer(RawWorker& worker, const Received& run, Fault fault) {
    const std::uint64_t id = run.integer("id");
    switch (fault) {
      case Fault::none: worker.answer(run); break;
      case Fault::tab_closed: leaving_ = true; return false;
      case Fault::dropped_mid_frame: {
        const std::string whole = result(id, 40);
        worker.socket.send(whole.substr(0, whole.size() / 2), binary, true, whole.size());
        return false;
      }
      case Fault::half_open: silent_ = true; [[fallthrough]];
      case Fault::spinning:
      case Fault::stalled_reader: stay_away(); return false;
      case Fault::slow_reader:
        worker.socket.read_slowly(std::chrono::milliseconds(2));
        worker.answer(run);
        break;
      case Fault::malformed_frame: worker.socket.send("these bytes are no frame of the wire"); break;
      case Fault::oversized_frame: worker.socket.send("the first of many bytes", binary, true, 1ull << 40); break;
      case Fault::truncated_frame: worker.socket.send(result(id, 20)); break;
      case Fault::wrong_id: worker.result(id + 1'000'000, std::vector<float>(10), "[1,10]"); break;
      case Fault::duplicate_reply:
        worker.answer(run);
        worker.answer(run);
        break;
      case Fault::reply_after_timeout:
        std::this_thread::sleep_for(message_timeout_ + std::chrono::milliseconds(300));
        worker.answer(run);
        break;
      case Fault::device_lost:
        worker.socket.send(
            webpool::testing::frame(R"({"type":"device_lost","reason":"unknown","message":"as the script says"})"));
        break;
      case Fault::error_reply: worker.fail(id, "run_failed", "as the script says"); break;
    }
    return true;
  }

  void stay_away() const {
    while (!leaving_) std::this_thread::sleep_for(glance);
  }

  /// A reply that announces 40 bytes of tensor and has so many.
  static std::string result(std::uint64_t id, std::size_t bytes) {
    return webpool::testing::frame(R"({"type":"result","id":)" + std::to_string(id) +
                                       R"(,"outputs":[{"name":"probabilities","datatype":"FP32","shape":[1,10],)"
                                       R"("parameters":{"binary_data_size":40}}],)"
                                       R"("times":{"queued":0,"upload":0,"compute":1,"download":0}})",
                                   {std::string(bytes, '\0')});
  }

  static constexpr auto binary = webpool::testing::Opcode::binary;

  const std::string join_url_;
  const std::chrono::milliseconds message_timeout_;
  std::optional<webpool::testing::RawTab> tab_;
  std::atomic<Fault> armed_ = Fault::none;
  std::atomic<bool> struck_ = false, silent_ = false, leaving_ = false;
  std::atomic<std::chrono::steady_clock::time_point> struck_at_{};
  std::list<std::thread> workers_;
  std::thread thread_;
};

}  // namespace faults
