#pragma once

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace webpool::detail {

template <class Signature>
class FunctionRef;

/// Refers to a callable object for the length of a call: C++26's `std::function_ref` for standard libraries that lack
/// it. Never allocates. The object must outlive it, as a lambda among the arguments of a call does.
template <class Result, class... Args>
class FunctionRef<Result(Args...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_object_v<std::remove_reference_t<F>> &&
           std::is_invocable_r_v<Result, F&, Args...>) FunctionRef(F&& function)  // NOLINT(google-explicit-constructor)
  noexcept
      : callable_(const_cast<void*>(static_cast<const void*>(std::addressof(function)))),
        call_([](void* callable, Args... args) -> Result {
          return std::invoke(*static_cast<std::add_pointer_t<F>>(callable), std::forward<Args>(args)...);
        }) {}

  Result operator()(Args... args) const { return call_(callable_, std::forward<Args>(args)...); }

 private:
  void* callable_;
  Result (*call_)(void*, Args...);
};

}  // namespace webpool::detail
