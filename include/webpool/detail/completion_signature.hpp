#pragma once

#include <exception>

namespace webpool::detail {

/// What every asynchronous operation of the library completes with: null and a value, or an `Error` as an exception.
template <class Value>
using CompletionSignature = void(std::exception_ptr, Value);

}  // namespace webpool::detail
