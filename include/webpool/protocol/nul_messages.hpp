#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace webpool::protocol {

/// Cuts a stream of bytes into messages, each of which Chromium ends with a NUL on its debugging pipe.
/// For one thread at a time.
class NulMessages {
 public:
  /// Longer messages are dropped; the answers expected here are less than a tenth of this.
  static constexpr std::size_t longest = std::size_t{1} << 20;

  /// Calls `visit(std::string_view)` for each message that ends in `bytes`, however the stream was cut; the text is
  /// valid during the call. False if a message was dropped because it is longer than `longest`. `visit` must not call
  /// `add`.
  template <class Visit>
  bool add(std::string_view bytes, Visit visit) {
    bool whole = true;
    for (std::size_t end; (end = bytes.find('\0')) != bytes.npos; bytes.remove_prefix(end + 1)) {
      whole &= keep(bytes.substr(0, end));
      if (!std::exchange(dropping_, false)) visit(std::string_view(begun_));
      begun_.clear();
    }
    return keep(bytes) && whole;
  }

 private:
  bool keep(std::string_view part) {
    if (dropping_) return true;
    dropping_ = part.size() > longest - begun_.size();
    if (dropping_)
      begun_.clear();
    else
      begun_ += part;
    return !dropping_;
  }

  std::string begun_;
  bool dropping_ = false;
};

}  // namespace webpool::protocol
