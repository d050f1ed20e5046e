// A host for the tests to end in every way there is:
//   launch_and_hang BROWSER EXECUTABLE hang|throw|return [URL]
// starts that browser, prints its process id and folder in one line, then does as the third word says.

#include <unistd.h>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <webpool/browser/process.hpp>

int main(int count, char** arguments) {
  if (count < 4) return 2;
  using namespace webpool::browser;
  const LaunchSpec spec{.installed = {webpool::parse_browser(arguments[1]).value(), arguments[2]},
                        .url = count > 4 ? arguments[4] : "about:blank",
                        .headless = true,
                        .options = {}};
  Process process = launch(spec).value();
  std::cout << process.id() << ' ' << process.folder().string() << std::endl;

  const std::string_view ending = arguments[3];
  if (ending == "throw") {
    std::this_thread::sleep_for(std::chrono::seconds(1));
    throw std::runtime_error("nobody catches this");
  }
  while (ending == "hang" && process.running()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  if (ending == "hang") std::cerr << process.exit_description() << '\n' << process.last_words() << '\n';
}
