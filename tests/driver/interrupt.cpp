#include <webpool/driver/interrupt.hpp>

#include "../catch.hpp"

using namespace webpool;

TEST_CASE("work goes on until it is interrupted, and from then on at no check") {
  driver::Interrupt interrupt;
  CHECK_NOTHROW(interrupt.check());
  interrupt.raise();
  for (int i = 0; i < 2; ++i) {
    try {
      interrupt.check();
      FAIL("it went on");
    } catch (const Error& error) {
      CHECK(error.code() == errc::cancelled);
    }
  }
}
