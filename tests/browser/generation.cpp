// Text that a decoder writes in real browsers, token for token the one that native ONNX Runtime writes.

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <atomic>
#include <future>
#include <thread>

#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;

namespace {

using Tokens = std::vector<std::int64_t>;

const std::filesystem::path story = support::models / "story" / "story.onnx";
constexpr std::int64_t newline = 95, context = 128;

Tokens encoded(std::string_view text) {
  Tokens tokens;
  for (const char each : text) tokens.push_back(each == '\n' ? newline : each - ' ');
  return tokens;
}

std::string decoded(const Tokens& tokens) {
  std::string text;
  for (const std::int64_t each : tokens) text += each == newline ? '\n' : static_cast<char>(each + ' ');
  return text;
}

/// The list of that name in flat JSON.
Tokens numbers(const std::string& text, const std::string& name) {
  const std::size_t begin = text.find('[', text.find('"' + name + '"')), end = text.find(']', begin);
  REQUIRE(end != text.npos);
  Tokens all;
  std::istringstream list(text.substr(begin + 1, end - begin - 1));
  for (std::string number; std::getline(list, number, ',');) all.push_back(std::stoll(number));
  return all;
}

/// What native ONNX Runtime writes, without a cache: each token from the whole text before it.
std::string native(std::string_view prompt, const GenerationOptions& options) {
  std::string command = "node '" + (support::root / "js" / "tools" / "generate.mjs").string() + "' '" + story.string() +
                        "' --no-cache --max-tokens " + std::to_string(options.max_tokens) + " --temperature " +
                        std::to_string(options.temperature) + " --top-k " + std::to_string(options.top_k) +
                        " --top-p " + std::to_string(options.top_p) + " --seed " + std::to_string(options.seed);
  const auto list = [&](const char* name, const Tokens& tokens) {
    command += ' ' + std::string(name) + ' ';
    for (std::size_t i = 0; i < tokens.size(); ++i) command += (i > 0 ? "," : "") + std::to_string(tokens[i]);
  };
  list("--prompt", encoded(prompt));
  if (!options.stop_tokens.empty()) list("--stop", options.stop_tokens);
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  REQUIRE(pipe);
  std::string answer;
  for (int letter = 0; (letter = std::fgetc(pipe.get())) != EOF;) answer += static_cast<char>(letter);
  return decoded(numbers(answer, "tokens"));
}

struct Place {
  Browser browser;
  Backend backend;
};

/// WebGPU is not asked of the headless shell, which has the same one as Chromium.
const std::vector<Place> places{{Browser::chromium, Backend::wasm},
                                {Browser::chromium, Backend::webgpu},
                                {Browser::firefox, Backend::wasm},
                                {Browser::firefox, Backend::webgpu},
                                {Browser::headless_shell, Backend::wasm}};

Model load(Pool& pool, const Place& place) {
  return pool.load(story, {.backends = {place.backend}, .browsers = {place.browser}});
}

/// The decoder at all places, for the tests that change neither tabs nor models. They come last: others kill tabs.
const std::vector<std::pair<Place, Model>>& everywhere() {
  static const auto all = [] {
    std::vector<std::pair<Place, Model>> loaded;
    for (const Place& place : places) loaded.emplace_back(place, load(support::shared_pool(), place));
    return loaded;
  }();
  return all;
}

constexpr std::string_view beginning = "A lighthouse stood on a rock";

}  // namespace

TEST_CASE("several texts of one session grow in turns, and each is right", "[browser]") {
  const GenerationOptions options{.max_tokens = 80};
  const std::vector<std::string> prompts{"A lighthouse stood on a rock", "One night the fog came and",
                                         "Three boats heard the bell"};
  std::vector<std::string> right;
  for (const std::string& each : prompts) right.push_back(native(each, options));
  PoolOptions how = support::one_of_each({Browser::chromium, Browser::firefox});
  how.connection.requests_in_flight = static_cast<unsigned>(prompts.size());
  BrowserPool pool(how);
  REQUIRE(support::joined(pool, 2));
  for (const Place& place : places) {
    if (place.browser == Browser::headless_shell) continue;
    CAPTURE(place.browser, place.backend);
    const Model model = load(pool, place);
    std::vector<std::size_t> order;  // whose token came
    std::vector<std::future<Generation>> texts;
    for (std::size_t i = 0; i < prompts.size(); ++i)
      texts.push_back(model.async_generate(
          encoded(prompts[i]), options, [&order, i](std::int64_t) { order.push_back(i); }, asio::use_future));
    for (std::size_t i = 0; i < prompts.size(); ++i) CHECK(decoded(texts[i].get().tokens) == right[i]);
    std::size_t turns = 0;
    for (std::size_t i = 1; i < order.size(); ++i) turns += order[i] != order[i - 1] ? 1 : 0;
    CHECK(order.size() == 240);
    CHECK(turns > 150);
  }
}

