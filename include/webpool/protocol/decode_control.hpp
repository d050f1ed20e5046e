#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/page_hints.hpp>
#include <webpool/protocol/decode_tensors.hpp>
#include <webpool/protocol/frame.hpp>
#include <webpool/protocol/json_reader.hpp>
#include <webpool/protocol/messages.hpp>

/// The messages of a page's control socket, field by field.
namespace webpool::protocol::detail {

inline AdapterInfo read_adapter(Fields fields) {
  AdapterInfo adapter;
  adapter.vendor = fields.text_or_empty("vendor");
  adapter.architecture = fields.text_or_empty("architecture");
  adapter.device = fields.text_or_empty("device");
  adapter.description = fields.text_or_empty("description");
  if (auto software = fields.find("software")) adapter.software = software->boolean();
  if (auto features = fields.find("features"))
    features->each([&](Value feature) { adapter.features.emplace_back(feature.name()); });
  if (auto limits = fields.find("limits"))
    limits->each_field([&](std::string_view name, Value limit) {
      adapter.limits.insert_or_assign(std::string(name), limit.number());
    });
  return adapter;
}

inline void read_webnn(Value webnn, BrowserInfo& browser) {
  if (webnn.is_string()) {
    browser.webnn_reason = webnn.text();
    return;
  }
  webnn.each_field([&](std::string_view name, Value reason) {
    for (const WebnnDevice device : {WebnnDevice::cpu, WebnnDevice::gpu, WebnnDevice::npu})
      if (name == to_string(device))
        browser.webnn[device] = reason.is_null() ? std::string() : std::string(reason.text());
  });
}

/// What the browser does not report is null or absent, and keeps its default.
inline BrowserInfo read_capabilities(Fields fields) {
  BrowserInfo browser;
  const auto flag = [&](std::string_view name, bool& to) {
    if (auto value = fields.find(name)) to = value->boolean();
  };
  browser.user_agent = fields.text_or_empty("user_agent");
  if (auto kind = fields.find("browser")) browser.browser = kind->choice<Browser>(webpool::detail::browser_names);
  browser.version = fields.text_or_empty("browser_version");
  browser.platform = fields.text_or_empty("platform");
  if (auto cores = fields.find("hardware_concurrency"))
    browser.hardware_concurrency = static_cast<unsigned>(cores->integer(std::numeric_limits<unsigned>::max()));
  if (auto memory = fields.find("device_memory_gib")) browser.device_memory_gib = memory->number();
  flag("cross_origin_isolated", browser.cross_origin_isolated);
  flag("wasm_threads", browser.wasm_threads);
  flag("jspi", browser.jspi);
  flag("visible", browser.visible);
  if (auto webgpu = fields.find("webgpu")) {
    if (webgpu->is_string())
      browser.webgpu_reason = webgpu->text();
    else
      browser.webgpu = read_adapter(webgpu->fields());
  }
  if (auto webnn = fields.find("webnn")) read_webnn(*webnn, browser);
  return browser;
}

inline Hello read_hello(Fields& fields) {
  Hello hello;
  hello.version = fields["version"].integer();
  if (hello.version != version) return hello;
  hello.token = fields["token"].name();
  if (auto launch = fields.find("launch")) hello.launch = LaunchId{launch->integer()};
  hello.browser = read_capabilities(fields["capabilities"].fields());
  return hello;
}

inline PageHints read_hints(const Fields& fields) {
  PageHints hints;
  hints.visible = fields["visible"].boolean();
  if (auto charging = fields.find("charging")) hints.charging = charging->boolean();
  if (auto battery = fields.find("battery")) {
    hints.battery = battery->number();
    if (*hints.battery < 0 || *hints.battery > 1) battery->must_be("a number from 0 to 1");
  }
  if (auto pressure = fields.find("pressure"))
    hints.pressure = pressure->choice<Pressure>(webpool::detail::pressure_names);
  if (auto save_data = fields.find("save_data")) hints.save_data = save_data->boolean();
  return hints;
}

inline Pong read_pong(Fields& fields) {
  Pong pong;
  pong.id = fields["id"].integer();
  pong.hints = read_hints(fields);
  pong.timer_drift_ms = fields["timer_drift_ms"].number();
  return pong;
}

inline Trouble read_trouble(Fields& fields) {
  std::string source(fields["source"].name());
  return {std::move(source), std::string(fields["message"].text())};
}

inline Custom read_custom(Fields& fields, FrameReader& frame, const std::shared_ptr<const void>& owner) {
  Custom message;
  Value name = fields["name"];
  message.name = name.name();
  if (message.name.empty()) name.must_be("a name that is not empty");
  message.body = fields["body"].json_text();
  message.tensors = read_tensors(fields["tensors"], frame, owner);
  return message;
}

inline ControlMessage read_control(std::string_view type, Fields& fields, FrameReader& frame,
                                   const std::shared_ptr<const void>& owner) {
  if (type == "message") return read_custom(fields, frame, owner);
  if (type == "trouble") return read_trouble(fields);
  if (type == "pong") return read_pong(fields);
  if (type == "hello") return read_hello(fields);
  if (type == "worker_failed") {
    const WorkerId worker{fields["worker"].integer()};
    return WorkerFailed{worker, std::string(fields["message"].text())};
  }
  malformed("a page's control socket carries no message of type " + in_quotes(type));
}

}  // namespace webpool::protocol::detail
