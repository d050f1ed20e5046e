#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/browser.hpp>
#include <webpool/datatype.hpp>
#include <webpool/driver/avoided_ways.hpp>
#include <webpool/driver/decoder.hpp>
#include <webpool/driver/fastest_ways.hpp>
#include <webpool/driver/model_file.hpp>
#include <webpool/ids.hpp>
#include <webpool/options.hpp>
#include <webpool/outputs.hpp>
#include <webpool/protocol/frame.hpp>
#include <webpool/protocol/messages.hpp>

namespace webpool::driver {

/// What a tab is asked to load, and the backends that the options rule out there.
struct LoadPlan {
  protocol::Load message;  ///< without backends when none is left
  std::vector<BackendFailure> passed_over;
};

/// Where the pool serves the module of a backend of that name.
inline std::string backend_address(std::string_view name) { return "/backends/" + std::string(name) + ".js"; }

/// The backends to try there, in order: the model's, or the default ones.
inline std::vector<Backend> backends_for(const ModelOptions& model, const BrowserInfo& browser) {
  if (!model.backends.empty()) return model.backends;
  const bool software = browser.webgpu && browser.webgpu->software == true;
  return software ? std::vector{Backend::webnn, Backend::wasm, Backend::webgpu}
                  : std::vector{Backend::webnn, Backend::webgpu, Backend::wasm};
}

/// Whether a tab may try WebNN for a model; only then may its worker make functions from text.
inline bool may_use_webnn(const ModelOptions& model, const BrowserOptions& options, const BrowserInfo& browser) {
  const auto backends = backends_for(model, browser);
  return std::ranges::find(backends, Backend::webnn) != backends.end() &&
         std::ranges::any_of(options.webnn_devices, [&](WebnnDevice device) {
           const auto found = browser.webnn.find(device);
           return found != browser.webnn.end() && found->second.empty();
         });
}

/// The datatypes that ONNX Runtime Web leaves on the GPU.
inline bool may_stay_on_gpu(Datatype datatype) noexcept {
  switch (datatype) {
    case Datatype::float32:
    case Datatype::float16:
    case Datatype::int32:
    case Datatype::int64:
    case Datatype::uint32:
    case Datatype::uint8:
    case Datatype::boolean: return true;
    default: return false;
  }
}

/// Where pages find the file: at the `url` where there is one, or at the pool.
inline protocol::ModelSource source_of(const ModelFile& file, const std::string& url = {}) {
  protocol::ModelSource source{file.name,   file.sha256,
                               file.size,   url.empty() ? "/models/" + file.sha256 : url,
                               file.kernel, !file.kernel && !why_no_decoder(file.info)};
  for (const ServedFile& part : file.external)
    source.external.push_back({part.name, part.sha256, part.size, "/models/" + part.sha256});
  return source;
}

/// The same for a model whose outputs other models of its worker may use.
inline protocol::ModelSource shared_source_of(const ModelFile& file, const std::string& url = {}) {
  protocol::ModelSource source = source_of(file, url);
  source.device_outputs.emplace();
  for (const auto& output : file.info.outputs)
    if (may_stay_on_gpu(output.datatype)) source.device_outputs->push_back(output.name);
  return source;
}

/// Where a model is to be loaded.
struct LoadSite {
  const BrowserInfo& tab;
  const BrowserOptions& browser;
  const MemorySettings& memory;
  /// What a comparison found in a tab of this kind, null without one. It is tried first, and no other comparison is
  /// made.
  const FastestWay* known = nullptr;
  std::vector<AvoidedWays::Avoided> avoided{};  ///< in a tab of this kind
};

/// Leaves out what went wrong in such a tab, unless nothing else is left.
inline void leave_out(LoadPlan& plan, const std::vector<AvoidedWays::Avoided>& avoided) {
  std::vector<protocol::BackendChoice> left;
  std::vector<BackendFailure> out;
  for (const auto& choice : plan.message.backends) {
    const auto found = std::ranges::find(avoided, Way{choice.backend, choice.device}, &AvoidedWays::Avoided::way);
    if (found == avoided.end())
      left.push_back(choice);
    else
      out.push_back({choice.backend, found->reason});
  }
  if (left.empty()) return;
  plan.message.backends = std::move(left);
  plan.passed_over.insert(plan.passed_over.end(), out.begin(), out.end());
}

/// Its addresses have 32 bits.
inline constexpr std::uint64_t most_in_webassembly = std::uint64_t{1} << 32;

/// The model's list of backends as one browser's options allow it: WebNN once per device, WebGPU unless switched
/// off, WASM unless the model is too large, the application's own with the address of their module.
inline LoadPlan plan_load(WorkerId worker, std::span<const ModelFile> files, const ModelOptions& model,
                          const LoadSite& site) {
  const BrowserOptions& browser = site.browser;
  const FastestWay* const known = site.known;
  LoadPlan plan;
  plan.message.id = worker.value;
  plan.message.model =
      files.size() > 1 ? shared_source_of(files.front(), model.url) : source_of(files.front(), model.url);
  for (const ModelFile& part : files.subspan(1)) plan.message.parts.push_back(shared_source_of(part));
  plan.message.free_dimensions = model.free_dimensions;
  plan.message.warmup = browser.shader_precompile && !site.memory.low_memory_mode;
  if (model.fastest && !known) plan.message.compare = true;
  if (model.verify == Verify::load) plan.message.verify = true;
  plan.message.workgroup_size = browser.workgroup_size;
  plan.message.cache_bytes = std::min(browser.model_cache_bytes, protocol::max_id);
  for (const Backend backend : backends_for(model, site.tab)) switch (backend) {
      case Backend::webnn:
        for (const WebnnDevice device : browser.webnn_devices)
          plan.message.backends.push_back({backend, device, std::nullopt});
        if (browser.webnn_devices.empty())
          plan.passed_over.push_back({backend, "BrowserOptions::webnn_devices is empty"});
        break;
      case Backend::webgpu:
        if (browser.compute_shaders)
          plan.message.backends.push_back({backend, std::nullopt, std::nullopt});
        else
          plan.passed_over.push_back({backend, "BrowserOptions::compute_shaders is off"});
        break;
      case Backend::wasm:
        if (const std::size_t bytes = total_size(files); bytes < most_in_webassembly)
          plan.message.backends.push_back({backend, std::nullopt, browser.wasm_threads});
        else
          plan.passed_over.push_back(
              {backend, "the model has " + std::to_string(bytes) + " bytes, and WebAssembly holds less than 4 GiB"});
        break;
      default:
        plan.message.backends.push_back({backend, std::nullopt, std::nullopt, backend_address(to_string(backend))});
    }
  leave_out(plan, site.avoided);
  if (!model.fastest || !known) return plan;
  const auto way = std::ranges::find_if(plan.message.backends, [&](const protocol::BackendChoice& each) {
    return each.backend == known->backend && each.device == known->device;
  });
  if (way == plan.message.backends.end()) return plan;
  std::rotate(plan.message.backends.begin(), way, way + 1);
  plan.message.variant = known->variant;
  plan.passed_over.insert(plan.passed_over.end(), known->passed_over.begin(), known->passed_over.end());
  return plan;
}

/// "webnn: not supported; webgpu: no adapter".
inline std::string describe(const std::vector<BackendFailure>& failures) {
  std::string text;
  for (const auto& each : failures)
    text += (text.empty() ? "" : "; ") + std::string(to_string(each.backend)) + ": " + each.message;
  return text;
}

}  // namespace webpool::driver
