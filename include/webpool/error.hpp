#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace webpool {

/// Everything that can go wrong, grouped by what the caller can do about it.
enum class errc {
  // before the pool runs
  invalid_options = 1,  ///< options contradict each other; the message names both
  no_browser_found,     ///< nothing to launch is installed
  address_in_use,       ///< the port is taken
  runtime_missing,      ///< the ONNX Runtime Web files are not where they were looked for
  // models
  model_not_found,  ///< no such file
  model_invalid,    ///< empty, truncated, or not ONNX
  model_released,   ///< the handle's model is no longer loaded
  no_backend,       ///< no backend of the list, or none at all, can hold the model; the message has each reason
  load_failed,      ///< the page could not fetch or build the model
  // requests
  unknown_input,
  missing_input,
  wrong_datatype,
  wrong_shape,
  unknown_output,
  bad_input,             ///< the runtime refused inputs that passed the host's checks; an impossible prompt or output
  run_failed,            ///< the runtime refused or failed the run
  device_lost,           ///< the GPU device behind the session went away
  tensor_lost,           ///< the tab that held a tensor of the request is gone, or no longer holds it
  tensor_elsewhere,      ///< the tensor's elements are in a tab, or in one of another pool
  cancelled,             ///< by the caller
  deadline_exceeded,     ///< the request's own deadline passed
  would_block,           ///< the pool holds as much as it may, and the caller chose not to wait
  queue_full,            ///< the scheduler's limit for waiting requests is reached
  deadline_unreachable,  ///< refused at once, because it could not be done in time
  policy_failed,         ///< a policy of the pool broke its contract; the message says how
  timed_out,             ///< no answer within the pool's message time-out
  pool_closed,
  invalid_message,  ///< a message of the application that the wire can't carry
  would_deadlock,   ///< a blocking call on the pool's own thread
  // browsers and connections
  launch_failed,    ///< the browser could not be started or died at once; the message has its last words
  connect_timeout,  ///< the browser runs but its page never said hello
  connection_lost,  ///< the tab went away while it held the request
  wrong_token,
  foreign_origin,
  version_mismatch,
  malformed_frame,
  message_too_large,
};

/// The category of `errc`. Its messages are the short form; `Error::what()` has the facts.
inline const std::error_category& error_category() noexcept {
  struct Category final : std::error_category {
    const char* name() const noexcept override { return "webpool"; }
    std::string message(int value) const override {
      switch (static_cast<errc>(value)) {
        case errc::invalid_options: return "invalid options";
        case errc::no_browser_found: return "no browser found";
        case errc::address_in_use: return "address in use";
        case errc::runtime_missing: return "ONNX Runtime Web files missing";
        case errc::model_not_found: return "model file not found";
        case errc::model_invalid: return "not a valid ONNX model";
        case errc::model_released: return "model released";
        case errc::no_backend: return "no usable backend";
        case errc::load_failed: return "model load failed";
        case errc::unknown_input: return "unknown input";
        case errc::missing_input: return "missing input";
        case errc::wrong_datatype: return "wrong datatype";
        case errc::wrong_shape: return "wrong shape";
        case errc::unknown_output: return "unknown output";
        case errc::bad_input: return "bad input";
        case errc::run_failed: return "run failed";
        case errc::device_lost: return "GPU device lost";
        case errc::tensor_lost: return "tensor lost with its tab";
        case errc::tensor_elsewhere: return "tensor is elsewhere";
        case errc::cancelled: return "cancelled";
        case errc::deadline_exceeded: return "deadline exceeded";
        case errc::would_block: return "would block";
        case errc::queue_full: return "queue full";
        case errc::deadline_unreachable: return "deadline unreachable";
        case errc::policy_failed: return "policy failed";
        case errc::timed_out: return "timed out";
        case errc::pool_closed: return "pool closed";
        case errc::invalid_message: return "invalid message";
        case errc::would_deadlock: return "blocking call on the pool's thread";
        case errc::launch_failed: return "browser launch failed";
        case errc::connect_timeout: return "browser did not connect in time";
        case errc::connection_lost: return "connection lost";
        case errc::wrong_token: return "wrong token";
        case errc::foreign_origin: return "foreign origin or host";
        case errc::version_mismatch: return "protocol version mismatch";
        case errc::malformed_frame: return "malformed frame";
        case errc::message_too_large: return "message too large";
      }
      return "unknown error";
    }
  };
  static const Category category;
  return category;
}

inline std::error_code make_error_code(errc value) noexcept { return {static_cast<int>(value), error_category()}; }

/// A code to branch on and a sentence with the facts (model, browser, expected and given shape ...).
/// Thrown by blocking calls, delivered by asynchronous ones, returned per item by `execute_concurrent`.
class Error : public std::exception {
 public:
  Error(errc code, std::string message) : code_(make_error_code(code)), message_(std::move(message)) {}

  const std::error_code& code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::error_code code_;
  std::string message_;
};

}  // namespace webpool

template <>
struct std::is_error_code_enum<webpool::errc> : std::true_type {};
