#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace webpool::transport {

/// Decides which `Host` and `Origin` headers may reach the pool. A page of another site that makes a browser talk to
/// this port shows a foreign `Origin`; one that rebinds its own DNS name to this address shows that name as `Host`, so
/// names are refused: only addresses and `localhost` pass, and with a loopback bind only loopback ones. Besides these,
/// a proxy in front may show the host of its public origin.
class OriginPolicy {
 public:
  /// `public_origin`: as browsers write it, such as "https://pool.example"; empty when there is no proxy.
  OriginPolicy(std::string bound_address, std::uint16_t port, std::string public_origin = {})
      : port_(":" + std::to_string(port)), bound_(std::move(bound_address)), public_origin_(std::move(public_origin)) {}

  /// `host` as in the request's header, such as "127.0.0.1:8080"; browsers leave out port 80.
  bool allows_host(std::string_view host) const {
    if (is_public(host)) return true;
    if (host.ends_with(port_))
      host.remove_suffix(port_.size());
    else if (port_ != ":80")
      return false;
    if (is_loopback(host)) return true;
    return !is_loopback(bound_) && is_address(host);
  }

  /// `origin` as in the request's header; empty when the client sent none, as programs do and pages can't.
  bool allows_origin(std::string_view origin, std::string_view host) const {
    if (is_public(host)) return origin.empty() || origin == public_origin_;
    return origin.empty() || origin == "http://" + std::string(host) || origin == "https://" + std::string(host);
  }

 private:
  bool is_public(std::string_view host) const {
    return !public_origin_.empty() && host == std::string_view(public_origin_).substr(public_origin_.find("://") + 3);
  }

  static bool is_loopback(std::string_view host) {
    return host == "localhost" || host == "[::1]" || host == "::1" || (host.starts_with("127.") && is_address(host));
  }

  static bool is_address(std::string_view host) {
    const auto only = [&](std::string_view allowed) {
      return !host.empty() && host.find_first_not_of(allowed) == host.npos;
    };
    return only("0123456789.") || (only("[]0123456789abcdefABCDEF:.") && host.front() == '[' && host.back() == ']');
  }

  std::string port_;
  std::string bound_, public_origin_;
};

}  // namespace webpool::transport
