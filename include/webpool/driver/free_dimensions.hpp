#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/error.hpp>
#include <webpool/model_info.hpp>
#include <webpool/shape.hpp>

/// `ModelOptions::free_dimensions`: values of free dimensions, by name or by input and axis.
namespace webpool::driver {

/// By name; by `axis_key` where there is none.
using DimensionValues = std::map<std::string, std::int64_t>;

/// "x[2]"
inline std::string axis_key(std::string_view input, std::size_t axis) {
  return std::string(input) + '[' + std::to_string(axis) + ']';
}

/// The free dimensions of some models.
class FreeDimensions {
 public:
  explicit FreeDimensions(std::span<const ModelInfo* const> models) {
    for (const ModelInfo* model : models) {
      for (const auto* specs : {&model->inputs, &model->outputs})
        for (const auto& spec : *specs)
          for (const auto& symbol : spec.symbols)
            if (!symbol.empty()) names_.insert(symbol);
      for (const auto& spec : model->inputs)
        for (std::size_t axis = 0; axis < spec.shape.rank(); ++axis)
          if (spec.shape[axis] == Shape::any) axes_[axis_key(spec.name, axis)].insert(spec.symbols[axis]);
    }
  }

  bool has(const std::string& name) const { return names_.contains(name); }

  /// The names of the dimension under that `axis_key`, one per model that has it, "" for none; null if no model has it.
  const std::set<std::string>* find_axis(const std::string& key) const {
    const auto found = axes_.find(key);
    return found == axes_.end() ? nullptr : &found->second;
  }

  /// The keys of all.
  std::string list() const {
    std::set<std::string> keys = names_;
    for (const auto& [key, names] : axes_)
      if (names.contains("")) keys.insert(key);
    std::string text;
    for (const auto& key : keys) text += (text.empty() ? "" : ", ") + key;
    return text.empty() ? "none" : text;
  }

 private:
  std::set<std::string> names_;
  std::map<std::string, std::set<std::string>> axes_;
};

/// The values, with names in place of axes that have one. `model` stands in the sentences. Throws
/// `errc::invalid_options` for a dimension that none of the models has, and for one with two values or with none.
inline DimensionValues check_free_dimensions(std::string_view model, std::span<const ModelInfo* const> models,
                                             const DimensionValues& given) {
  const FreeDimensions known(models);
  const std::string who = "model '" + std::string(model) + "'";
  DimensionValues values;
  const auto set = [&](const std::string& name, std::int64_t value) {
    const auto [place, added] = values.emplace(name, value);
    if (!added && place->second != value)
      throw Error(errc::invalid_options, "the free dimension '" + name + "' of " + who + " can't be both " +
                                             std::to_string(place->second) + " and " + std::to_string(value));
  };
  for (const auto& [key, value] : given) {
    const auto* names = known.has(key) ? nullptr : known.find_axis(key);
    if (!known.has(key) && !names)
      throw Error(errc::invalid_options, who + " has no free dimension '" + key + "'; it has: " + known.list());
    if (value < 0)
      throw Error(errc::invalid_options,
                  "the free dimension '" + key + "' is " + std::to_string(value) + ": no size of anything");
    if (!names)
      set(key, value);
    else
      for (const auto& name : *names) set(name.empty() ? key : name, value);
  }
  return values;
}

/// Puts the values that `check_free_dimensions` returned into the shapes.
inline void fill_in(ModelInfo& info, const DimensionValues& values) {
  for (auto* specs : {&info.inputs, &info.outputs})
    for (auto& spec : *specs) {
      std::vector<std::int64_t> extents(spec.shape.extents().begin(), spec.shape.extents().end());
      for (std::size_t axis = 0; axis < extents.size(); ++axis) {
        if (extents[axis] != Shape::any) continue;
        const std::string& symbol = spec.symbols[axis];
        const auto value = values.find(symbol.empty() ? axis_key(spec.name, axis) : symbol);
        if (value != values.end()) extents[axis] = value->second;
      }
      spec.shape = Shape(extents);
    }
}

}  // namespace webpool::driver
