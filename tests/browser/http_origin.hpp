#pragma once

// An HTTP server on loopback that is not the pool: another origin, whose answers any page may read.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace support {

/// Serves files by their paths, one request at a time, until it is destroyed.
class HttpOrigin {
 public:
  explicit HttpOrigin(std::map<std::string, std::string> files)
      : files_(std::move(files)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, generic, &size) != 0)
      throw std::runtime_error("can't listen on loopback");
    address_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { serve(); });
  }
  HttpOrigin(const HttpOrigin&) = delete;
  HttpOrigin& operator=(const HttpOrigin&) = delete;
  ~HttpOrigin() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  const std::string& address() const { return address_; }
  /// How often a path was asked for.
  std::size_t count(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count(asked_, path));
  }

 private:
  void serve() {
    for (int socket = 0; (socket = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(socket)) answer(socket);
  }

  void answer(int socket) {
    const timeval patience{5, 0};  // browsers open sockets ahead of time and say nothing on them
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::string request;
    char chunk[4096];
    while (request.find("\r\n\r\n") == request.npos) {
      const ssize_t got = ::recv(socket, chunk, sizeof chunk, 0);
      if (got <= 0) return;
      request.append(chunk, static_cast<std::size_t>(got));
    }
    const std::size_t start = request.find(' ') + 1;
    const std::string path = request.substr(start, request.find(' ', start) - start);
    {
      const std::lock_guard lock(mutex_);
      asked_.push_back(path);
    }
    const auto file = files_.find(path);
    const std::string body = file == files_.end() ? "not here" : file->second;
    std::string reply =
        "HTTP/1.1 " + std::string(file == files_.end() ? "404 Not Found" : "200 OK") +
        "\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
        "\r\n\r\n" + body;
    for (std::string_view rest = reply; !rest.empty();) {
      const ssize_t sent = ::send(socket, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  const std::map<std::string, std::string> files_;
  const int listener_;
  std::string address_;
  mutable std::mutex mutex_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

}  // namespace support
