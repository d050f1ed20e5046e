#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/browser/command_table.hpp>
#include <webpool/browser/control.hpp>
#include <webpool/protocol/bidi_news.hpp>
#include <webpool/protocol/remote_command.hpp>
#include <webpool/transport/asio.hpp>
#include <webpool/transport/websocket_client.hpp>

namespace webpool::browser {

/// Controls Firefox by WebDriver BiDi, from one or two seconds after its start. Firefox listens on a loopback port of
/// its choice and accepts one session. Until this session is open, another program on the same machine could take it,
/// and then there is no control.
///
/// BiDi does not report crashes. But whatever ends a page ends its realm, which Firefox reports 10 to 20 ms after a
/// crash.
class BidiSession final : public Control {
 public:
  /// `profile`: where Firefox writes its port.
  BidiSession(asio::io_context& context, const std::filesystem::path& profile, Handlers handlers)
      : context_(context),
        timer_(context),
        port_file_(profile / "WebDriverBiDiServer.json"),
        handlers_(std::move(handlers)) {
    look_for_port(search_limit / search_interval);
  }

  bool close() noexcept override try {
    closing_ = true;
    if (!ready_ || context_.stopped()) return false;
    send(next("browser.close", {}).text());
    return true;
  } catch (...) {  // out of memory
    return false;
  }

  void reload(Done done) override {
    if (!ready_) return refuse(std::move(done));
    leaving_ = true;
    send(next("browsingContext.reload",
              [this, done = std::move(done)](const News& news) mutable {
                leaving_ &= news.error.empty();
                pass_on(done, news);
              })
             .with("context", tab_)
             .with("wait", "none")
             .text());
  }

  void new_tab(std::string url, Done done) override {
    if (!ready_) return refuse(std::move(done));
    send(next("browsingContext.create",
              [this, url = std::move(url), done = std::move(done)](const News& news) mutable {
                if (!news.error.empty()) return pass_on(done, news);
                realm_.clear();
                const std::string old = std::exchange(tab_, news.context);
                send(next("browsingContext.navigate",
                          [done = std::move(done)](const News& answer) mutable { pass_on(done, answer); })
                         .with("context", tab_)
                         .with("url", url)
                         .with("wait", "none")
                         .text());
                if (!old.empty()) send(next("browsingContext.close", {}).with("context", old).text());
              })
             .with("type", "tab")
             .text());
  }

 private:
  using News = protocol::BidiNews;
  using Milliseconds = std::chrono::milliseconds;

  /// On an idle machine the port is known after 0.3 s.
  static constexpr Milliseconds search_interval{50}, search_limit{60'000};

  static void pass_on(Done& done, const News& news) {
    done(news.error.empty() ? std::nullopt : std::optional(failed(news.error)));
  }

  void refuse(Done done) {
    asio::post(context_, [done = std::move(done)]() mutable { done(failed("there is no session with Firefox")); });
  }

  protocol::RemoteCommand next(std::string_view method, CommandTable<News>::Then then) {
    return {commands_.add(std::move(then)), method};
  }

  void send(const std::string& text) {
    if (socket_) socket_->send(text);
  }

  void look_for_port(long attempts) {
    std::ifstream file(port_file_, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (const auto address = protocol::read_bidi_address(text)) return connect(*address);
    if (attempts == 0) return give_up("Firefox did not announce a port");
    timer_.expires_after(search_interval);
    timer_.async_wait([this, attempts, known = std::weak_ptr(alive_)](const asio::error_code& aborted) {
      if (!aborted && !known.expired()) look_for_port(attempts - 1);
    });
  }

  void connect(const protocol::BidiAddress& address) {
    asio::error_code bad;
    const auto host = asio::ip::make_address(address.host, bad);
    if (bad || !host.is_loopback()) return give_up("it listens on '" + address.host + "', not only on this machine");
    socket_.emplace(context_, asio::ip::tcp::endpoint(host, address.port), "/session",
                    transport::WebSocketClient::Handlers{
                        .opened = [this] { begin_session(); },
                        .received = [this](std::string_view text) { receive(text); },
                        .closed = [this](const std::string& reason) { give_up(reason); },
                    });
  }

  void begin_session() {
    send(next("session.new",
              [this](const News& news) {
                if (!news.error.empty()) return give_up(news.error);
                send(next("session.subscribe",
                          [this](const News& answer) {
                            if (!answer.error.empty()) return give_up(answer.error);
                            ready_ = true;
                          })
                         .with_json("events", R"(["script.realmCreated","script.realmDestroyed"])")
                         .text());
              })
             .with_json("capabilities", "{}")
             .text());
  }

  /// The browser goes on without control: it is closed by a signal and watched by its page's heartbeat.
  void give_up(const std::string& why) {
    ready_ = false;
    if (!closing_ && !std::exchange(given_up_, true)) handlers_.log("can't control Firefox: " + why);
    commands_.fail_all(why);
  }

  void receive(std::string_view message) {
    const Expected<News> news = protocol::read_bidi_news(parser_, message);
    if (!news) return complain(news.error().message());
    if (news->id != 0) {
      commands_.answer(*news);
    } else if (news->method == "script.realmCreated") {
      // The browser's own pages, such as the one that replaces a crashed page, have no origin.
      if (news->type != "window" || news->origin == "null" || (!tab_.empty() && news->context != tab_)) return;
      tab_ = news->context;
      realm_ = news->realm;
      leaving_ = false;
    } else if (news->method == "script.realmDestroyed" && !realm_.empty() && news->realm == realm_) {
      realm_.clear();
      if (!closing_ && !leaving_) handlers_.page_gone("its page's process ended, or its tab was closed");
    }
  }

  /// Once is enough: a browser that keeps doing this must not fill the log.
  void complain(const std::string& what) {
    if (!std::exchange(complained_, true)) handlers_.log("ignored a message from Firefox: " + what);
  }

  asio::io_context& context_;
  asio::steady_timer timer_;
  std::filesystem::path port_file_;
  Handlers handlers_;
  CommandTable<News> commands_;
  protocol::detail::HeaderParser parser_;
  std::string tab_;    ///< the browsing context of the pool's page; empty until Firefox has named it
  std::string realm_;  ///< the page itself; empty while none of ours is loaded
  bool ready_ = false, closing_ = false, leaving_ = false, given_up_ = false, complained_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
  std::optional<transport::WebSocketClient> socket_;  ///< last, because its handlers use the other members
};

}  // namespace webpool::browser