TEST_CASE("a cancelled text stops between two tokens, and the session goes on", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox}));
  REQUIRE(support::joined(pool, 2));
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    CAPTURE(kind);
    const Model model = load(pool, {kind, Backend::wasm});
    asio::cancellation_signal signal;
    std::atomic<int> heard = 0;
    std::atomic<bool> over = false, late = false;
    std::promise<Error> ended;
    model.async_generate(
        encoded(beginning), {.max_tokens = 100},
        [&](std::int64_t) {
          if (over) late = true;
          if (++heard == 3) signal.emit(asio::cancellation_type::all);
        },
        asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& failed, const Generation&) {
          over = true;
          ended.set_value(support::error_in(failed));
        }));
    auto end = ended.get_future();
    REQUIRE(end.wait_for(60s) == std::future_status::ready);
    CHECK(end.get().code() == errc::cancelled);
    CHECK(heard < 50);
    const Generation next = model.generate(encoded(beginning), {.max_tokens = 20});
    CHECK(decoded(next.tokens) == " far out in the sea.");
    CHECK_FALSE(late);
  }
  CHECK(pool.metrics().failed == 0);
  CHECK(pool.metrics().losses == 0);
}

TEST_CASE("a text whose tab dies is lost, and never goes on elsewhere from nothing", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  const Model model = load(pool, {Browser::chromium, Backend::wasm});
  const KeptText text = model.generate(encoded(beginning), {.max_tokens = 20, .keep = true}).text;
  for (const pid_t process : support::descendants_with("--type=renderer")) ::kill(process, SIGKILL);
  const Error error = support::error_of([&] { model.generate({}, {.text = text}); });
  CAPTURE(error.message());
  CHECK((error.code() == errc::tensor_lost || error.code() == errc::connection_lost));
  CHECK(text.lost());
  CHECK(support::error_of([&] { model.generate({}, {.text = text}); }).code() == errc::tensor_lost);
}

TEST_CASE("a text past the context, and a model that is no decoder, are refused", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  const Model model = load(pool, {Browser::chromium, Backend::wasm});
  const Error error = support::error_of([&] { model.generate(encoded(beginning), {.max_tokens = 101}); });
  CHECK(error.code() == errc::bad_input);
  CHECK(contains(error.message(), "a prompt of 28 tokens and max_tokens 101 exceed its context of 128"));
  CHECK(model.generate(Tokens(127, 0), {.max_tokens = 1}).tokens.size() == 1);
  const Model digits = pool.load(support::digits_file, {.backends = {Backend::wasm}});
  CHECK(support::error_of([&] { digits.generate({1}); }).code() == errc::invalid_options);
}

TEST_CASE("a text whose tab dies is an error, and never goes on elsewhere", "[browser]") {
  const std::string right = native(beginning, {.max_tokens = 100});
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  const Model model = load(pool, {Browser::chromium, Backend::wasm});
  const auto renderers = support::descendants_with("--type=renderer");
  REQUIRE_FALSE(renderers.empty());
  Tokens heard;
  const Error error = support::error_of([&] {
    model.generate(encoded(beginning), {.max_tokens = 100}, [&](std::int64_t token) {
      if (heard.empty())
        for (const pid_t process : renderers) ::kill(process, SIGKILL);
      heard.push_back(token);
    });
  });
  CHECK(error.code() == errc::connection_lost);
  CAPTURE(error.message());
  CHECK(contains(error.message(), "model 'story'"));
  CHECK(heard.size() < 100);
  CHECK(right.starts_with(decoded(heard)));
  CHECK(pool.metrics().retries == 0);
  CHECK(decoded(model.generate(encoded(beginning), {.max_tokens = 100}).tokens) == right);
}

TEST_CASE("a cache stays on the GPU, and its buffers go with it", "[browser]") {
  PoolOptions options = support::one_of_each({Browser::chromium, Browser::firefox});
  const auto modules = support::root / "tests" / "browser" / "modules";
  options.page_modules = {modules / "buffer_counts.js", modules / "decoder_buffers.js"};
  BrowserPool pool(options);
  REQUIRE(support::joined(pool, 2));
  const std::string bytes = *webpool::detail::read_file(story);
  const Tensor model =
      Tensor::from(std::vector<std::uint8_t>(bytes.begin(), bytes.end()), {static_cast<std::int64_t>(bytes.size())});
  for (const ConnectionInfo& tab : pool.connections()) {
    CAPTURE(tab.browser.browser);
    std::promise<std::string> counts;
    pool.on_message("decoded", [&](const PageMessage& message) { counts.set_value(std::string(message.body)); });
    REQUIRE(pool.send_message(tab.id, "decode", "[33,0,76]", {{"model", model}}));
    auto answer = counts.get_future();
    REQUIRE(answer.wait_for(120s) == std::future_status::ready);
    const std::string body = answer.get();
    // Of 12 tokens only the logits leave the GPU, 96 floats each: those of one text, of two, and of a cancelled one
    // whose sixth step was under way, of one in two parts, and of one that was released. The runtime keeps what it
    // allocated, and needs no more for the next text.
    const auto read = numbers(body, "read"), live = numbers(body, "live");
    CHECK(read == Tokens{4608, 4608, 4608, 9216, 9216, 2304, 4608, 4608, 4608});
    REQUIRE(live.size() == 9);
    CHECK(live[1] == live[0]);
    CHECK(live[2] == live[0]);
    for (std::size_t i = 4; i < live.size(); ++i) CHECK(live[i] == live[3]);
  }
}

