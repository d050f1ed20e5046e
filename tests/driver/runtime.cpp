#include <webpool/driver/runtime.hpp>

#include <type_traits>

#include "../catch.hpp"

using namespace webpool::driver;

static_assert(std::is_abstract_v<Runtime> && std::has_virtual_destructor_v<Runtime>);
static_assert(!std::is_copy_constructible_v<Runtime::Completion> &&
              std::is_nothrow_move_constructible_v<Runtime::Completion>);

TEST_CASE("a fresh ticket stands for no request") {
  const Ticket ticket;
  CHECK(ticket.request == webpool::RequestId{});
  CHECK(ticket.member == 0);
  CHECK_FALSE(ticket.cancelled);
}
