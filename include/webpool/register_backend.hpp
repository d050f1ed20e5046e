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

/// A backend of the application: a JavaScript module that computes in the tabs' workers.
///
/// The module exports
/// - `detect()`, which may be async: null if the backend can be used here, otherwise a string that says why not;
/// - `create(model, options)`: a promise of a `Session` as js/backends/registry.js documents it. `model` has the bytes
///   of the model's file. If the session lacks `dispose`, `details` or its runs' `times`, they are filled in.
/// It may import the page's own modules, such as `/js/backends/ort.js`, but no file beside it.
struct BackendDescription {
  std::string name;  ///< 1 to 40 of the characters a-z 0-9 _ -
  std::filesystem::path module;
};

/// Makes a backend known to all pools of this process, permanently, and returns the value that stands for it in
/// `ModelOptions::backends`, `Where`, `ExecutionStats` and the policies' tables. Its position in
/// `ModelOptions::backends` is its priority. The file is read once, by this call. Any thread may call it at any time. A
/// second call with the same name and content returns the same value.
///
/// Throws `errc::invalid_options` if the name breaks the rule or is taken, if the file can't be read, or if there are
/// five backends already.
inline Backend register_backend(const BackendDescription& description) {
  constexpr std::size_t longest_name = 40;
  const auto& [name, file] = description;
  const std::string who = "backend '" + name + "': ";
  if (name.empty() || name.size() > longest_name ||
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != name.npos)
    throw Error(errc::invalid_options, who + "a name must have 1 to 40 of the characters a-z 0-9 _ -");
  if (std::ranges::find(detail::builtin_backend_names, name) != detail::builtin_backend_names.end())
    throw Error(errc::invalid_options, who + "the page already has a backend of that name");
  const auto module = detail::read_file(file);
  if (!module) throw Error(errc::invalid_options, who + "can't read its module '" + file.string() + "'");
  detail::BackendTable& table = detail::BackendTable::instance();
  const auto place = table.find_or_add({name, module});
  if (!place)
    throw Error(errc::invalid_options,
                who + "there are " + std::to_string(table.size()) + " backends already, and no room for more");
  if (*table[*place].module != *module)
    throw Error(errc::invalid_options, who + "a backend of that name is registered with another module");
  return static_cast<Backend>(detail::builtin_backend_names.size() + *place);
}

}  // namespace webpool