TEST_CASE("the most likely text is native ONNX Runtime's, token for token, in every browser", "[browser]") {
  const GenerationOptions options{.max_tokens = static_cast<std::size_t>(context) - beginning.size()};
  const std::string right = native(beginning, options);
  CHECK(right.starts_with(" far out in the sea.\nIts keeper lit the lamp"));
  for (const auto& [place, model] : everywhere()) {
    CAPTURE(place.browser, place.backend);
    Tokens heard;
    const Generation generation =
        model.generate(encoded(beginning), options, [&](std::int64_t token) { heard.push_back(token); });
    CHECK(decoded(generation.tokens) == right);
    CHECK(heard == generation.tokens);
    CHECK(generation.finish == Finish::length);
    CHECK(generation.where().browser.browser == place.browser);
    CHECK(generation.where().backend == place.backend);
    CHECK(generation.first_token > 0);
    CHECK(generation.times.total >= generation.first_token);

    const Generation line = model.generate(encoded(beginning), {.max_tokens = 90, .stop_tokens = {newline}});
    CHECK(decoded(line.tokens) == " far out in the sea.");
    CHECK(line.finish == Finish::stop);

    // A decoder can still be run like any model.
    const Tensor past(Datatype::float32, {1, 4, 0, 12}, {}, {});
    const Outputs once = model({{"input_ids", Tensor::from(Tokens{newline}, {1, 1})},
                                {"attention_mask", Tensor::from(Tokens{1}, {1, 1})},
                                {"position_ids", Tensor::from(Tokens{0}, {1, 1})},
                                {"past_key_values.0.key", past},
                                {"past_key_values.0.value", past},
                                {"past_key_values.1.key", past},
                                {"past_key_values.1.value", past}});
    CHECK(once["logits"].shape() == Shape{1, 1, 96});
    CHECK(once["present.1.value"].shape() == Shape{1, 4, 1, 12});
  }
}

TEST_CASE("what is drawn with a seed is native ONNX Runtime's text, and comes again", "[browser]") {
  const std::vector<GenerationOptions> choices{
      {.max_tokens = 60, .temperature = 2.5, .top_k = 20, .top_p = 0.97, .seed = 3},
      {.max_tokens = 60, .temperature = 2.5, .seed = 4294967295},
      {.max_tokens = 60, .temperature = 1.5, .top_p = 0.9, .seed = 1}};
  std::vector<std::string> right;
  for (const GenerationOptions& each : choices) right.push_back(native("The dog", each));
  CHECK(right[0] != right[1]);
  for (const auto& [place, model] : everywhere()) {
    CAPTURE(place.browser, place.backend);
    for (const std::size_t i : {0u, 1u, 2u, 0u})
      CHECK(decoded(model.generate(encoded("The dog"), choices[i]).tokens) == right[i]);
  }
}

TEST_CASE("a text goes on from the cache that its tab keeps, as if it had been read anew", "[browser]") {
  const std::string added = " The dog";
  const std::string half = native(beginning, {.max_tokens = 20}), whole = native(beginning, {.max_tokens = 40});
  REQUIRE(whole.starts_with(half));
  const std::string turned = native(std::string(beginning) + half + added, {.max_tokens = 20});
  for (const auto& [place, model] : everywhere()) {
    CAPTURE(place.browser, place.backend);
    const auto begin = [&] { return model.generate(encoded(beginning), {.max_tokens = 20, .keep = true}).text; };
    KeptText first = begin(), second = begin();
    CHECK(first.tokens() == beginning.size() + 20);
    CHECK(first.bytes() == (first.tokens() - 1) * 2 * 2 * 4 * 12 * sizeof(float));  // layers, keys and values, heads
    CHECK(support::shared_pool().metrics().device_tensors == 2);
    const Generation more = model.generate({}, {.max_tokens = 20, .text = first, .keep = true});
    CHECK(half + decoded(more.tokens) == whole);
    CHECK(decoded(model.generate(encoded(added), {.max_tokens = 20, .text = second}).tokens) == turned);
    CHECK(support::error_of([&] { model.generate({}, {.text = first}); }).code() == errc::tensor_lost);
    CHECK(support::shared_pool().metrics().device_tensors == 1);
  }
  CHECK(support::shared_pool().metrics().device_tensors == 0);
}
