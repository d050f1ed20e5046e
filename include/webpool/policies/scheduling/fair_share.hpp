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

/// Divides each lane between `RequestOptions::client`s by weight: start-time fair queueing. The request with the least
/// start tag S comes next:
///
///     S = max(v, F of the client's previous request)      F = S + rows / weight      v = S of the last one sent
///
/// While two clients f and g have requests waiting, the rows sent for them, divided by their weights, differ by at most
/// r_f / w_f + r_g / w_g, where r is a client's largest request. Idle time earns no credit, and a client is not
/// punished for having had the pool alone. See Goyal, Vin, Cheng, "Start-time fair queueing", SIGCOMM 1996, IEEE/ACM
/// ToN 5 (1997), and for several requests in flight Jin, Chase, Kaur, "Interposed proportional sharing for a storage
/// service utility", SIGMETRICS 2004. Unlike other fair queueing, it is fair at any speed of the server, and tabs come
/// and go.
///
/// The cost is `Request::rows`: all requests of a lane run the same model, so rows stand for time. If a request leaves
/// before its turn, its cost is refunded to requests that its client submits later, not to those that wait already.
///
/// Use it if one caller's backlog must not delay everybody. It is fair per model, not over all models together, and
/// ignores priorities and deadlines.
class FairShare {
 public:
  struct Settings {
    std::map<std::uint32_t, double>
        weights{};  ///< by client, within 10^-6 .. 10^6; 1 for other clients and for invalid values
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
    // A client that is not ahead of v needs no entry.
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
