#pragma once

#include <string>
#include <webpool/browser.hpp>
#include <webpool/browser/process.hpp>

namespace compare {

/// A browser on a page, launched with the flags and preferences of the pool, while this object lives.
class Browsing {
 public:
  /// Throws `webpool::Error` when there is no such browser, or it can't be started.
  Browsing(webpool::Browser kind, const std::string& url);

 private:
  webpool::browser::Process process_;
};

}  // namespace compare
