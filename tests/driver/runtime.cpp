#include <webpool/driver/runtime.hpp>

#include <memory>
#include <type_traits>
#include <webpool/driver/backlog.hpp>

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

TEST_CASE("a completion gives its place in the backlog back before it tells anybody") {
  const auto backlog = std::make_shared<Backlog>(webpool::BacklogLimits{.requests = 1, .bytes = 0});
  bool free = false;
  Completion done([&](const webpool::Expected<webpool::Outputs>&) { free = backlog->enter(1).has_value(); },
                  *backlog->enter(1));
  CHECK_FALSE(backlog->enter(1));
  done(webpool::Outputs());
  CHECK(free);
}
