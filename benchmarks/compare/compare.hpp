#pragma once

#include <string>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/error.hpp>

namespace compare {

using Arguments = std::vector<std::string>;

/// The browser of that name. Throws `errc::invalid_options`.
inline webpool::Browser browser_named(const std::string& name) {
  if (const auto browser = webpool::parse_browser(name)) return *browser;
  throw webpool::Error(webpool::errc::invalid_options, "no browser is called '" + name + "'");
}

// The modes of benchmark_compare. Each is a contender of contender.py: reads tasks, prints answers.

/// `pool BROWSER MIN_TABS MAX_TABS IN_FLIGHT BUSY_POLL_US SOURCES MODELS`: the library, with so many requests in flight
/// per tab.
int pool(const Arguments& arguments);
/// `echo BROWSER SOURCES WORKER`: websocketpp alone, with a page whose worker, page/WORKER, sends back what comes.
int echo(const Arguments& arguments);
/// `browse BROWSER URL`: a browser on a page, launched as the pool does, for contenders that have no launcher.
int browse(const Arguments& arguments);

// Modes that scale.py uses.

/// `scale TABS IDLE_SECONDS REQUESTS`: a pool with so many scripted tabs, which are another process; prints what they
/// cost it idle and busy, as a line of JSON.
int scale(const Arguments& arguments);
/// `scale_tabs LINK TABS`: that other process; joins so many times, and answers until the pool closes.
int scale_tabs(const Arguments& arguments);
/// `deliver MIB`: a model of that size goes to a scripted tab; prints what the host's memory grows by meanwhile.
int deliver(const Arguments& arguments);

}  // namespace compare
