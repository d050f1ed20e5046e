// Models on every backend of every browser, and what a program can do with them there.

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;

namespace {

struct Placement {
  Browser browser;
  std::vector<Backend> asked;
  Backend expected;
};

/// Chromium and Firefox have no WebNN here; the headless shell has.
const std::vector<Placement> placements{
    {Browser::chromium, {Backend::webnn, Backend::webgpu, Backend::wasm}, Backend::webgpu},
    {Browser::chromium, {Backend::wasm}, Backend::wasm},
    {Browser::firefox, {Backend::webnn, Backend::webgpu, Backend::wasm}, Backend::webgpu},
    {Browser::firefox, {Backend::wasm}, Backend::wasm},
    {Browser::headless_shell, {Backend::webnn, Backend::webgpu, Backend::wasm}, Backend::webnn},
    {Browser::headless_shell, {Backend::webgpu, Backend::wasm}, Backend::webgpu},
    {Browser::headless_shell, {Backend::wasm}, Backend::wasm},
};

void check_where(const Where& where, const Placement& placement) {
  CHECK(where.browser.browser == placement.browser);
  CHECK(where.browser.launched);
  CHECK_FALSE(where.browser.version.empty());
  CHECK(where.backend == placement.expected);
  CHECK(where.device.has_value() == (placement.expected == Backend::webnn));

  const bool without_webnn = placement.asked[0] == Backend::webnn && placement.expected != Backend::webnn;
  CHECK(where.passed_over.size() == (without_webnn ? BrowserOptions{}.webnn_devices.size() : 0));
  for (const auto& each : where.passed_over) {
    CHECK(each.backend == Backend::webnn);
    CHECK(each.message.size() > 10);
  }

  if (placement.expected != Backend::webgpu) {
    CHECK(where.software() == false);
  } else if (browser::Machine::detect().graphics == browser::Graphics::software) {
    CHECK(where.software() == true);
    CHECK(contains(support::printed(where), ", software)"));
  }
}

}  // namespace

TEST_CASE("every backend of every browser computes what native ONNX Runtime computes", "[browser]") {
  const auto pictures = support::ten_pictures();
  const auto native = support::native(support::digits_file, "logits", pictures);
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox, Browser::headless_shell}));
  REQUIRE(support::joined(pool, 3));

  std::vector<std::vector<std::vector<float>>> all;
  for (const auto& placement : placements) {
    CAPTURE(placement.browser, placement.expected);
    const Model model =
        pool.load(support::digits_file,
                  {.backends = placement.asked, .browsers = {placement.browser}, .free_dimensions = {{"batch", 1}}});
    CHECK(model.task() == Task::vision);
    std::vector<std::vector<float>> answers;
    for (std::size_t digit = 0; digit < 10; ++digit) {
      const Outputs outputs = model(pictures[digit]);
      answers.push_back(support::values(outputs, "logits"));
      CHECK(outputs["probabilities"].shape() == Shape{1, 10});
      CHECK(static_cast<std::size_t>(std::ranges::max_element(answers.back()) - answers.back().begin()) == digit);
      CHECK(support::difference(answers.back(), native[digit]) <= support::tolerance(placement.expected));
      if (digit == 0) check_where(outputs.where(), placement);
      CHECK(outputs.times().compute > 0);
      CHECK(outputs.times().total >= outputs.times().compute);
    }
    all.push_back(std::move(answers));
  }

  for (const auto& one : all)
    for (const auto& other : all)
      for (std::size_t digit = 0; digit < 10; ++digit)
        CHECK(support::difference(one[digit], other[digit]) <= support::tolerance(Backend::webgpu));
  CHECK(pool.metrics().completed == 10 * placements.size());
  CHECK(pool.metrics().loads == placements.size());
  CHECK(pool.execution_stats().empty());  // rows of models that are loaded
}

