#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/error.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>
#include <webpool/reliability/ladder.hpp>

namespace webpool::engine {

/// What the engine wants done. The driver carries actions out in order and reports what comes of them as events.
struct Launch {
  LaunchId launch;
  Browser browser = Browser::other;
};
/// End that browser process, gracefully first. Its connection, if it has one, is closed by an action of its own.
struct CloseBrowser {
  LaunchId launch;
};
/// Let that tab start a worker; when the worker attaches, send it the model.
struct OpenWorker {
  ConnectionId connection;
  WorkerId worker;
  ModelIndex model;
};
struct CloseWorker {
  ConnectionId connection;
  WorkerId worker;
  std::optional<Error> trouble{};  // that it ends with
};
struct CloseConnection {
  ConnectionId connection;
  std::string message;
  bool failed = false;  // in a way that somebody should look into
};
/// Let that tab load its page again: it joins once more, as another connection, of the same launch if it has one.
struct ReloadPage {
  ConnectionId connection;
  std::string message;
};
/// Open a tab of that browser on the pool's link in place of the one that it had, which may be gone already.
struct NewTab {
  ConnectionId connection;
  LaunchId launch;
  std::string message;
};
/// Only for sinks (`PoolOptions::sinks`): a rung of the ladder is climbed for that tab, which may be gone. Comes before
/// the actions that climb it.
struct Repairs {
  ConnectionId connection;
  std::shared_ptr<const BrowserInfo> browser;
  reliability::Trouble trouble;
  reliability::Rung rung;
  std::string message;
};
/// Only for sinks: the scaling policy changes the number of tabs.
struct Scales {
  std::size_t before = 0, wanted = 0;
};
struct Ping {
  ConnectionId connection;
};
/// Send that request's tensors to that worker.
struct Run {
  WorkerId worker;
  RequestId request;
};
struct CancelRun {
  WorkerId worker;
  RequestId request;
};
/// Keep the result that `Engine::finished` just told of, and the inputs: an own tab is to compute it again. Comes at
/// most once per request.
struct HoldResult {
  RequestId request;
};
/// Tell the caller: an error, else a result: the one that was held, or that which `Engine::finished` just told of. The
/// request's id is not valid afterwards. Comes exactly once per request.
struct Complete {
  RequestId request;
  std::optional<Error> error;
  bool held = false;
};
/// The model is loaded in as many tabs as asked for, or will never be. Comes exactly once per model that is not removed
/// before.
struct ModelReady {
  ModelIndex model;
  std::optional<Error> error;
};

using Action = std::variant<Launch, CloseBrowser, OpenWorker, CloseWorker, CloseConnection, ReloadPage, NewTab, Ping,
                            Run, CancelRun, HoldResult, Complete, ModelReady, Repairs, Scales>;
using Actions = std::vector<Action>;

}  // namespace webpool::engine
