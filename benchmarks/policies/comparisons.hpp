#pragma once

#include <chrono>
#include <string>
#include <webpool/clock.hpp>

#include "../report.hpp"

namespace comparison {

struct Settings {
  bool quick = false;  // fewer seeds and shorter days
  std::string plots;   // the folder
};

/// Until then, tabs start and load their models.
inline constexpr webpool::Duration start_of_load = std::chrono::seconds(5);

/// Each prints its tables, draws its plots and adds to the report.
void compare_selectors(const Settings&, Report&);
void compare_scalers(const Settings&, Report&);
void compare_memories(const Settings&, Report&);
void compare_schedulers(const Settings&, Report&);
void compare_payloads(const Settings&, Report&);

}  // namespace comparison
