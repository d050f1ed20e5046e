#include "browse.hpp"

#include <webpool/browser/find.hpp>

#include "compare.hpp"
#include "lines.hpp"

namespace compare {

namespace {

webpool::browser::Installed installed(webpool::Browser kind) {
  if (auto found = webpool::browser::find(kind)) return *std::move(found);
  throw webpool::Error(webpool::errc::no_browser_found, std::string(webpool::browser::how_to_install(kind)));
}

}  // namespace

Browsing::Browsing(webpool::Browser kind, const std::string& url)
    : process_(
          webpool::browser::launch({.installed = installed(kind), .url = url, .options = {}, .graphics = {}}).value()) {
}

int browse(const Arguments& arguments) {
  const Browsing browser(browser_named(arguments.at(0)), arguments.at(1));
  serve({}, [](const Task&) -> std::string {
    throw webpool::Error(webpool::errc::invalid_options, "a browser on a page takes no tasks");
  });
  return 0;
}

}  // namespace compare
