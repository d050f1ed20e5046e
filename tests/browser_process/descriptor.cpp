#include <webpool/browser/descriptor.hpp>

#include "support.hpp"

using namespace webpool::browser;

TEST_CASE("a descriptor is numbered 10 or higher, close-on-exec, and closed with its owner") {
  int number = -1;
  {
    Descriptor opened(::open("/dev/null", O_RDONLY));
    number = opened.get();
    CHECK(number >= 10);
    CHECK((::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0);
    Descriptor moved(std::move(opened));
    CHECK_FALSE(opened);  // NOLINT(bugprone-use-after-move)
    CHECK(moved.get() == number);
  }
  CHECK(::fcntl(number, F_GETFD) == -1);
}

TEST_CASE("a failed open is an exception with errno's reason") {
  CHECK_THROWS_AS(Descriptor(::open("/nonexistent/file", O_RDONLY)), std::system_error);
}

TEST_CASE("what is written at one end of a pair is read at the other") {
  const auto [ours, theirs] = connected_pair();
  REQUIRE(::write(ours.get(), "word", 4) == 4);
  char word[4];
  REQUIRE(::read(theirs.get(), word, 4) == 4);
  CHECK(std::string(word, 4) == "word");
  ours.set_nonblocking();
  CHECK(::read(ours.get(), word, 4) == -1);
}
