#pragma once

#include <cstdint>
#include <string>
#include <webpool/detail/token.hpp>
#include <webpool/ids.hpp>

namespace webpool::driver {

/// Where pages find the pool, and the token that lets them in.
struct Address {
  std::string host;           ///< an IP address
  std::string public_origin;  ///< of a proxy in front; empty without one
  std::uint16_t port = 0;
  std::string token = webpool::detail::random_token();

  std::string local_origin() const {
    const bool ipv6 = host.find(':') != std::string::npos;
    return "http://" + (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
  }

  std::string join_url() const { return (public_origin.empty() ? local_origin() : public_origin) + "/#token=" + token; }

  /// For one of the pool's own browsers, which need no proxy.
  std::string launch_url(LaunchId launch) const {
    return local_origin() + "/#token=" + token + "&launch=" + std::to_string(launch.value);
  }
};

}  // namespace webpool::driver
