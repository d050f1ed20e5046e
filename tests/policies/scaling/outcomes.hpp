#pragma once

#include <chrono>
#include <webpool/concepts/observer.hpp>

/// Tells a policy that runs ended.
template <class Policy>
void answer(Policy& policy, std::chrono::nanoseconds service, int times = 1, bool ok = true) {
  const webpool::Request request;
  for (int i = 0; i < times; ++i)
    policy.observe(
        {.request = request, .connection = {}, .joined = {}, .sent = {}, .ended = {}, .service = service, .ok = ok});
}
