#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>
#include <webpool/outputs.hpp>
#include <webpool/request.hpp>
#include <webpool/tensor.hpp>

namespace webpool::driver {

/// How often the caches of a pool had the answer, and how often not. Outlives the caches.
struct CacheCounts {
  std::atomic<std::uint64_t> hits = 0, misses = 0;
};

/// What a request asks of a model, as far as its answer depends on that.
struct Question {
  Inputs inputs;                     ///< by name, so that the order in which they are given makes no difference
  std::vector<std::string> outputs;  ///< wanted, in the order asked for
  std::vector<std::string> kept;     ///< of those, the ones that stay in a tab
  std::size_t hash = 0;              ///< of all that; equal questions have equal ones

  /// Refers to the tensors, which have their bytes here; reads each byte once.
  Question(Inputs given, const RequestOptions& options)
      : inputs(std::move(given)), outputs(options.outputs), kept(options.keep_on_device) {
    std::ranges::sort(inputs, {}, &NamedTensor::name);
    for (const auto& [name, tensor] : inputs) {
      mix(name);
      mix_number(static_cast<std::uint64_t>(tensor.datatype()));
      for (const std::int64_t extent : tensor.shape().extents()) mix_number(static_cast<std::uint64_t>(extent));
      mix({reinterpret_cast<const char*>(tensor.bytes().data()), tensor.bytes().size()});
    }
    for (const auto& name : outputs) mix(name);
    for (const auto& name : kept) mix(name);
  }

  /// Bytes of everything that is compared.
  std::size_t size() const noexcept {
    std::size_t bytes = 0;
    for (const auto& [name, tensor] : inputs) bytes += name.size() + tensor.bytes().size();
    for (const auto* names : {&outputs, &kept})
      for (const auto& name : *names) bytes += name.size();
    return bytes;
  }

  /// By every byte: what is only similar, or has the same hash by chance, is not equal.
  friend bool operator==(const Question& a, const Question& b) {
    return a.hash == b.hash && a.outputs == b.outputs && a.kept == b.kept &&
           std::ranges::equal(a.inputs, b.inputs, [](const NamedTensor& x, const NamedTensor& y) {
             return x.name == y.name && x.tensor.datatype() == y.tensor.datatype() &&
                    x.tensor.shape() == y.tensor.shape() && std::ranges::equal(x.tensor.bytes(), y.tensor.bytes());
           });
  }

 private:
  void mix_number(std::uint64_t value) noexcept {
    hash = (hash ^ static_cast<std::size_t>(value)) * std::size_t{0x9e3779b97f4a7c15u};
    hash ^= hash >> 29;
  }
  void mix(std::string_view bytes) noexcept { mix_number(std::hash<std::string_view>{}(bytes)); }
};

/// The tensors with bytes of their own: whoever lent or shared theirs may do with them as they please. What is in a tab
/// stays there.
inline std::vector<NamedTensor> copy_bytes(std::span<const NamedTensor> tensors) {
  std::vector<NamedTensor> copies;
  copies.reserve(tensors.size());
  for (const auto& [name, tensor] : tensors) {
    if (tensor.device()) {
      copies.push_back({name, tensor});
      continue;
    }
    const auto words =
        std::make_shared<std::vector<std::uint64_t>>((tensor.bytes().size() + 7) / 8);  // aligned for all
    const auto bytes = std::as_writable_bytes(std::span(*words)).first(tensor.bytes().size());
    std::ranges::copy(tensor.bytes(), bytes.begin());
    copies.push_back({name, Tensor(tensor.datatype(), tensor.shape(), bytes, words)});
  }
  return copies;
}

/// One model's answers to the questions asked last, within a bound of bytes. Safe from any thread; what takes time,
/// hashing and copying, is done outside of the lock. Equal questions that are asked at the same time are all misses.
class ResponseCache {
 public:
  /// Counted for each answer besides the bytes of its inputs and outputs: the list, the table and the tensors' heads.
  static constexpr std::size_t entry_overhead = 512;

  ResponseCache(std::size_t most_bytes, std::shared_ptr<CacheCounts> counts)
      : most_bytes_(most_bytes), counts_(std::move(counts)) {}

  /// The answer, which says `Outputs::from_cache`; its times are zero. Counts a hit or a miss. An answer that was in a
  /// tab that is gone is none.
  std::optional<Outputs> find(const Question& question) {
    std::list<Entry> gone;  // freed outside of the lock
    const std::lock_guard lock(mutex_);
    auto entry = locate(question);
    if (entry != entries_.end() && std::ranges::any_of(entry->answer, lost)) {
      erase(entry, gone);
      entry = entries_.end();
    }
    ++(entry == entries_.end() ? counts_->misses : counts_->hits);
    if (entry == entries_.end()) return std::nullopt;
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->answer;
  }

  /// The question with bytes of its own, for `add`, before the request leaves the caller's hands. Empty when no answer
  /// to it could be kept.
  std::optional<Question> remember(Question question) const {
    if (question.size() + entry_overhead > most_bytes_) return std::nullopt;
    question.inputs = copy_bytes(question.inputs);
    return question;
  }

  /// Keeps an answer; those used least recently make room. One that is too large for the cache is not kept. The
  /// question comes from `remember`.
  void add(Question question, const Outputs& outputs) {
    std::size_t bytes = question.size() + entry_overhead;
    for (const auto& [name, tensor] : outputs)
      bytes += name.size() + (tensor.device() ? tensor.device()->bytes() : tensor.bytes().size());
    if (bytes > most_bytes_) return;
    Outputs answer = Outputs(copy_bytes({outputs.begin(), outputs.end()}), outputs.shared_where(), {}).as_cached();
    std::list<Entry> fresh, gone;  // freed outside of the lock
    fresh.push_back({std::move(question), std::move(answer), bytes});
    const std::lock_guard lock(mutex_);
    if (locate(fresh.front().question) != entries_.end()) return;  // asked twice at the same time
    while (bytes_ + bytes > most_bytes_) erase(std::prev(entries_.end()), gone);
    bytes_ += bytes;
    entries_.splice(entries_.begin(), fresh);
    by_hash_.emplace(entries_.front().question.hash, entries_.begin());
  }

  std::size_t bytes() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return entries_.size();
  }

 private:
  struct Entry {
    Question question;
    Outputs answer;
    std::size_t bytes;
  };
  using Place = std::list<Entry>::iterator;

  static bool lost(const NamedTensor& output) { return output.tensor.device() && output.tensor.device()->lost(); }

  void erase(Place entry, std::list<Entry>& gone) {
    const auto [first, last] = by_hash_.equal_range(entry->question.hash);
    by_hash_.erase(std::find_if(first, last, [&](const auto& each) { return each.second == entry; }));
    bytes_ -= entry->bytes;
    gone.splice(gone.end(), entries_, entry);
  }

  Place locate(const Question& question) {
    const auto [first, last] = by_hash_.equal_range(question.hash);
    for (auto each = first; each != last; ++each)
      if (each->second->question == question) return each->second;
    return entries_.end();
  }

  const std::size_t most_bytes_;
  const std::shared_ptr<CacheCounts> counts_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  ///< the one used last is first
  std::unordered_multimap<std::size_t, Place> by_hash_;
  std::size_t bytes_ = 0;
};

}  // namespace webpool::driver
