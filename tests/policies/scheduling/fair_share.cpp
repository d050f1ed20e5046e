#include <webpool/policies/scheduling/fair_share.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <random>

#include "../../catch.hpp"
#include "order.hpp"

using namespace webpool;

namespace {
struct Clients {
  explicit Clients(scheduling::FairShare::Settings settings = {}) : share(std::move(settings)) {}

  RequestId push(std::uint32_t client, std::uint32_t rows = 1) {
    const RequestId id{requests.size()};
    requests.push_back({.id = id, .model = {}, .client = client, .rows = rows});
    share.push(requests.back());
    return id;
  }

  /// Sends the next one.
  Request serve() {
    const Request next = requests[share.front({}).value().value];
    share.erase(next);
    return next;
  }

  void cancel(RequestId id) { share.erase(requests[id.value]); }

  std::vector<Request> requests;
  scheduling::FairShare share;
};
}  // namespace

TEST_CASE("one client is served first come, first served") {
  Clients clients;
  for (int i = 0; i < 100; ++i) clients.push(7, 1 + static_cast<std::uint32_t>(i % 3));
  for (std::uint64_t i = 0; i < 100; ++i) CHECK(clients.serve().id == RequestId{i});
  CHECK_FALSE(clients.share.front({}));
}

TEST_CASE("a client with one request passes another's backlog") {
  Clients clients;
  for (int i = 0; i < 1000; ++i) clients.push(1);
  for (int i = 0; i < 10; ++i) clients.serve();
  const RequestId late = clients.push(2);
  CHECK(clients.serve().id == late);  // at most one of the other's goes first
}

TEST_CASE("clients get rows in proportion to their weights, within one request each") {
  // The bound of Goyal, Vin and Cheng, at every moment.
  std::mt19937 random(1);
  const std::array<double, 3> weights{1, 2, 5};
  constexpr std::uint32_t most_rows = 16;
  Clients clients({.weights = {{1, 2}, {2, 5}}});
  for (std::uint32_t client = 0; client < 3; ++client)
    for (int i = 0; i < 2000; ++i) clients.push(client, 1 + random() % most_rows);
  std::array<double, 3> got{};
  for (int i = 0; i < 2000; ++i) {
    const Request next = clients.serve();
    got[next.client] += next.rows / weights[next.client];
    for (std::size_t a = 0; a < 3; ++a)
      for (std::size_t b = 0; b < a; ++b)
        REQUIRE(std::abs(got[a] - got[b]) <= most_rows / weights[a] + most_rows / weights[b] + 1e-9);
  }
}

TEST_CASE("idle time earns nothing, and having been alone costs nothing") {
  Clients clients;
  for (int i = 0; i < 50; ++i) {
    clients.push(1);
    clients.serve();
  }
  for (int i = 0; i < 20; ++i) {
    clients.push(1);
    clients.push(2);
  }
  std::map<std::uint32_t, int> got;
  for (int i = 0; i < 20; ++i) ++got[clients.serve().client];
  CHECK(std::abs(got[1] - got[2]) <= 2);
}

TEST_CASE("what is cancelled is not charged to what comes later") {
  Clients clients;
  clients.push(1);
  const RequestId big = clients.push(1, 1'000'000);
  clients.cancel(big);
  for (int i = 0; i < 10; ++i) clients.push(2);
  clients.push(1);
  int before = 0;
  clients.serve();
  while (clients.serve().client != 1) ++before;
  CHECK(before <= 2);
}

TEST_CASE("lanes are shared out one by one, and with cancellations nothing is lost") {
  std::mt19937_64 random(1);
  scheduling::FairShare share;
  std::array<std::vector<Request>, 3> lanes;
  for (std::uint64_t i = 0; i < 30'000; ++i) {
    const auto model = static_cast<std::uint32_t>(random() % 3);
    std::vector<Request>& lane = lanes[model];
    if (lane.empty() || random() % 10 < ((i / 1000) % 2 == 0 ? 6u : 4u)) {
      // Ever new clients, too: they must not be remembered for ever.
      lane.push_back({.id = {i},
                      .model = {model},
                      .client = static_cast<std::uint32_t>(random() % 2 == 0 ? i : random() % 5),
                      .rows = static_cast<std::uint32_t>(random() % 4)});
      share.push(lane.back());
    } else {
      const auto gone = random() % 2 == 0 ? std::ranges::find(lane, share.front({model}).value(), &Request::id)
                                          : lane.begin() + static_cast<std::ptrdiff_t>(random() % lane.size());
      REQUIRE(gone != lane.end());
      share.erase(*gone);
      lane.erase(gone);
    }
    REQUIRE(share.waiting({model}) == lane.size());
    REQUIRE(share.front({model}).has_value() == !lane.empty());
  }
}

TEST_CASE("bad weights count as 1 or as the bound next to them") {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  Clients clients({.weights = {{1, nan}, {2, 0}, {3, -1}, {4, inf}, {5, 1e-300}}});
  for (int i = 0; i < 10; ++i)
    for (std::uint32_t client = 0; client < 6; ++client) clients.push(client, 0);
  std::map<std::uint32_t, int> got;
  for (int i = 0; i < 31; ++i) ++got[clients.serve().client];
  CHECK(got[4] == 10);
  CHECK(got[5] == 1);
  for (std::uint32_t client = 0; client < 4; ++client) CHECK(got[client] == 5);
}
