#pragma once

#include <chrono>
#include <concepts>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/clock.hpp>
#include <webpool/ids.hpp>
#include <webpool/request.hpp>

namespace webpool {

/// How one run ended.
struct Outcome {
  const Request& request;
  ConnectionIndex connection;
  TimePoint joined;  ///< when the tab joined; another one may have had its index before
  Browser browser = Browser::other;
  Backend backend = Backend::wasm;
  TimePoint sent, ended;
  /// How long the tab was busy with it: until its answer, from when it was sent or from the tab's previous answer for
  /// that model, whichever came later.
  std::chrono::nanoseconds service{0};
  bool ok = true;
};

/// Optional for a policy of any kind: it is told how runs end. A policy that learns nothing pays nothing.
///
/// | expression     | result | contract                                                                              |
/// |----------------|--------|---------------------------------------------------------------------------------------|
/// | `p.observe(o)` | `void` | called on the pool's strand for each run that a tab answered or failed, but not for   |
/// |                |        | runs that were cancelled or ran out of time; must not block                           |
///
/// `o` is a `const Outcome&`, valid during the call.
template <class P>
concept Observer = requires(P p, const Outcome& o) {
  { p.observe(o) }
  noexcept->std::same_as<void>;
};

}  // namespace webpool
