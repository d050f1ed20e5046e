#pragma once

// What the tests of the controls share.

#include <webpool/browser/control.hpp>
#include <webpool/transport/asio.hpp>

#include "support.hpp"

namespace support {

/// Runs `context` until `condition` holds.
template <class Condition>
bool run_until(asio::io_context& context, Condition condition, std::chrono::milliseconds limit = 30s) {
  for (const auto end = std::chrono::steady_clock::now() + limit; std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    context.restart();
    context.run_one_for(5ms);
  }
  return condition();
}

/// What a control says.
struct Heard {
  std::vector<std::string> gone, log;
  std::vector<std::string> done;  ///< of each operation: what went wrong, or nothing

  webpool::browser::Control::Handlers handlers() {
    return {.page_gone = [this](const std::string& reason) { gone.push_back(reason); },
            .log = [this](const std::string& line) { log.push_back(line); }};
  }
  webpool::browser::Control::Done note() {
    return [this](const std::optional<webpool::Error>& error) { done.push_back(error ? error->message() : ""); };
  }
};

}  // namespace support
