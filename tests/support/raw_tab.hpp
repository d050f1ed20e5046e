#pragma once

// A client that speaks the wire by hand, as well or as badly as a test wants. Everything blocks, with a time limit.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <initializer_list>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "wire.hpp"

namespace webpool::testing {

using namespace std::chrono_literals;

/// How long a test waits for what must come: much, for machines are busy.
inline constexpr std::chrono::milliseconds patience{20'000};

/// The port in "http://127.0.0.1:4711/#token=6f0c".
inline std::uint16_t port_of(const std::string& join_url) {
  const std::size_t end = join_url.find("/#");
  return static_cast<std::uint16_t>(std::stoi(join_url.substr(join_url.rfind(':', end) + 1)));
}

// --- TCP

class TcpStream {
 public:
  explicit TcpStream(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    // From 16 addresses in turn, where the system has them: the more ports of one are taken, the longer it looks for
    // another.
    static std::atomic<std::uint32_t> turn;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + turn++ % 16);
    const int on = 1;
    ::setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    static_cast<void>(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address));
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(std::exchange(socket_, -1));
      throw std::runtime_error("can't connect to port " + std::to_string(port));
    }
    ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  TcpStream(TcpStream&& other) noexcept
      : socket_(std::exchange(other.socket_, -1)),
        buffer_(std::move(other.buffer_)),
        ended_(other.ended_),
        pause_(other.pause_) {}
  TcpStream& operator=(TcpStream&&) = delete;
  ~TcpStream() { close(); }

  /// What can't be written because the other side is gone is lost without a word: reading will tell.
  void write(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t written = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (written <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
  }

  /// Exactly so many bytes; empty when the stream ended before.
  std::optional<std::string> read(std::size_t bytes, std::chrono::milliseconds limit = patience) {
    const auto until = std::chrono::steady_clock::now() + limit;
    while (buffer_.size() < bytes)
      if (!fill(until)) return std::nullopt;
    std::string taken = buffer_.substr(0, bytes);
    buffer_.erase(0, bytes);
    return taken;
  }

  /// Reads so many bytes and keeps none of them; false when the stream ended before.
  bool discard(std::size_t bytes) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (bytes > 0) {
      if (buffer_.empty() && !fill(until)) return false;
      const std::size_t some = std::min(bytes, buffer_.size());
      buffer_.erase(0, some);
      bytes -= some;
    }
    return true;
  }

  /// Up to and with `end`; all that came when the stream ended before.
  std::string read_until(std::string_view end) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (buffer_.find(end) == buffer_.npos && fill(until)) {
    }
    const std::size_t found = buffer_.find(end);
    std::string taken = buffer_.substr(0, found == buffer_.npos ? found : found + end.size());
    buffer_.erase(0, taken.size());
    return taken;
  }

  bool has_bytes(std::chrono::milliseconds limit) {
    if (!buffer_.empty()) return true;
    pollfd entry{socket_, POLLIN, 0};
    return ::poll(&entry, 1, static_cast<int>(limit.count())) > 0;
  }

  /// From now on waits for so long after each 64 KiB that it reads.
  void read_slowly(std::chrono::milliseconds pause) { pause_ = pause; }

  int descriptor() const { return socket_; }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }

 private:
  bool fill(std::chrono::steady_clock::time_point until) {
    if (ended_ || socket_ < 0) return false;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd entry{socket_, POLLIN, 0};
    if (left <= 0ms || ::poll(&entry, 1, static_cast<int>(left.count())) == 0)
      throw std::runtime_error("the pool said nothing in time");
    char chunk[65536];
    const ssize_t got = ::recv(socket_, chunk, sizeof chunk, 0);
    if (got <= 0) return !(ended_ = true);
    buffer_.append(chunk, static_cast<std::size_t>(got));
    if (pause_ > 0ms) std::this_thread::sleep_for(pause_);
    return true;
  }

  int socket_;
  std::string buffer_;
  bool ended_ = false;
  std::chrono::milliseconds pause_{0};
};

// --- HTTP

using Headers = std::map<std::string, std::string>;

struct HttpReply {
  int status = 0;
  Headers headers;  ///< names in lower case
  std::string body;
};

