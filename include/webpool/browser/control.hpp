#pragma once

#include <functional>
#include <optional>
#include <string>
#include <webpool/detail/unique_function.hpp>
#include <webpool/error.hpp>

namespace webpool::browser {

/// The way to talk with a launched browser about its one page. No tensor ever takes it.
///
/// Everything happens on the thread of the `io_context` that it was made with, and nothing blocks. An operation ends
/// exactly once, with an empty optional when the browser has begun it or with errc::launch_failed and the browser's
/// words, unless the control is destroyed before: then nothing is called any more. Neither `Done` nor a handler may
/// destroy the control.
class Control {
 public:
  using Done = webpool::detail::UniqueFunction<void(std::optional<Error>)>;

  struct Handlers {
    /// The page is gone although nobody here asked for it, and why: its process crashed, or the tab was closed. The end
    /// of the whole browser is for `Process::running` to tell.
    std::function<void(const std::string& reason)> page_gone;
    /// A line for the log: what the browser said and nobody understood, or why there is no control after all.
    std::function<void(const std::string& line)> log;
  };

  Control() = default;
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  virtual ~Control() = default;

  /// Asks the browser to close; from then on no `page_gone` comes. False when it can't be asked this way.
  virtual bool close() noexcept = 0;

  /// Loads the page anew, also one that crashed.
  virtual void reload(Done done) = 0;

  /// Opens a tab on `url`, and then closes the one before.
  virtual void new_tab(std::string url, Done done) = 0;

 protected:
  static Error failed(const std::string& why) { return Error(errc::launch_failed, "the browser's control: " + why); }
};

}  // namespace webpool::browser
