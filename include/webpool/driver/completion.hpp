#pragma once

#include <exception>
#include <memory>
#include <utility>
#include <webpool/driver/runtime.hpp>
#include <webpool/transport/asio.hpp>

namespace webpool::driver {

/// Wraps an Asio handler: it will run on its associated executor (without one: on the pool's thread), and that executor
/// has work to wait for until then.
template <class Value, class Handler>
detail::UniqueFunction<void(Expected<Value>)> complete_on_executor(Handler handler) {
  auto work = asio::make_work_guard(asio::get_associated_executor(handler));
  return [handler = std::move(handler), work = std::move(work)](Expected<Value> result) mutable {
    asio::dispatch(work.get_executor(), [handler = std::move(handler), result = std::move(result)]() mutable {
      if (result)
        std::move(handler)(std::exception_ptr(), std::move(*result));
      else
        std::move(handler)(std::make_exception_ptr(result.error()), Value());
    });
    work.reset();  // not before: a context that ends with this handler may be destroyed as soon as it has no more work
  };
}

/// A ticket that the handler's cancellation slot cashes in; null when the handler has no connected slot.
template <class Handler>
std::shared_ptr<Ticket> cancellation_ticket(const Handler& handler, const std::shared_ptr<Runtime>& runtime) {
  auto slot = asio::get_associated_cancellation_slot(handler);
  if (!slot.is_connected()) return nullptr;
  auto ticket = std::make_shared<Ticket>();
  slot.assign([ticket, weak = std::weak_ptr<Runtime>(runtime)](asio::cancellation_type wanted) {
    const auto alive = wanted == asio::cancellation_type::none ? nullptr : weak.lock();
    if (alive) alive->cancel(ticket);
  });
  return ticket;
}

}  // namespace webpool::driver
