#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/detail/read_file.hpp>
#include <webpool/error.hpp>

namespace webpool::driver {

/// The modules of `PoolOptions::page_modules`, which pages import before they join.
class PageModules {
 public:
  /// Reads the files. Throws `errc::invalid_options` for one that can't be read, for a name that is no plain name of a
  /// module (letters, digits, `.`, `_`, `-`, ending in .js or .mjs), and for two of one name.
  explicit PageModules(const std::vector<std::filesystem::path>& files) {
    for (const auto& file : files) {
      const std::string name = file.filename().string(), which = "page module '" + file.string() + "'";
      if (!is_module_name(name))
        throw Error(errc::invalid_options,
                    which + ": a module's name has letters, digits, '.', '_' and '-', and ends in .js or .mjs");
      auto bytes = webpool::detail::read_file(file);
      if (!bytes) throw Error(errc::invalid_options, which + " can't be read");
      if (!modules_.emplace(name, std::move(bytes)).second)
        throw Error(errc::invalid_options, which + ": another module has that name");
      list_ += (list_.empty() ? "[\"/modules/" : ",\"/modules/") + name + '"';
    }
    list_ += list_.empty() ? "[]" : "]";
  }

  /// A module's text; null when there is none of that name.
  std::shared_ptr<const std::string> find(std::string_view name) const {
    const auto module = modules_.find(name);
    return module == modules_.end() ? nullptr : module->second;
  }

  /// Their addresses as a JSON array, in the order given.
  const std::string& list() const noexcept { return list_; }

 private:
  static bool is_module_name(std::string_view name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return (name.ends_with(".js") || name.ends_with(".mjs")) && !name.starts_with('.') &&
           name.find_first_not_of(allowed) == name.npos;
  }

  std::map<std::string, std::shared_ptr<const std::string>, std::less<>> modules_;
  std::string list_;
};

}  // namespace webpool::driver
