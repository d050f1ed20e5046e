#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/clock.hpp>
#include <webpool/driver/runtime.hpp>
#include <webpool/ids.hpp>
#include <webpool/request.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// A run of several requests.
struct BatchedRun {
  ModelIndex model;
  std::shared_ptr<Ticket> ticket = std::make_shared<Ticket>();
  std::vector<std::uint64_t> members{};
  std::vector<std::int64_t> rows{};  ///< of each, also of those that have ended
  std::size_t awaited = 0;           ///< members that have not ended
  bool repeatable = false;           ///< members still have their inputs
};

/// One of its requests.
struct BatchMember {
  ModelIndex model;
  Inputs inputs;  ///< empty once they are in a run that is not repeatable
  RequestOptions options;
  std::int64_t rows;
  TimePoint submitted, deadline;
  Runtime::Completion done;
  std::shared_ptr<BatchedRun> run{};  ///< null while it waits
};

/// The requests that run in batches or wait for that, by numbers from 1, and by their deadlines.
class BatchMembers {
 public:
  std::uint64_t add(BatchMember member) {
    const std::uint64_t number = ++made_;
    if (member.deadline != end_of_time) deadlines_.emplace(member.deadline, number);
    members_.emplace(number, std::move(member));
    return number;
  }

  /// Null when it has ended.
  BatchMember* find(std::uint64_t number) {
    const auto member = members_.find(number);
    return member == members_.end() ? nullptr : &member->second;
  }

  /// Takes it out; empty when it has ended.
  std::optional<BatchMember> take(std::uint64_t number) {
    auto member = members_.extract(number);
    if (!member) return std::nullopt;
    if (member.mapped().deadline != end_of_time) deadlines_.erase({member.mapped().deadline, number});
    return std::move(member.mapped());
  }

  TimePoint next_deadline() const { return deadlines_.empty() ? end_of_time : deadlines_.begin()->first; }
  /// The one with that deadline.
  std::uint64_t most_urgent() const { return deadlines_.begin()->second; }

 private:
  std::unordered_map<std::uint64_t, BatchMember> members_;
  std::set<std::pair<TimePoint, std::uint64_t>> deadlines_;
  std::uint64_t made_ = 0;
};

}  // namespace webpool::driver
