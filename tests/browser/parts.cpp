// Models that belong together, of which the first is used while the others still come.

#include <fstream>
#include <mutex>
#include <random>

#include "../support/onnx_file.hpp"
#include "support.hpp"

using namespace webpool;
using namespace std::chrono_literals;
using support::BrowserPool;
using support::contains;

namespace {

/// A product with 24 MiB of random weights, which takes a while to fetch and to open.
std::filesystem::path write_projector(const std::filesystem::path& folder) {
  constexpr std::size_t in = 384, out = 16 * 1024;
  std::mt19937 random(5);
  std::vector<float> weights(in * out);
  for (float& each : weights) each = static_cast<float>(random() % 2001) / 1000 - 1;
  const auto path = folder / "projector.onnx";
  std::ofstream(path, std::ios::binary) << testing::onnx_file(
      {{"x", {{1, std::int64_t{in}}}}}, {{"y", {{1, std::int64_t{out}}}}}, {{"MatMul", {"x", "w"}, {"y"}}},
      {{"w", {in, out}, std::move(weights)}});
  return path;
}

Inputs ramp() {
  std::vector<float> values(384);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 7) - 3;
  return {{"x", Tensor::from(std::move(values), {1, 384})}};
}

/// What happened to the parts, in order.
class Diary {
 public:
  void note(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  ModelPart part(const std::filesystem::path& path, Browser kind) {
    ModelOptions options{.backends = {Backend::wasm}, .browsers = {kind}};
    options.progress = [this](const LoadProgress& news) {
      if (news.stage == "fetch") note("fetch " + std::string(news.model));
    };
    return {path, std::move(options), {}, [this, name = path.stem().string()](const std::optional<Error>& error) {
              note(error ? error->message() : "ready " + name);
            }};
  }
  /// The place of the first or last such line; waits for it.
  std::ptrdiff_t first(const std::string& line) { return place(line, false); }
  std::ptrdiff_t last(const std::string& line) { return place(line, true); }

 private:
  std::ptrdiff_t place(const std::string& line, bool last) {
    std::ptrdiff_t found = -1;
    CHECK(support::within(60s, [&] {
      const std::lock_guard lock(mutex_);
      for (std::size_t i = 0; i < lines_.size(); ++i)
        if (lines_[i] == line && (last || found < 0)) found = static_cast<std::ptrdiff_t>(i);
      return found >= 0;
    }));
    return found;
  }

  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace

TEST_CASE(
    "the first part answers before the last is loaded, bytes come in turn, and all agree with native ONNX Runtime",
    "[browser]") {
  const support::Scripts folder;
  const auto projector = write_projector(folder.folder());
  const double tolerance = support::tolerance(Backend::wasm);
  const auto digit = support::native(support::digits_file, "probabilities", {support::picture(7)}).at(0);
  const auto text = support::native(support::encoder_file, "pooled", {support::sentence(1)}).at(0);
  const auto product = support::native(projector, "y", {ramp()}).at(0);
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    CAPTURE(kind);
    Diary diary;
    BrowserPool pool(support::one_of_each({kind}));
    REQUIRE(support::joined(pool, 1));
    const auto models = pool.load_parts(
        {diary.part(support::digits_file, kind), diary.part(support::encoder_file, kind), diary.part(projector, kind)});
    const Outputs first = models.at(0)(support::picture(7));
    diary.note("answer");
    CHECK(support::difference(support::values(first, "probabilities"), digit) < tolerance);
    CHECK(support::difference(support::values(models[2](ramp()), "y"), product) < tolerance);
    CHECK(support::difference(support::values(models[1](support::sentence(1)), "pooled"), text) < tolerance);
    CHECK(diary.first("answer") < diary.first("ready projector"));
    CHECK(diary.last("fetch digits") < diary.first("fetch encoder"));
    CHECK(diary.last("fetch encoder") < diary.first("fetch projector"));
    CHECK(diary.first("ready digits") < diary.first("ready projector"));
  }
}

TEST_CASE("parts with the same content are fetched once by a browser", "[browser]") {
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    CAPTURE(kind);
    Diary diary;
    BrowserPool pool(support::one_of_each({kind}));
    REQUIRE(support::joined(pool, 1));
    ModelPart one = diary.part(support::encoder_file, kind), other = diary.part(support::encoder_file, kind);
    other.options.name = "again";
    const auto models = pool.load_parts({std::move(one), std::move(other)});
    const auto left = support::values(models.at(0)(support::sentence(3)), "pooled"),
               right = support::values(models.at(1)(support::sentence(3)), "pooled");
    CHECK(left == right);
    CHECK(pool.metrics().loads == 2);
    CHECK(pool.metrics().model_cache_hits == 1);
  }
}

TEST_CASE("a part that a browser can't hold ends its requests with the reasons, and the others answer", "[browser]") {
  const support::Scripts folder;
  const auto nonsense = folder.folder() / "nonsense.onnx";
  std::ofstream(nonsense, std::ios::binary)
      << testing::onnx_file({{"x", {{1}}}}, {{"y", {{1}}}}, {{"Frobnicate", {"x"}, {"y"}}});
  for (const Browser kind : {Browser::chromium, Browser::firefox}) {
    CAPTURE(kind);
    Diary diary;
    BrowserPool pool(support::one_of_each({kind}));
    const auto models = pool.load_parts({diary.part(nonsense, kind), diary.part(support::digits_file, kind)});
    const Inputs x{{"x", Tensor::from(std::vector<float>{1}, {1})}};
    const Error error = support::error_of([&] { models.at(0)(x); });
    CHECK(error.code() == errc::no_backend);
    CHECK(contains(error.message(), "Frobnicate"));
    CHECK(support::error_of([&] { models.at(0)(x); }).message() == error.message());
    CHECK(models.at(1)(support::picture(4)).size() > 0);
  }
}
