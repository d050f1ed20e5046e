#pragma once

#include <string>
#include <string_view>
#include <webpool/error.hpp>

namespace webpool::driver {

/// What is wrong with a message that its link may not send now.
inline Error out_of_turn(std::string_view what) {
  return Error(errc::malformed_frame, "a '" + std::string(what) + "' is out of turn here");
}

}  // namespace webpool::driver
