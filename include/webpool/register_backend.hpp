#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/backend.hpp>
#include <webpool/detail/read_file.hpp>
#include <webpool/error.hpp>

namespace webpool {

/// A backend of the application's own: a JavaScript module that computes in the workers of the tabs.
///
/// The module exports
/// - `detect()`, which may be async: null when the backend can be used here, else why not, as a string;
/// - `create(model, options)`: a promise of a `Session` as js/backends/registry.js documents it. `model` has the bytes
///   of the model's file. What the session leaves out of `dispose`, `details` and its runs' `times` is filled in.
/// It may import the page's own modules, such as `/js/backends/ort.js`, but no file beside it.
struct BackendDescription {
  std::string name;  ///< 1 to 40 of the characters a-z 0-9 _ -
  std::filesystem::path module;
};

/// Makes a backend known to all pools of this process, for good, and returns the value that stands for it in
/// `ModelOptions::backends`, `Where`, `ExecutionStats` and the policies' tables. The place in `ModelOptions::backends`
/// is its priority. The file is read here, once. May be called from any thread and at any time; a second call with the
/// same name and content returns the same value.
///
/// Throws `errc::invalid_options`: a name that breaks the rule or is taken, a file that can't be read, more than five
/// backends.
inline Backend register_backend(const BackendDescription& description) {
  constexpr std::size_t longest_name = 40;
  const auto& [name, file] = description;
  const std::string who = "backend '" + name + "': ";
  if (name.empty() || name.size() > longest_name ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != name.npos)
    throw Error(errc::invalid_options, who + "a name has 1 to 40 of the characters a-z 0-9 _ -");
  if (std::ranges::find(detail::builtin_backend_names, name) != detail::builtin_backend_names.end())
    throw Error(errc::invalid_options, who + "the page has one of that name itself");
  const auto module = detail::read_file(file);
  if (!module) throw Error(errc::invalid_options, who + "can't read its module '" + file.string() + "'");
  detail::BackendTable& table = detail::BackendTable::instance();
  const auto place = table.find_or_add({name, module});
  if (!place)
    throw Error(errc::invalid_options,
                who + "there are " + std::to_string(table.size()) + " already, and no room for more");
  if (*table[*place].module != *module)
    throw Error(errc::invalid_options, who + "one of that name is registered with another module");
  return static_cast<Backend>(detail::builtin_backend_names.size() + *place);
}

}  // namespace webpool
