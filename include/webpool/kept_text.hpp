#pragma once

#include <cstddef>
#include <utility>
#include <webpool/device_tensor.hpp>
#include <webpool/tensor.hpp>

namespace webpool {

/// A text that a decoder has read and written, in the tab whose cache knows it: what `GenerationOptions::keep` leaves
/// behind, and `GenerationOptions::text` goes on with. Copies share it; with the last one the cache is freed.
///
/// One generation goes on with it, once, and makes the next one of it. So nobody goes on with a cache that has become
/// another than they know: after that, and when its tab is gone, it is lost. All functions may be called from any
/// thread.
class KeptText {
 public:
  KeptText() = default;  ///< none

  /// `cache` is UINT8 [tokens, bytes of each] in a tab; it does not have the last of the `tokens` yet where that is
  /// `unread`.
  KeptText(Tensor cache, std::size_t tokens, bool unread)
      : cache_(std::move(cache)), tokens_(tokens), unread_(unread) {}

  /// Prompts and what was written; a stop token is no part of it.
  std::size_t tokens() const noexcept { return tokens_; }
  /// What its cache takes in the tab.
  std::size_t bytes() const noexcept { return cache_.device() ? cache_.device()->bytes() : 0; }
  bool lost() const noexcept { return cache_.device() && cache_.device()->lost(); }
  explicit operator bool() const noexcept { return cache_.device() != nullptr; }

  /// Whether it can go on without a prompt: its last token was written and not read.
  bool unread() const noexcept { return unread_; }
  const Tensor& cache() const noexcept { return cache_; }

 private:
  Tensor cache_{};
  std::size_t tokens_ = 0;
  bool unread_ = false;
};

}  // namespace webpool
