// Many scripted tabs in one process and one thread: the other side of `scale`.

#include <sys/epoll.h>

#include <array>
#include <deque>
#include <iostream>

#include "../../tests/support/raw_tab.hpp"
#include "compare.hpp"

namespace compare {

namespace {

using namespace webpool::testing;

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class Tabs {
 public:
  explicit Tabs(std::string link) : link_(std::move(link)) {}
  ~Tabs() { ::close(events_); }

  void join() {
    RawTab& tab = tabs_.emplace_back(link_);
    RawWorker& worker = workers_.emplace_back(tab.loaded_worker());
    watch(tab.socket);
    watch(worker.socket);
  }

  /// Answers what comes, until nothing has for so long. Throws when the pool closes.
  void serve(int milliseconds) {
    std::array<epoll_event, 64> ready;
    for (int count; (count = ::epoll_wait(events_, ready.data(), ready.size(), milliseconds)) > 0;)
      for (const epoll_event& each : std::span(ready).first(static_cast<std::size_t>(count)))
        answer(*static_cast<WebSocket*>(each.data.ptr));
  }

 private:
  void watch(WebSocket& socket) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &socket}};
    if (::epoll_ctl(events_, EPOLL_CTL_ADD, socket.descriptor(), &event) != 0)
      throw std::runtime_error("epoll does not take another socket");
  }

  static void answer(WebSocket& socket) {
    do {
      const Received message = next(socket);
      const std::int64_t came = now_ns();
      if (message.type() == "ping")
        socket.send(frame(R"({"type":"pong","id":)" + std::to_string(message.integer("id")) +
                          R"(,"visible":true,"timer_drift_ms":0.5})"));
      if (message.type() == "run") answer_run(socket, message, came);
    } while (socket.has_news(0ms));
  }

  /// With the time when it came, or with as much as scale.cpp asks for, which begins with that.
  static void answer_run(WebSocket& socket, const Received& run, std::int64_t came) {
    float large = 0;
    std::memcpy(&large, run.tensors.data(), sizeof large);
    std::vector<std::int64_t> output(large > 0 ? 8192 : 1);
    output[0] = came;
    const std::size_t bytes = output.size() * sizeof came;
    socket.send(frame(R"({"type":"result","id":)" + std::to_string(run.integer("id")) +
                          R"(,"outputs":[{"name":"came","datatype":"INT64","shape":[)" + std::to_string(output.size()) +
                          R"(],"parameters":{"binary_data_size":)" + std::to_string(bytes) +
                          R"(}}],"times":{"queued":0,"upload":0,"compute":0,"download":0}})",
                      {std::string_view(reinterpret_cast<const char*>(output.data()), bytes)}));
  }

  std::string link_;
  int events_ = ::epoll_create1(EPOLL_CLOEXEC);
  std::deque<RawTab> tabs_;
  std::deque<RawWorker> workers_;
};

}  // namespace

int scale_tabs(const Arguments& arguments) {
  Tabs tabs(arguments.at(0));
  const std::size_t count = std::stoul(arguments.at(1));
  for (std::size_t i = 0; i < count; ++i) {
    tabs.join();
    tabs.serve(0);
  }
  std::cout << "joined" << std::endl;
  try {
    while (true) tabs.serve(1000);
  } catch (const std::exception&) {
    return 0;  // the pool has closed
  }
}

}  // namespace compare
