#include <webpool/source/generator.hpp>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "../catch.hpp"
#include "../support/byte_sources.hpp"

using namespace webpool;
using namespace webpool::testing;

TEST_CASE("a generator makes what is asked for, and may know its hash", "[source]") {
  const auto squares = [](std::uint64_t offset, std::span<std::byte> into) {
    into[0] = static_cast<std::byte>(offset * offset);
    return std::size_t{1};
  };
  const auto source = source::generator(6, squares, "abc");
  CHECK(source->size() == 6);
  CHECK(text_of(source) == std::string("\0\1\4\x9\x10\x19", 6));
  CHECK(source->sha256() == "abc");
  CHECK_FALSE(source::generator(6, squares)->sha256());
  CHECK(source->in_memory().empty());
  CHECK_FALSE(source->on_disk());
}

TEST_CASE("one thread at a time calls a generator", "[source]") {
  std::atomic<int> inside = 0, most = 0;
  const auto source = source::generator(1000, [&](std::uint64_t, std::span<std::byte> into) {
    most = std::max<int>(most, ++inside);
    std::this_thread::yield();
    --inside;
    return into.size();
  });
  std::vector<std::thread> threads;
  for (int each = 0; each < 4; ++each)
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) text_of(source);
    });
  for (auto& thread : threads) thread.join();
  CHECK(most == 1);
}