TEST_CASE("asked for the fastest backend, a tab tries them all and says what the others take", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::headless_shell}));
  const auto pictures = support::ten_pictures();
  const auto right = support::native(support::digits_file, "logits", pictures);
  const Model digits = pool.load(support::digits_file, {.backends = {Backend::webgpu, Backend::wasm}, .fastest = true});
  const Outputs outputs = digits(pictures[3]);
  const Where& where = outputs.where();
  CHECK(support::difference(support::values(outputs, "logits"), right[3]) <= support::tolerance(where.backend));
  REQUIRE(where.passed_over.size() == 1);
  CHECK(where.passed_over[0].backend != where.backend);
  CHECK(contains(where.passed_over[0].message, "slower: a run on made-up inputs takes "));
  if (browser::Machine::detect().graphics == browser::Graphics::software) CHECK(where.backend == Backend::wasm);
}

TEST_CASE("a batch is one run and gives what single runs give", "[browser]") {
  const auto pictures = support::ten_pictures();
  BrowserPool pool(support::one_of_each({Browser::firefox}));
  for (const Backend backend : {Backend::wasm, Backend::webgpu}) {
    CAPTURE(backend);
    const Model model = pool.load(support::digits_file, {.backends = {backend}});
    std::vector<std::vector<float>> singles;
    for (const auto& each : pictures) singles.push_back(support::values(model(each), "logits"));

    const Metrics before = pool.metrics();
    const std::vector<Outputs> parts = model.run_batch(pictures);
    CHECK(pool.metrics().submitted == before.submitted + 1);
    CHECK(pool.metrics().completed == before.completed + 1);
    REQUIRE(parts.size() == 10);
    for (std::size_t i = 0; i < parts.size(); ++i) {
      CHECK(parts[i].size() == 2);
      CHECK(parts[i]["logits"].shape() == Shape{1, 10});
      CHECK(support::difference(support::values(parts[i], "logits"), singles[i]) <= support::tolerance(backend));
      CHECK(parts[i].where().backend == backend);
    }
  }
}

TEST_CASE("requests that come close together share runs and are answered as by native ONNX Runtime", "[browser]") {
  const auto pictures = support::ten_pictures();
  const auto right = support::native(support::digits_file, "logits", pictures);
  BrowserPool pool(support::one_of_each({Browser::firefox}));
  for (const Backend backend : {Backend::wasm, Backend::webgpu}) {
    CAPTURE(backend);
    const Model model = pool.load(support::digits_file, {.backends = {backend}, .batching = {.maximum = 8}});
    const std::uint64_t before = pool.metrics().completed;
    std::vector<Inputs> requests;
    for (std::size_t i = 0; i < 16; ++i) requests.push_back(pictures[i % 10]);
    const auto results = model.run_concurrent(std::move(requests));
    for (std::size_t i = 0; i < 16; ++i) {
      CAPTURE(i);
      const Outputs& outputs = results[i].value();
      CHECK(outputs.where().backend == backend);
      CHECK(outputs["logits"].shape() == Shape{1, 10});
      CHECK(support::difference(support::values(outputs, "logits"), right[i % 10]) <= support::tolerance(backend));
    }
    const std::uint64_t runs = pool.metrics().completed - before;
    CHECK(runs >= 2);
    CHECK(runs < 16);
  }
}

TEST_CASE("a coroutine is cancelled at once, while the GPU still computes", "[browser]") {
  const auto native = support::native(support::encoder_file, "pooled", {support::sentence(0)});
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  const Model encoder = pool.load(support::encoder_file, {.backends = {Backend::webgpu}});
  const double one_run = encoder(support::sentence(0)).times().compute;

  using Clock = std::chrono::steady_clock;
  asio::io_context context;
  asio::cancellation_signal cancellation;
  asio::steady_timer timer(context);
  Clock::time_point started, emitted, ended;
  Error outcome{errc{}, "never ended"};
  const auto run = [&]() -> asio::awaitable<void> {
    started = Clock::now();
    co_await encoder.async_run(support::sentences(4), asio::use_awaitable);
  };
  asio::co_spawn(context, run(), asio::bind_cancellation_slot(cancellation.slot(), [&](std::exception_ptr failed) {
                   ended = Clock::now();
                   outcome = support::error_in(failed);
                 }));
  timer.expires_after(200ms);
  timer.async_wait([&](asio::error_code) {
    CHECK(pool.metrics().in_flight == 1);
    emitted = Clock::now();
    cancellation.emit(asio::cancellation_type::terminal);
  });
  context.run();
  CHECK(outcome.code() == errc::cancelled);
  CHECK(ended - emitted < 500ms);
  CHECK(pool.metrics().cancelled == 1);
  CHECK(pool.metrics().in_flight == 0);

  const Outputs next = encoder(support::sentence(0));
  CHECK(support::difference(support::values(next, "pooled"), native[0]) <= support::tolerance(Backend::webgpu));
  CHECK(Clock::now() - started >
        std::chrono::duration<double, std::milli>(2 * one_run));  // the page did finish the run
  CHECK(pool.metrics().late_replies == 1);
  CHECK(pool.metrics().completed == 2);
  CHECK(pool.metrics().losses == 0);
}

