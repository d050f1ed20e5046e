#pragma once

#include <memory>
#include <system_error>
#include <utility>
#include <webpool/browser/bidi_session.hpp>
#include <webpool/browser/cdp_pipe.hpp>
#include <webpool/browser/control.hpp>
#include <webpool/browser/launch_spec.hpp>
#include <webpool/browser/process.hpp>
#include <webpool/expected.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool::browser {

/// The control of a browser that has just been launched. Call this once, and pass the result to `Process::use`, on the
/// thread that runs `context` or before it runs. Errors: errc::launch_failed, if there are no descriptors left.
inline Expected<std::unique_ptr<Control>> attach_control(asio::io_context& context, Browser kind, Process& process,
                                                         Control::Handlers handlers) try {
  if (is_chromium_family(kind))
    return std::unique_ptr<Control>(std::make_unique<CdpPipe>(context, process.take_debugging(), std::move(handlers)));
  return std::unique_ptr<Control>(
      std::make_unique<BidiSession>(context, process.folder() / "profile", std::move(handlers)));
} catch (const std::system_error& error) {
  return Error(errc::launch_failed, "a browser can't be controlled: " + error.code().message());
}

}  // namespace webpool::browser
