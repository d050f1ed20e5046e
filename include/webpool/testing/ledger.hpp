#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/error.hpp>
#include <webpool/request.hpp>
#include <webpool/testing/request_record.hpp>

namespace webpool::testing {

/// Records every request and what became of it.
class Ledger {
 public:
  /// `start`: of the simulation.
  explicit Ledger(TimePoint start) : start_(start) {}

  Duration since_start(TimePoint now) const noexcept { return now - start_; }
  std::vector<RequestRecord>& records() noexcept { return records_; }

  void submitted(RequestId id, const Request& request, bool warm, TimePoint now) {
    numbers_[id] = records_.size();
    RequestRecord& record = records_.emplace_back();
    record.model = request.model;
    record.client = request.client;
    record.priority = request.priority;
    record.submitted = since_start(now);
    if (request.deadline != end_of_time) record.deadline = since_start(request.deadline);
    record.warm = warm;
  }

  /// Sent to a tab. Returns the request's number: how many were submitted before it.
  std::size_t sent(RequestId id, ConnectionId tab, Browser browser, Backend backend) {
    const std::size_t number = numbers_.at(id);
    records_[number].tab = tab;
    records_[number].browser = browser;
    records_[number].backend = backend;
    return number;
  }

  /// A tab began to compute. Ignored if the request has ended.
  void started(RequestId id, TimePoint now) {
    if (const auto found = numbers_.find(id); found != numbers_.end())
      records_[found->second].started = since_start(now);
  }

  void ended(RequestId id, const std::optional<Error>& error, TimePoint now) {
    const auto found = numbers_.find(id);
    if (found == numbers_.end()) {
      ++unknown_ends_;
      return;
    }
    RequestRecord& record = records_[found->second];
    record.ended = since_start(now);
    if (error) record.error = static_cast<errc>(error->code().value());
    numbers_.erase(found);
  }

  /// Ends of requests that had already ended, or never existed: a defect of the engine.
  std::uint64_t unknown_ends() const noexcept { return unknown_ends_; }

 private:
  TimePoint start_;
  std::vector<RequestRecord> records_;
  std::unordered_map<RequestId, std::size_t> numbers_;  // of requests that have not ended
  std::uint64_t unknown_ends_ = 0;
};

}  // namespace webpool::testing