TEST_CASE("a dropped handle ends the worker and leaves the tab, whose cache has the model next time", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium, Browser::firefox, Browser::headless_shell}));
  REQUIRE(support::joined(pool, 3));
  std::uint64_t hits = 0;
  for (const Browser browser : {Browser::chromium, Browser::firefox, Browser::headless_shell}) {
    CAPTURE(browser);
    int partly = 0, wholly = 0;
    const auto load = [&] {
      partly = wholly = 0;
      return pool.load(support::encoder_file,
                       {.backends = {Backend::wasm}, .browsers = {browser}, .progress = [&](const LoadProgress& news) {
                          if (news.stage == "fetch") ++(news.done < news.total ? partly : wholly);
                        }});
    };
    {
      const Model first = load();
      CHECK(partly > 0);
      CHECK(wholly == 1);
      CHECK(pool.metrics().model_cache_hits == hits);
      CHECK(pool.has_model("encoder"));
      CHECK(pool.metrics().workers == 1);
      CHECK(pool.metrics().memory_bytes > std::filesystem::file_size(support::encoder_file));
    }
    CHECK_FALSE(pool.has_model("encoder"));
    CHECK(pool.metrics().workers == 0);
    CHECK(pool.metrics().memory_bytes == 0);
    CHECK(pool.metrics().connections == 3);
    const Model second = load();
    CHECK(wholly == 1);
    CHECK(pool.metrics().model_cache_hits == ++hits);
    CHECK(second(support::sentence(1)).where().browser.browser == browser);
  }
  CHECK(pool.metrics().losses == 0);
  CHECK(pool.metrics().launches == 3);
}

TEST_CASE("bad input is refused before anything is sent", "[browser]") {
  BrowserPool pool(support::one_of_each({Browser::chromium}));
  const Model model = pool.load(support::digits_file, {.backends = {Backend::wasm}});
  const Tensor good = support::picture(3)[0].tensor;
  const auto refused = [&](Inputs inputs, errc code, const std::string& message, RequestOptions options = {}) {
    const Error error = support::error_of([&] { model(inputs, options); });
    CHECK(error.code() == code);
    CHECK(error.message() == message);
  };
  refused({{"picture", good}}, errc::unknown_input, "model 'digits' has no input 'picture'; its inputs are 'image'");
  refused({}, errc::missing_input, "model 'digits' needs input 'image' (FP32 [?, 1, 28, 28])");
  refused({{"image", Tensor::from(std::vector<std::int64_t>(784), {1, 1, 28, 28})}}, errc::wrong_datatype,
          "input 'image' of model 'digits' takes FP32, given INT64");
  refused({{"image", Tensor::from(std::vector<float>(784), {1, 1, 784})}}, errc::wrong_shape,
          "input 'image' of model 'digits' has shape [?, 1, 28, 28], given [1, 1, 784]");
  refused({{"image", good}, {"image", good}}, errc::unknown_input, "input 'image' of model 'digits' is given twice");
  refused({{"image", good}}, errc::unknown_output,
          "model 'digits' has no output 'label'; its outputs are 'probabilities', 'logits'", {.outputs = {"label"}});

  const Metrics metrics = pool.metrics();
  CHECK(metrics.submitted == 0);
  CHECK(metrics.failed == 0);
  CHECK(metrics.late_replies == 0);
  CHECK(model({{"image", good}}).size() == 2);
  const Outputs one = model({{"image", good}}, {.outputs = {"logits"}});
  CHECK(one.size() == 1);
  CHECK(one["logits"].shape() == Shape{1, 10});
  CHECK(pool.metrics().completed == 2);
}
