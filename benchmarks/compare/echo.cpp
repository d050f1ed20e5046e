// The floor: a WebSocket server that does nothing but send a tensor and read it out of the answer, on one thread.

#include <algorithm>
#include <cstring>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <thread>
#include <webpool/detail/read_file.hpp>
#include <webpool/transport/websocketpp.hpp>

#include "browse.hpp"
#include "compare.hpp"
#include "lines.hpp"
#include "trips.hpp"

namespace compare {
namespace {

using namespace std::chrono_literals;
using Server = webpool::transport::WebsocketppServer<webpool::transport::WebsocketppConfig>;
constexpr auto binary = websocketpp::frame::opcode::binary;

class Echo {
 public:
  explicit Echo(std::filesystem::path sources) : sources_(std::move(sources)) {
    server_.set_max_message_size(std::size_t{128} << 20);
    server_.set_tcp_post_init_handler([this](websocketpp::connection_hdl handle) {
      server_.get_con_from_hdl(handle)->get_raw_socket().set_option(asio::ip::tcp::no_delay(true));
    });
    server_.set_http_handler([this](websocketpp::connection_hdl handle) { answer(*server_.get_con_from_hdl(handle)); });
    server_.set_open_handler([this](websocketpp::connection_hdl handle) {
      page_ = server_.get_con_from_hdl(handle);
      context_.stop();
    });
    server_.set_close_handler([this](websocketpp::connection_hdl) { lose(); });
    server_.set_message_handler(
        [this](websocketpp::connection_hdl, Server::message_ptr message) { received_(message->get_payload()); });
    server_.init_asio(&context_);
    server_.listen(asio::ip::tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    server_.start_accept();
  }

  std::string url() {
    asio::error_code ignored;
    return "http://127.0.0.1:" + std::to_string(server_.get_local_endpoint(ignored).port()) + '/';
  }

  void wait_for_page() {
    context_.run_for(60s);
    if (!page_) throw std::runtime_error("the page opened no socket within a minute");
  }

  std::string make(const Trips& trips) {
    const std::vector<float> tensor = tensor_of(trips.bytes);
    std::vector<float> back(tensor.size());
    std::deque<Clock::time_point> sent;
    std::size_t to_send = trips.count;
    Meter meter(trips.count);
    const auto send = [&] {
      --to_send;
      sent.push_back(Clock::now());
      page_->send(tensor.data(), trips.bytes, binary);
    };
    received_ = [&](const std::string& payload) {
      if (payload.size() != trips.bytes) throw std::runtime_error("a tensor came back with another size");
      std::memcpy(back.data(), payload.data(), payload.size());
      meter.add(Clock::now() - sent.front());
      sent.pop_front();
      if (to_send > 0) send();
      if (meter.count() == trips.count) context_.stop();
    };
    for (std::size_t i = 0; i < std::min(trips.in_flight, trips.count); ++i) send();
    context_.restart();
    context_.run();
    std::string json = meter.json();
    if (!page_) throw std::runtime_error("the page closed its socket");
    if (back != tensor) throw std::runtime_error("a tensor came back changed");
    return json;
  }

  /// The same, one at a time, for a caller who waits on another thread than the server's, as in a blocking call.
  std::string call(const Trips& trips) {
    std::vector<float> tensor = tensor_of(trips.bytes);
    if (trips.compute_us > 0) tensor.at(0) = static_cast<float>(trips.compute_us);
    std::vector<float> back(tensor.size());
    std::binary_semaphore arrived(0);
    received_ = [&](const std::string& payload) {
      std::memcpy(back.data(), payload.data(), std::min(payload.size(), trips.bytes));
      arrived.release();
    };
    context_.restart();
    const auto work = asio::make_work_guard(context_);
    std::jthread server([this] { context_.run(); });
    const std::shared_ptr<void> stop(nullptr, [this](void*) { context_.stop(); });  // before the thread is joined
    Meter meter(trips.count);
    for (std::size_t i = 0; i < trips.count; ++i) {
      const auto began = Clock::now();
      asio::post(context_, [&] {
        if (page_) page_->send(tensor.data(), trips.bytes, binary);
      });
      if (!arrived.try_acquire_for(60s)) throw std::runtime_error("the page did not answer within a minute");
      meter.add(Clock::now() - began);
    }
    std::string json = meter.json();
    if (back != tensor) throw std::runtime_error("a tensor came back changed");
    return json;
  }

 private:
  void answer(Server::connection_type& to) {
    const std::string path = to.get_resource();
    const auto folder = path.starts_with("/js/") ? sources_ / "../.." : sources_ / "page";
    const auto file = webpool::detail::read_file(folder / (path == "/" ? "index.html" : path.substr(1)));
    to.set_status(file ? websocketpp::http::status_code::ok : websocketpp::http::status_code::not_found);
    to.append_header("Content-Type", path.ends_with(".js") ? "text/javascript" : "text/html");
    to.append_header("Cross-Origin-Opener-Policy", "same-origin");
    to.append_header("Cross-Origin-Embedder-Policy", "require-corp");
    if (file) to.set_body(*file);
  }

  void lose() {
    page_.reset();
    context_.stop();
  }

  std::filesystem::path sources_;
  asio::io_context context_;
  Server server_;
  Server::connection_ptr page_;
  std::function<void(const std::string&)> received_;
};

}  // namespace

int echo(const Arguments& arguments) {
  Echo server(arguments.at(1));
  const Browsing browser(browser_named(arguments.at(0)), server.url() + '#' + arguments.at(2));
  server.wait_for_page();
  serve({{"websocketpp", "0.8.2"}}, [&](const Task& task) {
    if (task.text("task") == "compute")
      return server.call({task.number("bytes"), 1, task.number("count"), task.number("us")});
    const Trips trips{task.number("bytes"), task.number("in_flight"), task.number("count")};
    return task.text("calls") == "blocking" ? server.call(trips) : server.make(trips);
  });
  return 0;
}

}  // namespace compare
