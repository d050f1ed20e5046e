#pragma once

#include <functional>
#include <optional>
#include <string>
#include <webpool/detail/unique_function.hpp>
#include <webpool/error.hpp>

namespace webpool::browser {

/// Controls the one page of a launched browser. Tensors never take this way.
///
/// Everything happens on the thread of the `io_context` that it was made with, and nothing blocks. An operation ends
/// exactly once: with an empty optional when the browser has begun it, or with errc::launch_failed and the browser's
/// words. If the control is destroyed first, nothing is called. Neither `Done` nor a handler may destroy the control.
class Control {
 public:
  using Done = webpool::detail::UniqueFunction<void(std::optional<Error>)>;

  struct Handlers {
    /// The page is gone although nobody here asked for that, and why: its process crashed, or the tab was closed. The
    /// end of the whole browser is reported by `Process::running`.
    std::function<void(const std::string& reason)> page_gone;
    /// A line for the log: a message from the browser that was not understood, or why there is no control.
    std::function<void(const std::string& line)> log;
  };

  Control() = default;
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  virtual ~Control() = default;

  /// Asks the browser to close; after that no `page_gone` comes. False if it can't be asked this way.
  virtual bool close() noexcept = 0;

  /// Reloads the page, even if it has crashed.
  virtual void reload(Done done) = 0;

  /// Opens a tab on `url`, then closes the previous one.
  virtual void new_tab(std::string url, Done done) = 0;

 protected:
  static Error failed(const std::string& why) { return Error(errc::launch_failed, "the browser's control: " + why); }
};

}  // namespace webpool::browser
