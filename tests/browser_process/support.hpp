#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>
#include <webpool/browser/find.hpp>
#include <webpool/browser/folder.hpp>
#include <webpool/browser/process.hpp>
#include <webpool/browser/strays.hpp>

#include "../support/processes.hpp"

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif

namespace support {

using namespace std::chrono_literals;

template <class Condition>
bool within(std::chrono::milliseconds limit, Condition condition) {
  for (const auto deadline = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < deadline;) {
    if (condition()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return condition();
}

/// A folder of the test's own with executable scripts that stand in for browsers.
class Scripts {
 public:
  std::filesystem::path add(const std::string& name, const std::string& body) {
    const std::filesystem::path path = folder_.path() / name;
    std::ofstream(path) << "#!/bin/sh\n" << body;
    ::chmod(path.c_str(), 0755);
    return path;
  }
  const std::filesystem::path& folder() const { return folder_.path(); }

 private:
  webpool::browser::Folder folder_ = std::move(webpool::browser::Folder::make().value());
};

/// Sets an environment variable for the life of the object.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

/// A page on a loopback port, to see that a browser really opens what it was given.
class Page {
 public:
  Page() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(socket_.get(), generic, size) == 0);
    REQUIRE(::listen(socket_.get(), 8) == 0);
    REQUIRE(::getsockname(socket_.get(), generic, &size) == 0);
    port_ = ntohs(address.sin_port);
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/"; }

  /// Waits for the first request and answers with an empty page. Browsers also open connections that they never use.
  bool visited(std::chrono::milliseconds limit = 60s) const {
    std::vector<webpool::browser::Descriptor> visitors;
    return within(limit, [&] {
      pollfd waiting{socket_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, 0) > 0) visitors.emplace_back(::accept(socket_.get(), nullptr, nullptr));
      for (const auto& visitor : visitors) {
        char request[2048];
        if (::recv(visitor.get(), request, sizeof request, MSG_DONTWAIT) <= 0) continue;
        const std::string answer = "HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n<!doctype html>";
        return ::send(visitor.get(), answer.data(), answer.size(), webpool::browser::send_flags) > 0;
      }
      return false;
    });
  }

 private:
  webpool::browser::Descriptor socket_;
  unsigned port_ = 0;
};

/// A program that launches browsers, started as a shell would start it.
class HostProgram {
 public:
  /// Waits until it has printed a line.
  explicit HostProgram(std::vector<std::string> arguments) {
    using namespace webpool::browser;
    auto [ours, theirs] = connected_pair();
    const Descriptor nothing(::open("/dev/null", O_RDWR));
    id_ = spawn({.arguments = std::move(arguments),
                 .environment = own_environment(),
                 .directory = "/",
                 .descriptors = {nothing.get(), theirs.get(), nothing.get()}})
              .value();
    theirs.close();
    for (char byte = 0; byte != '\n' && ::read(ours.get(), &byte, 1) == 1;) line_ += byte;
  }
  HostProgram(const HostProgram&) = delete;
  HostProgram& operator=(const HostProgram&) = delete;
  ~HostProgram() {
    if (id_ > 0) end(SIGKILL);
  }

  /// The line that it printed, with its end.
  const std::string& line() const noexcept { return line_; }

  /// Sends it a signal unless that is 0, waits for its end and returns the status.
  int end(int signal) {
    if (signal != 0) ::kill(id_, signal);
    return webpool::browser::collect(std::exchange(id_, 0));
  }

 private:
  pid_t id_ = 0;
  std::string line_;
};

/// What still exists of a browser: its folder, processes of its group, processes that name the folder. Zombies don't
/// count. Empty when all is gone.
inline std::string remains(const std::filesystem::path& folder, pid_t group) {
  std::ostringstream found;
  if (std::filesystem::exists(folder)) found << folder.string() << '\n';
#if defined(__linux__)
  for (const Process& process : processes())
    if (process.names(folder.string()) || (process.group == group && !process.dead))
      found << process.id << ' ' << process.command() << '\n';
#else
  if (group > 0 && ::kill(-group, 0) == 0) found << "group " << group << '\n';
#endif
  return found.str();
}

/// Every browser of this machine.
inline std::vector<webpool::browser::Installed> browsers() {
  auto found = webpool::browser::find_installed();
  REQUIRE_FALSE(found.empty());
  return found;
}

}  // namespace support