inline std::string http_request(std::uint16_t port, std::string_view target, Headers headers) {
  headers.emplace("Host", "127.0.0.1:" + std::to_string(port));
  std::string text = "GET " + std::string(target) + " HTTP/1.1\r\n";
  for (const auto& [name, value] : headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

inline HttpReply read_reply(TcpStream& stream) {
  const std::string head = stream.read_until("\r\n\r\n");
  HttpReply reply;
  if (head.size() < 12) return reply;
  reply.status = std::stoi(head.substr(9, 3));
  for (std::size_t line = head.find("\r\n") + 2; line + 2 < head.size(); line = head.find("\r\n", line) + 2) {
    const std::size_t colon = head.find(':', line);
    std::string name = head.substr(line, colon - line);
    for (char& letter : name) letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    reply.headers[name] = head.substr(colon + 2, head.find("\r\n", line) - colon - 2);
  }
  return reply;
}

/// `headers` replace the usual ones.
inline HttpReply http_get(std::uint16_t port, std::string_view target, const Headers& headers = {}) {
  TcpStream stream(port);
  stream.write(http_request(port, target, headers));
  HttpReply reply = read_reply(stream);
  if (const auto length = reply.headers.find("content-length"); length != reply.headers.end())
    reply.body = stream.read(std::stoul(length->second)).value_or("");
  return reply;
}

// --- WebSocket

enum class Opcode : unsigned char { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

class WebSocket {
 public:
  struct Message {
    Opcode opcode = Opcode::binary;
    std::string payload;

    unsigned close_code() const {
      return static_cast<unsigned>(static_cast<unsigned char>(payload.at(0)) << 8 |
                                   static_cast<unsigned char>(payload.at(1)));
    }
    std::string close_reason() const { return payload.substr(2); }
  };

  /// Tries to open; `status()` is 101 when that worked.
  WebSocket(std::uint16_t port, std::string_view path, Headers headers = {}) : stream_(port) {
    headers.emplace("Connection", "Upgrade");
    headers.emplace("Upgrade", "websocket");
    headers.emplace("Sec-WebSocket-Version", "13");
    headers.emplace("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    stream_.write(http_request(port, path, std::move(headers)));
    status_ = read_reply(stream_).status;
  }

  int status() const noexcept { return status_; }

  /// A masked frame. `announced`: the payload's length as its head tells it, when that shall differ from the truth.
  void send(std::string_view payload, Opcode opcode = Opcode::binary, bool final = true,
            std::optional<std::uint64_t> announced = {}) {
    const std::uint64_t length = announced.value_or(payload.size());
    std::string bytes(1, static_cast<char>((final ? 0x80 : 0) | static_cast<unsigned char>(opcode)));
    const auto append = [&](std::uint64_t value, int octets) {
      for (int i = octets - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
    };
    if (length < 126) {
      bytes += static_cast<char>(0x80 | length);
    } else if (length < 65536) {
      bytes += static_cast<char>(0x80 | 126);
      append(length, 2);
    } else {
      bytes += static_cast<char>(0x80 | 127);
      append(length, 8);
    }
    constexpr std::string_view mask = "\x1b\x2d\x3c\x4f";
    bytes += mask;
    const std::size_t start = bytes.size();
    bytes += payload;
    for (std::size_t i = start; i < bytes.size(); ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[(i - start) % 4]);
    stream_.write(bytes);
  }

  /// The next message, whatever it is, and the echo that a close frame asks for; empty when the stream has ended.
  std::optional<Message> receive(std::chrono::milliseconds limit = patience) {
    const auto head = stream_.read(2, limit);
    if (!head) return std::nullopt;
    Message message{static_cast<Opcode>((*head)[0] & 0x0F), {}};
    std::uint64_t length = static_cast<unsigned char>((*head)[1]) & 0x7F;
    if (length >= 126) {
      const auto more = stream_.read(length == 126 ? 2 : 8);
      if (!more) return std::nullopt;
      length = 0;
      for (const char octet : *more) length = length << 8 | static_cast<unsigned char>(octet);
    }
    auto payload = stream_.read(static_cast<std::size_t>(length));
    if (!payload) return std::nullopt;
    message.payload = *std::move(payload);
    if (message.opcode == Opcode::close) send(message.payload, Opcode::close);
    return message;
  }

  /// Reads until the close frame, passing over messages.
  std::optional<Message> receive_close() {
    while (auto message = receive())
      if (message->opcode == Opcode::close) return message;
    return std::nullopt;
  }

  bool has_news(std::chrono::milliseconds limit) { return stream_.has_bytes(limit); }
  void read_slowly(std::chrono::milliseconds pause) { stream_.read_slowly(pause); }
  int descriptor() const { return stream_.descriptor(); }
  void drop() { stream_.close(); }

 private:
  TcpStream stream_;
  int status_ = 0;
};

// --- the pool's messages

/// The next message of the pool on that socket; throws when the socket closes instead.
inline Received next(WebSocket& socket) {
  const auto message = socket.receive();
  if (!message) throw std::runtime_error("the pool hung up");
  if (message->opcode == Opcode::close) throw std::runtime_error("the pool closed: " + message->close_reason());
  return Received(message->payload);
}

/// The next message of that type, passing over others.
inline Received next(WebSocket& socket, std::string_view type) {
  while (true)
    if (Received message = next(socket); message.type() == type) return message;
}

// --- a tab

/// A worker's data socket.
class RawWorker {
 public:
  RawWorker(std::uint16_t port, std::uint64_t worker, const std::string& key) : socket(port, "/data"), id(worker) {
    attach(worker, key);
  }

  void attach(std::uint64_t worker, const std::string& key) { socket.send(attach_frame(worker, key)); }

  /// Says that the model is there, once the load has come.
  void load() {
    load_message = next(socket, "load").header;
    loaded();
  }

  void loaded() { socket.send(loaded_frame(id)); }

  void fail(std::uint64_t run, const std::string& code, const std::string& message, const std::string& tried = "[]") {
    socket.send(error_frame(run, code, message, tried));
  }

  /// Answers with one FP32 output.
  void result(std::uint64_t run, std::span<const float> values, const std::string& shape,
              const std::string& name = "probabilities") {
    socket.send(result_frame(run, values, shape, name));
  }

  /// Answers a run of the digits model: row r of the output is the first pixel of picture r, plus 0 to 9.
  void answer(const Received& run) {
    constexpr std::size_t pixels = 28 * 28, digits = 10;
    const std::size_t rows = run.tensors.size() / (pixels * sizeof(float));
    std::vector<float> values;
    for (std::size_t row = 0; row < rows; ++row) {
      float first = 0;
      std::memcpy(&first, run.tensors.data() + row * pixels * sizeof(float), sizeof first);
      for (std::size_t digit = 0; digit < digits; ++digit) values.push_back(first + static_cast<float>(digit));
    }
    result(run.integer("id"), values, "[" + std::to_string(rows) + ",10]");
  }

  WebSocket socket;
  std::uint64_t id;
  std::string load_message;
};

/// A tab's control socket, driven step by step.
class RawTab {
 public:
  explicit RawTab(const std::string& join_url, const std::string& extra = "", const std::string& browser = "firefox")
      : port(port_of(join_url)), socket(port, "/control") {
    socket.send(hello(token_of(join_url), extra, browser));
    connection = next(socket, "welcome").integer("connection");
  }

  /// A worker that has attached, once the pool asks for one.
  RawWorker worker() {
    const Received open = next(socket, "open_worker");
    return RawWorker(port, open.integer("worker"), open.text("key"));
  }
  /// A worker that has loaded its model.
  RawWorker loaded_worker() {
    RawWorker opened = worker();
    opened.load();
    return opened;
  }

  std::uint16_t port;
  WebSocket socket;
  std::uint64_t connection = 0;
};

/// A tab that does all that is asked of it, on threads of its own, until it is closed or destroyed.
class ServingTab {
 public:
  using Answer = std::function<void(RawWorker&, const Received& run)>;

  explicit ServingTab(
      const std::string& join_url, Answer answer = [](RawWorker& worker, const Received& run) { worker.answer(run); },
      const std::string& extra = "")
      : tab_(join_url, extra), answer_(std::move(answer)), thread_([this] { serve(); }) {}
  ~ServingTab() { leave(); }

  /// Closes the tab as a person does: all its sockets at once.
  void leave() {
    leaving_ = true;
    if (thread_.joinable()) thread_.join();
    for (auto& worker : workers_) worker.join();
    workers_.clear();
  }

  unsigned runs() const { return runs_; }
  unsigned closed_workers() const { return closed_workers_; }
  /// Whether the pool closed the tab.
  bool dismissed() const { return dismissed_; }

 private:
  static constexpr std::chrono::milliseconds glance{20};

  void serve() {
    try {
      while (!leaving_) {
        if (!tab_.socket.has_news(glance)) continue;
        const Received message = next(tab_.socket);
        if (message.type() == "ping") tab_.socket.send(pong_frame(message.integer("id")));
        if (message.type() == "close_worker") ++closed_workers_;
        if (message.type() == "open_worker")
          workers_.emplace_back([this, id = message.integer("worker"), key = message.text("key")] { work(id, key); });
      }
    } catch (const std::exception&) {
      dismissed_ = true;
    }
    tab_.socket.drop();
  }

  void work(std::uint64_t id, const std::string& key) {
    try {
      RawWorker worker(tab_.port, id, key);
      worker.load();
      while (!leaving_) {
        if (!worker.socket.has_news(glance)) continue;
        const Received message = next(worker.socket);
        if (message.type() != "run") continue;
        ++runs_;
        answer_(worker, message);
      }
    } catch (const std::exception&) {
      return;  // the pool closed the worker
    }
  }

  RawTab tab_;
  Answer answer_;
  std::atomic<bool> leaving_ = false, dismissed_ = false;
  std::atomic<unsigned> runs_ = 0, closed_workers_ = 0;
  std::list<std::thread> workers_;
  std::thread thread_;
};

}  // namespace webpool::testing
