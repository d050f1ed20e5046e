#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/detail/logger.hpp>
#include <webpool/detail/token.hpp>
#include <webpool/driver/address.hpp>
#include <webpool/driver/browsers.hpp>
#include <webpool/driver/departures.hpp>
#include <webpool/driver/engine_port.hpp>
#include <webpool/driver/message_handlers.hpp>
#include <webpool/driver/refusals.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/driver/sinks.hpp>
#include <webpool/error.hpp>
#include <webpool/options.hpp>
#include <webpool/protocol/messages.hpp>

namespace webpool::driver {

/// What tabs say on their control links. Each `take` handles one message, and returns what is wrong with it; then the
/// link is closed. Touches the roster, the application's handlers and the engine. In the pool's loop.
class TabInbox {
 public:
  using JoinHandler = std::function<void(const BrowserInfo&)>;

  struct Uses {
    const PoolOptions& options;
    const webpool::detail::Logger& logger;
    const Address& address;
    EnginePort& port;
    Roster& roster;
    Refusals& refusals;
    Departures& departures;
    Browsers& browsers;
    MessageHandlers& messages;
    const Sinks& sinks;
  };

  explicit TabInbox(const Uses& uses) : uses_(uses) {}

  void on_join(JoinHandler handler) { join_handlers_.push_back(std::move(handler)); }
  /// Lets go of what callers gave, which may own what must not outlive the pool's thread.
  void clear() { join_handlers_.clear(); }

  std::optional<Error> take(Peer& from, protocol::Hello& hello) {
    if (from.tab) return out_of_turn("hello");
    if (const auto refusal = why_not(hello)) {
      uses_.refusals.add_tab(from, refusal->code, refusal->message);
      return std::nullopt;
    }
    const auto kind = hello.launch ? uses_.browsers.kind_of(*hello.launch) : std::nullopt;
    if (kind)
      hello.browser.browser = *kind;  // some kinds call themselves by another's name
    else
      hello.launch.reset();
    hello.browser.launched = kind.has_value();
    const auto id = uses_.port.engine.joined(hello.browser, hello.launch, uses_.port.turn());
    if (!id) {
      uses_.refusals.add_tab(
          from, protocol::Refusal::pool_full,
          "the pool already has as many tabs as it may have (" + std::to_string(uses_.options.max_connections) + ")");
      return std::nullopt;
    }
    if (hello.launch) uses_.browsers.expect_no_page(*hello.launch);
    const Tab& tab = uses_.roster.add_tab(*id, std::move(hello.browser), hello.launch, from);
    const std::string event = describe(tab.browser) + " joined";
    from.note(event);
    from.send(protocol::Welcome{*id, uses_.options.connection.health_interval});
    uses_.logger.info(event);
    for (const auto& handler : join_handlers_) handler(tab.browser);
    if (uses_.sinks) uses_.sinks.tell(&RunSink::joined, {tab.id, tab.browser});
    return std::nullopt;
  }

  std::optional<Error> take(Peer& from, const protocol::Pong& pong) {
    if (!from.tab) return out_of_turn("pong");
    uses_.port.engine.heard(from.tab->id, pong.timer_drift_ms, pong.hints);
    return std::nullopt;
  }

  std::optional<Error> take(Peer& from, const protocol::Trouble& news) {
    if (!from.tab) return out_of_turn("trouble");
    uses_.messages.page_trouble(from.tab->browser, news.source, news.message);
    return std::nullopt;
  }

  std::optional<Error> take(Peer& from, const protocol::Custom& message) {
    if (!from.tab) return out_of_turn("message");
    uses_.messages.deliver({from.tab->id, from.tab->browser, message.name, message.body, message.tensors});
    return std::nullopt;
  }

  std::optional<Error> take(Peer& from, const protocol::WorkerFailed& news) {
    if (!from.tab) return out_of_turn("worker_failed");
    Worker* const worker = uses_.roster.find(news.worker);
    if (!worker || worker->tab != from.tab->id) return std::nullopt;  // closed meanwhile
    uses_.roster.close_link(*worker, "the worker died");
    uses_.departures.worker_lost(*worker, "its worker died: " + news.message);
    return std::nullopt;
  }

 private:
  /// Why a page may not join, whatever the pool holds.
  std::optional<protocol::Refused> why_not(const protocol::Hello& hello) const {
    if (hello.version != protocol::version)
      return protocol::Refused{protocol::Refusal::version_mismatch,
                               "the page speaks version " + std::to_string(hello.version) +
                                   " of the protocol, this pool speaks " + std::to_string(protocol::version) +
                                   "; reload the page"};
    if (!webpool::detail::equal_in_constant_time(hello.token, uses_.address.token))
      return protocol::Refused{protocol::Refusal::wrong_token,
                               "the link's token does not belong to this pool; open the pool's join link again"};
    return std::nullopt;
  }

  const Uses uses_;
  std::vector<JoinHandler> join_handlers_;
};

}  // namespace webpool::driver
