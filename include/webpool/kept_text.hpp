#pragma once

#include <cstddef>
#include <utility>
#include <webpool/device_tensor.hpp>
#include <webpool/tensor.hpp>

namespace webpool {

/// A text that a decoder has read and written, in the tab that holds its cache. `GenerationOptions::keep` leaves it
/// there, and `GenerationOptions::text` continues it. Copies share it. It lives until its last handle is destroyed.
///
/// It can be continued once; the result is a new text. A text is therefore never continued from another text's cache.
/// Once continued, or if its tab disappears, it is lost. Any thread may call any function.
class KeptText {
 public:
  KeptText() = default;  ///< none

  /// `cache` is UINT8 [tokens, bytes of each] in a tab. If the last of the `tokens` is `unread`, the cache does not
  /// have it yet.
  KeptText(Tensor cache, std::size_t tokens, bool unread)
      : cache_(std::move(cache)), tokens_(tokens), unread_(unread) {}

  /// Of prompts and of what was written; a stop token is not part of it.
  std::size_t tokens() const noexcept { return tokens_; }
  /// What its cache takes in the tab.
  std::size_t bytes() const noexcept { return cache_.device() ? cache_.device()->bytes() : 0; }
  bool lost() const noexcept { return cache_.device() && cache_.device()->lost(); }
  explicit operator bool() const noexcept { return cache_.device() != nullptr; }

  /// Whether it can be continued without a prompt: its last token was written but not read.
  bool unread() const noexcept { return unread_; }
  const Tensor& cache() const noexcept { return cache_; }

 private:
  Tensor cache_{};
  std::size_t tokens_ = 0;
  bool unread_ = false;
};

}  // namespace webpool
