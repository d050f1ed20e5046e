#pragma once

#include <filesystem>
#include <string>
#include <vector>
#include <webpool/browser/find.hpp>
#include <webpool/resource_pool.hpp>

#include "../report.hpp"

namespace page {

struct Settings {
  std::filesystem::path models;
  bool quick = false;
};

/// The browsers here that have WebGPU.
inline std::vector<webpool::Browser> browsers() {
  std::vector<webpool::Browser> found;
  for (const auto kind : {webpool::Browser::chromium, webpool::Browser::firefox, webpool::Browser::headless_shell})
    if (webpool::browser::find(kind)) found.push_back(kind);
  return found;
}

inline webpool::PoolOptions one(webpool::Browser kind) {
  return {.max_connections = 1, .browsers = {kind}, .log = [](auto, std::string_view) {}};
}

/// A model file on its way from disk to tabs: the host's memory, and reads of the disk.
void measure_delivery(const Settings& settings, comparison::Report& report);

/// The first request after a load, with and without the warm-up run that compiles the pipelines.
void measure_precompilation(const Settings& settings, comparison::Report& report);

/// Text by a loop in the page, against a request for each token.
void measure_generation(const Settings& settings, comparison::Report& report);

/// A model that the browser has kept, against one that comes from the pool.
void measure_model_cache(const Settings& settings, comparison::Report& report);

/// One trunk for several heads on its device, against a trunk for each.
void measure_sharing(const Settings& settings, comparison::Report& report);
/// Several models loaded together: the time until the first answers, against loading one after the other.
void measure_parts(const Settings& settings, comparison::Report& report);

/// The log-mel kernel in its layouts of workgroups.
void measure_layouts(const Settings& settings, comparison::Report& report);

}  // namespace page
