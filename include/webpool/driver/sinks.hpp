#pragma once

#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>
#include <webpool/detail/logger.hpp>
#include <webpool/run_sink.hpp>

namespace webpool::driver {

/// The pool's run sinks. What one of them throws is logged, and the others are told all the same. In the pool's loop.
class Sinks {
 public:
  Sinks(const std::vector<std::shared_ptr<RunSink>>& sinks, const webpool::detail::Logger& logger)
      : sinks_(sinks), logger_(logger) {}

  /// False: nobody listens, so nothing need be recorded.
  explicit operator bool() const noexcept { return !sinks_.empty(); }

  /// `hears` is a member of `RunSink`.
  template <class Record>
  void tell(void (RunSink::*hears)(const Record&), const Record& record) const {
    for (const auto& sink : sinks_) try {
        ((*sink).*hears)(record);
      } catch (const std::exception& fault) {
        logger_.info(std::string("a run sink threw: ") + fault.what());
      } catch (...) {
        logger_.info("a run sink threw something that is not a std::exception");
      }
  }

 private:
  const std::vector<std::shared_ptr<RunSink>>& sinks_;
  const webpool::detail::Logger& logger_;
};

}  // namespace webpool::driver
