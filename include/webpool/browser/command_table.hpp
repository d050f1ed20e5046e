#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <webpool/detail/unique_function.hpp>

namespace webpool::browser {

/// The commands that a browser has not answered yet. `News` has an `id` and an `error`. For one thread at a time.
template <class News>
class CommandTable {
 public:
  using Then = webpool::detail::UniqueFunction<void(const News&)>;

  /// Returns the number of a new command. `then` is called once, with the answer or by `fail_all`.
  std::uint64_t add(Then then) {
    waiting_.emplace(++last_, std::move(then));
    return last_;
  }

  /// Passes an answer on; false if nobody waits for it.
  bool answer(const News& news) {
    auto entry = waiting_.extract(news.id);
    if (entry.empty()) return false;
    if (entry.mapped()) entry.mapped()(news);
    return true;
  }

  /// Answers all commands with an error and removes them.
  void fail_all(const std::string& error) {
    for (auto& [id, then] : std::exchange(waiting_, {})) {
      News news;
      news.id = id;
      news.error = error;
      if (then) then(news);
    }
  }

 private:
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Then> waiting_;
};

}  // namespace webpool::browser
