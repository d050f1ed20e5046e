// A minute and a half of load on browsers that are renewed all the time: nothing grows, nothing is left. The long
// version is benchmarks/soak.sh.

#include "../support/soak.hpp"

#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;

TEST_CASE("browsers that are renewed under load lose no request, grow nothing and leave nothing", "[browser]") {
  support::Scripts elsewhere;
  const support::Variable variable("TMPDIR", elsewhere.folder().string());
  std::vector<support::Question> questions;
  const auto native = support::native(support::digits_file, "probabilities", support::ten_pictures());
  for (int digit = 0; digit < 10; ++digit)
    questions.push_back({support::picture(digit), native[static_cast<std::size_t>(digit)]});

  const auto figures =
      support::run_soak<support::BrowserPool>({.time = 90s, .maximum_requests = 2'000, .maximum_age = 25s},
                                              support::digits_file, questions, elsewhere.folder());
  for (const auto& each : figures) {
    CAPTURE(each.name, each.value, each.unit);
    // So short a time says little about memory and latency: those ratios are for the long version.
    if (each.at_most == 0) CHECK(each.met());
    if (each.name == "browsers renewed") CHECK(each.value >= 3);
    if (each.name == "requests") CHECK(each.value >= 1'000);
    if (each.name == "host memory, last quarter : first") CHECK(each.value <= 1.3);
  }
}
