#pragma once

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/error.hpp>

namespace webpool::driver {

/// The origin of an absolute http or https address, as browsers compare origins: lower case, without the scheme's own
/// port. Empty for anything else, and for an address with a user's name or a character that origins don't have.
inline std::optional<std::string> origin_of(std::string_view url) {
  const std::size_t slashes = url.find("://");
  if (slashes == url.npos) return std::nullopt;
  const std::string_view rest = url.substr(slashes + 3);
  std::string scheme(url.substr(0, slashes)), authority(rest.substr(0, rest.find_first_of("/?#")));
  for (std::string* text : {&scheme, &authority})
    std::ranges::transform(*text, text->begin(),
                           [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  if (scheme != "http" && scheme != "https") return std::nullopt;
  std::string port;
  if (const std::size_t colon = authority.rfind(':');
      colon != authority.npos && authority.find(']', colon) == authority.npos) {
    port = authority.substr(colon + 1);
    authority.erase(colon);
    if (port.empty() || port.find_first_not_of("0123456789") != port.npos) return std::nullopt;
  }
  const bool ipv6 = authority.starts_with('[') && authority.ends_with(']');
  const std::string_view host = ipv6 ? std::string_view(authority).substr(1, authority.size() - 2) : authority;
  if (host.empty() ||
      host.find_first_not_of(ipv6 ? "0123456789abcdef:." : "abcdefghijklmnopqrstuvwxyz0123456789.-_") != host.npos)
    return std::nullopt;
  if (port == (scheme == "http" ? "80" : "443")) port.clear();
  return scheme + "://" + authority + (port.empty() ? "" : ":" + port);
}

/// Origins in browsers' form. Throws `errc::invalid_options` for one that is none; `option` is where it stands.
inline std::vector<std::string> check_origins(const std::string& option, const std::vector<std::string>& given) {
  std::vector<std::string> origins;
  for (const std::string& each : given) {
    auto origin = origin_of(each);
    if (!origin || each.find_first_of("/?#", each.find("://") + 3) != each.npos)
      throw Error(errc::invalid_options, option + " has '" + each +
                                             "': an origin is a scheme, a host and optionally a port, such as "
                                             "\"https://models.example\"");
    origins.push_back(*std::move(origin));
  }
  return origins;
}

/// Throws `errc::invalid_options` unless tabs may fetch a model from this address: one of the pool itself, which begins
/// with one slash, or one whose origin is among `origins`.
inline void check_model_url(std::string_view model, const std::string& url, const std::vector<std::string>& origins) {
  const std::string which = "model '" + std::string(model) + "': ModelOptions::url '" + url + "' ";
  if (url.find_first_of("\\ \t\r\n") != url.npos)
    throw Error(errc::invalid_options, which + "has a character that no address may have");
  if (url.starts_with('/') && !url.starts_with("//")) return;
  const auto origin = origin_of(url);
  if (!origin) throw Error(errc::invalid_options, which + "must begin with '/', 'http://' or 'https://'");
  if (std::ranges::find(origins, *origin) != origins.end()) return;
  std::string known;
  for (const std::string& each : origins) known += (known.empty() ? "" : ", ") + each;
  throw Error(errc::invalid_options,
              which + "is of the origin " + *origin +
                  ", which is not among PoolOptions::model_origins: " + (known.empty() ? "there are none" : known));
}

}  // namespace webpool::driver
