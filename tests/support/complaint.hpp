#pragma once

#include <string>
#include <string_view>
#include <webpool/error.hpp>

#include "../catch.hpp"

namespace webpool::testing {

/// The sentence of the error of that code that `action` throws, without `prefix`, with which it begins; empty if it
/// throws nothing.
template <class Action>
std::string complaint(errc code, Action action, std::string_view prefix = "") {
  try {
    action();
    return "";
  } catch (const Error& error) {
    CHECK(error.code() == code);
    const std::string message = error.message();
    CHECK(message.starts_with(prefix));
    return message.substr(prefix.size());
  }
}

}  // namespace webpool::testing
