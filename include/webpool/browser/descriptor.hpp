#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace webpool::browser {

/// Owns a file descriptor that no program inherits by accident. It is close-on-exec and numbered 10 or higher, so that
/// `spawn` can put copies at 0, 1, 2 ... without overwriting one that it still needs.
class Descriptor {
 public:
  Descriptor() = default;

  /// Takes ownership of what an `open`-like call returned; throws std::system_error with errno if that was -1.
  explicit Descriptor(int opened) {
    if (opened >= 0) {
      value_ = ::fcntl(opened, F_DUPFD_CLOEXEC, 10);
      const int reason = errno;
      ::close(opened);
      errno = reason;
    }
    if (value_ < 0) throw std::system_error(errno, std::generic_category());
  }

  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Descriptor taken(std::move(other));
    std::swap(value_, taken.value_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const noexcept { return value_; }
  explicit operator bool() const noexcept { return value_ >= 0; }

  /// Gives up ownership; the caller owns the returned number.
  int release() noexcept { return std::exchange(value_, -1); }

  void close() noexcept {
    if (value_ >= 0) ::close(std::exchange(value_, -1));
  }

  /// Makes this end non-blocking.
  void set_nonblocking() const {
    if (::fcntl(value_, F_SETFL, ::fcntl(value_, F_GETFL) | O_NONBLOCK) < 0)
      throw std::system_error(errno, std::generic_category());
  }

 private:
  int value_ = -1;
};

/// Two connected sockets. They are sockets and not a pipe, because `send` can report a dead reader as an error. A write
/// to a pipe would raise SIGPIPE, which ends a host that does not handle it. Throws std::system_error.
inline std::pair<Descriptor, Descriptor> connected_pair() {
  std::array<int, 2> ends{};
#if defined(__linux__)
  constexpr int type = SOCK_STREAM | SOCK_CLOEXEC;
#else
  constexpr int type = SOCK_STREAM;
#endif
  if (::socketpair(AF_UNIX, type, 0, ends.data()) < 0) throw std::system_error(errno, std::generic_category());
#if defined(SO_NOSIGPIPE)
  const int yes = 1;
  for (const int end : ends) ::setsockopt(end, SOL_SOCKET, SO_NOSIGPIPE, &yes, sizeof yes);
#endif
  Descriptor second;
  try {
    Descriptor first(ends[0]);
    second = Descriptor(std::exchange(ends[1], -1));
    return {std::move(first), std::move(second)};
  } catch (...) {
    if (ends[1] >= 0) ::close(ends[1]);
    throw;
  }
}

#if defined(MSG_NOSIGNAL)
inline constexpr int send_flags = MSG_NOSIGNAL;
#else
inline constexpr int send_flags = 0;
#endif

}  // namespace webpool::browser
