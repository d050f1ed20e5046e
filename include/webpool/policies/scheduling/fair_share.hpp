#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>
#include <webpool/concepts/scheduler.hpp>
#include <webpool/policies/scheduling/lanes.hpp>
#include <webpool/policies/scheduling/node_map.hpp>

namespace webpool::scheduling {

/// Shares each lane out between `RequestOptions::client`s by weight: start-time fair queueing. The least start tag S
/// comes next:
///
///     S = max(v, F of the client's request before)      F = S + rows / weight      v = S of the last one sent
///
/// While two clients f and g have requests waiting, the rows sent for them, divided by their weights, differ by at most
/// r_f / w_f + r_g / w_g, r being their largest request. Idle time earns nothing, and none is punished for having had
/// the pool alone. Goyal, Vin, Cheng, "Start-time fair queueing", SIGCOMM 1996, IEEE/ACM ToN 5 (1997); with several
/// requests in flight at once: Jin, Chase, Kaur, "Interposed proportional sharing for a storage service utility",
/// SIGMETRICS 2004. Chosen over other fair queueing because it is fair at any speed of the server: tabs come and go.
///
/// The cost is `Request::rows`: in a lane all requests run the same model, so rows stand for time. A request that
/// leaves before its turn is refunded to those that its client submits later, not to those that wait already.
///
/// Use it where one caller's backlog must not be everybody's. It is fair per model, not over all models together, and
/// looks at neither priority nor deadline.
class FairShare {
 public:
  struct Settings {
    std::map<std::uint32_t, double>
        weights{};  ///< by client, within 10^-6 .. 10^6; 1 for the others and for bad values
  };

  FairShare() = default;
  explicit FairShare(Settings settings) noexcept : settings_(std::move(settings)) {}

  void push(const Request& request) noexcept {
    if (request.model.value >= shares_.size()) shares_.resize(request.model.value + 1);
    Share& share = shares_[request.model.value];
    const double* finish = share.finish.find(request.client);
    const double start = finish ? std::max(share.now, *finish) : share.now;
    share.finish.set(request.client, start + cost(request));
    lanes_.push(request, start);
    // Who is not ahead of v is as good as unknown.
    if (share.finish.size() > 2 * (waiting(request.model) + share.kept) + 64) {
      share.finish.remove_if([&share](double each) { return each <= share.now; });
      share.kept = share.finish.size();
    }
  }

  auto front(ModelIndex model) const noexcept { return lanes_.front(model); }

  void erase(const Request& request) noexcept {
    Share& share = shares_[request.model.value];
    if (lanes_.front(request.model) == request.id) {
      share.now = std::max(share.now, lanes_.front_key(request.model));
    } else if (const double* finish = share.finish.find(request.client)) {
      share.finish.set(request.client, *finish - cost(request));
    }
    lanes_.erase(request);
  }

  std::size_t waiting(ModelIndex model) const noexcept { return lanes_.waiting(model); }

 private:
  struct Share {
    double now = 0;                                   // v
    detail::NodeMap<std::uint32_t, double> finish{};  // F by client
    std::size_t kept = 0;                             // clients after the last clean-up
  };

  double cost(const Request& request) const noexcept {
    const auto found = settings_.weights.find(request.client);
    const double weight = found == settings_.weights.end() || !(found->second > 0) ? 1 : found->second;
    return std::max(request.rows, 1u) / std::clamp(weight, 1e-6, 1e6);
  }

  Settings settings_{};
  std::vector<Share> shares_;  // by model
  detail::KeyedLanes<double> lanes_;
};

static_assert(Scheduler<FairShare>);

}  // namespace webpool::scheduling
