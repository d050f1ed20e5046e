#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/browser/command_table.hpp>
#include <webpool/browser/control.hpp>
#include <webpool/browser/descriptor.hpp>
#include <webpool/protocol/cdp_news.hpp>
#include <webpool/protocol/nul_messages.hpp>
#include <webpool/protocol/remote_command.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool::browser {

/// Controls a browser of the Chromium family by the DevTools Protocol on its debugging pipe. It only watches which
/// pages exist: nothing is attached to the page, except briefly for a `reload`.
class CdpPipe final : public Control {
 public:
  /// `socket`: our end of the debugging pipe, non-blocking. Throws std::system_error if it can't be watched.
  CdpPipe(asio::io_context& context, Descriptor socket, Handlers handlers)
      : handlers_(std::move(handlers)), stream_(context, socket.get()) {
    static_cast<void>(socket.release());  // the stream's now
    await_news();
    send(next("Target.setDiscoverTargets", {})
             .with_json("discover", "true")
             .with_json("filter", R"([{"type":"page"},{"exclude":true}])")
             .text());
  }

  bool close() noexcept override try {
    closing_ = true;
    return send(next("Browser.close", {}).text());
  } catch (...) {  // out of memory
    return false;
  }

  void reload(Done done) override {
    attach(std::move(done), [this](const std::string& session, Done end) {
      gone_ = false;
      send(next("Page.reload", [this, session, end = std::move(end)](const News& news) mutable {
             send(next("Target.detachFromTarget", {}).with("sessionId", session).text());
             pass_on(end, news);
           }).text(session));
    });
  }

  void new_tab(std::string url, Done done) override {
    send(next("Target.createTarget",
              [this, done = std::move(done)](const News& news) mutable {
                if (news.error.empty()) {
                  gone_ = false;
                  if (const std::string old = std::exchange(page_, news.target); !old.empty())
                    send(next("Target.closeTarget", {}).with("targetId", old).text());
                }
                pass_on(done, news);
              })
             .with("url", url)
             .text());
  }

  /// Ends the page's process as a crash would; `page_gone` follows. For tests of how a pool reacts.
  void crash_page(Done done) {
    attach(std::move(done), [this](const std::string& session, Done end) {
      send(next("Page.crash", {}).text(session));  // nobody is left to answer
      end(std::nullopt);
    });
  }

  /// Ends the GPU process as a crash would; the browser starts another one. For tests of how a pool reacts.
  void crash_gpu_process(Done done) {
    send(next("Browser.crashGpuProcess", [done = std::move(done)](const News& news) mutable {
           pass_on(done, news);
         }).text());
  }

 private:
  using News = protocol::CdpNews;

  static void pass_on(Done& done, const News& news) {
    done(news.error.empty() ? std::nullopt : std::optional(failed(news.error)));
  }

  protocol::RemoteCommand next(std::string_view method, CommandTable<News>::Then then) {
    return {commands_.add(std::move(then)), method};
  }

  /// Calls `use(session, done)` with a session on the page, or `done` with an error if there is none.
  template <class Use>
  void attach(Done done, Use use) {
    send(next("Target.attachToTarget",
              [use, done = std::move(done)](const News& news) mutable {
                if (news.error.empty())
                  use(news.session, std::move(done));
                else
                  pass_on(done, news);
              })
             .with("targetId", page_)
             .with_json("flatten", "true")
             .text());
  }

  /// Sends the whole message or nothing. Messages are far smaller than the socket's buffer, so a browser that leaves no
  /// room for one has not read for a long time. That counts as the end of the pipe.
  bool send(const std::string& text) {
    const auto sent = ::send(stream_.native_handle(), text.c_str(), text.size() + 1, send_flags);
    if (sent == static_cast<ssize_t>(text.size() + 1)) return true;
    asio::post(stream_.get_executor(), [this, known = std::weak_ptr(alive_)] {
      if (!known.expired()) commands_.fail_all("the debugging pipe is closed");
    });
    return false;
  }

  void await_news() {
    stream_.async_wait(stream_.wait_read, [this, known = std::weak_ptr(alive_)](const asio::error_code& failed) {
      if (!failed && !known.expired()) read_news();
    });
  }

  /// Reads what is there, but gives others a turn even if a browser never stops writing.
  void read_news() {
    std::array<char, 16'384> bytes;
    const ssize_t size = ::read(stream_.native_handle(), bytes.data(), bytes.size());
    if (size > 0) {
      const auto heed = [this](std::string_view message) { receive(message); };
      if (!messages_.add({bytes.data(), static_cast<std::size_t>(size)}, heed)) complain("a message is too long");
    }
    if (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR)))
      await_news();
    else
      commands_.fail_all("the debugging pipe is closed");
  }

  void receive(std::string_view message) {
    const Expected<News> news = protocol::read_cdp_news(parser_, message);
    if (!news) return complain(news.error().message());
    if (news->id != 0) {
      commands_.answer(*news);
    } else if (news->method == "Target.targetCreated") {
      if (page_.empty() && news->type == "page") page_ = news->target;
    } else if (!page_.empty() && news->target == page_ && !closing_) {
      if (news->method == "Target.targetCrashed") lose_page("its page's process ended: " + news->status);
      if (news->method == "Target.targetDestroyed") lose_page("its tab was closed");
    }
  }

  /// Once for each load: sometimes a browser reports one crash twice, and the second report would be mistaken for the
  /// loss of the page that replaced the crashed one.
  void lose_page(const std::string& reason) {
    if (!std::exchange(gone_, true)) handlers_.page_gone(reason);
  }

  /// Once is enough: a browser that keeps doing this must not fill the log.
  void complain(const std::string& what) {
    if (!std::exchange(complained_, true)) handlers_.log("ignored a message on a browser's debugging pipe: " + what);
  }

  Handlers handlers_;
  asio::posix::stream_descriptor stream_;
  CommandTable<News> commands_;
  protocol::NulMessages messages_;
  protocol::detail::HeaderParser parser_;
  std::string page_;   ///< the target of the pool's page; empty until the browser has named it
  bool gone_ = false;  ///< whether the page has gone since it was last loaded
  bool closing_ = false, complained_ = false;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);
};

}  // namespace webpool::browser
