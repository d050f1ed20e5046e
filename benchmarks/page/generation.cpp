// Text token by token: the loop in the page with its cache on the device, against one request per token from the host;
// and going on with a text whose cache has stayed, against reading it anew.

#include <algorithm>
#include <chrono>
#include <string>
#include <webpool/testing/statistics.hpp>

#include "page.hpp"

namespace page {

namespace {

using Clock = std::chrono::steady_clock;
using webpool::Tensor;

constexpr std::size_t tokens = 48, turn = 4;
const std::vector<std::int64_t> prompt{33, 0, 76, 73, 71, 72, 84, 72, 79, 85, 83, 69};  // "A lighthouse"

Tensor row(std::vector<std::int64_t> ids) {
  const auto size = static_cast<std::int64_t>(ids.size());
  return Tensor::from(std::move(ids), {1, size});
}

/// A cache without a token in it.
webpool::Inputs empty_past(const webpool::ModelInfo& info) {
  webpool::Inputs past;
  for (const auto& input : info.inputs)
    if (input.name.starts_with("past_key_values."))
      past.push_back({input.name, Tensor::from(std::vector<float>(), {1, input.shape[1], 0, input.shape[3]})});
  return past;
}

/// The most likely tokens, by a request for each; the cache goes to the host and back every time.
std::vector<std::int64_t> loop_on_host(const webpool::Model& model) {
  webpool::Inputs past = empty_past(model.info());
  std::vector<std::int64_t> unread = prompt, text;
  for (std::size_t length = 0; text.size() < tokens;) {
    webpool::Inputs inputs = past;
    std::vector<std::int64_t> positions;
    for (std::size_t i = 0; i < unread.size(); ++i) positions.push_back(static_cast<std::int64_t>(length + i));
    length += unread.size();
    inputs.push_back({"input_ids", row(unread)});
    if (webpool::ModelInfo::find(model.info().inputs, "attention_mask"))
      inputs.push_back({"attention_mask", row(std::vector<std::int64_t>(length, 1))});
    if (webpool::ModelInfo::find(model.info().inputs, "position_ids"))
      inputs.push_back({"position_ids", row(std::move(positions))});
    const webpool::Outputs outputs = model(std::move(inputs));
    const auto logits = outputs["logits"].as<float>();
    const auto last = logits.last(static_cast<std::size_t>(outputs["logits"].shape()[2]));
    text.push_back(std::ranges::max_element(last) - last.begin());
    unread = {text.back()};
    for (auto& each : past) each.tensor = outputs["present" + each.name.substr(std::string("past_key_values").size())];
  }
  return text;
}

template <class Work>
double milliseconds(Work work) {
  const auto start = Clock::now();
  work();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

void measure_generation(const Settings& settings, comparison::Report& report) {
  comparison::Table table("Text of " + std::to_string(tokens) + " tokens by the story model, ms per token (medians)",
                          {"", "in the page", "a request each", "ratio", "same text"});
  comparison::Table turns(std::to_string(turn) + " more tokens behind a text of " +
                              std::to_string(prompt.size() + tokens) + ", ms (medians)",
                          {"", "its cache has stayed", "read anew", "ratio", "same text"});
  for (const auto kind : browsers())
    for (const auto backend : {webpool::Backend::webgpu, webpool::Backend::wasm}) {
      webpool::ResourcePool<> pool(one(kind));
      const webpool::Model model = pool.load(settings.models / "story" / "story.onnx", {.backends = {backend}});
      std::vector<double> page, host;
      std::vector<std::int64_t> told, looped;
      for (int i = 0; i < (settings.quick ? 2 : 5); ++i) {
        page.push_back(milliseconds([&] { told = model.generate(prompt, {.max_tokens = tokens}).tokens; }) / tokens);
        host.push_back(milliseconds([&] { looped = loop_on_host(model); }) / tokens);
      }
      const double ours = webpool::testing::quantile(page, 0.5), theirs = webpool::testing::quantile(host, 0.5);
      const std::string name = std::string(to_string(kind)) + '/' + std::string(to_string(backend));
      table.add({name, comparison::text(ours, 2), comparison::text(theirs, 2), comparison::text(theirs / ours, 2),
                 told == looped ? "yes" : "NO"});
      report.add("generation/" + name + "/host_loop_over_page", theirs / ours, "x");
      report.at_least("generation/" + name + "/same_text", told == looped ? 1 : 0, "", 1);

      std::vector<double> kept, anew;
      std::vector<std::int64_t> whole = prompt, further, again;
      whole.insert(whole.end(), told.begin(), told.end());
      for (int i = 0; i < (settings.quick ? 2 : 5); ++i) {
        const webpool::KeptText text = model.generate(prompt, {.max_tokens = tokens, .keep = true}).text;
        kept.push_back(milliseconds([&] { further = model.generate({}, {.max_tokens = turn, .text = text}).tokens; }));
        anew.push_back(milliseconds([&] { again = model.generate(whole, {.max_tokens = turn}).tokens; }));
      }
      const double stayed = webpool::testing::quantile(kept, 0.5), read = webpool::testing::quantile(anew, 0.5);
      turns.add({name, comparison::text(stayed), comparison::text(read), comparison::text(read / stayed, 2),
                 further == again ? "yes" : "NO"});
      report.add("generation/" + name + "/anew_over_kept", read / stayed, "x");
      report.at_least("generation/" + name + "/same_text_from_cache", further == again ? 1 : 0, "", 1);
    }
  table.print(std::cout);
  turns.print(std::cout);
}

}  // namespace page
