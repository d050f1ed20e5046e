// Models that are no files of their own, in every browser: from memory, out of an archive, made by a function.

#include <algorithm>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <atomic>
#include <fstream>
#include <future>
#include <mutex>
#include <set>
#include <stdexcept>
#include <webpool/detail/sha256.hpp>
#include <webpool/driver/served_file.hpp>

#include "../support/byte_sources.hpp"
#include "../support/onnx_file.hpp"
#include "../support/tar_file.hpp"
#include "support.hpp"

using namespace webpool;
using support::contains;

namespace {

std::string bytes_of(const std::filesystem::path& file) { return testing::text_of(source::file(file)); }

std::vector<float> floats(const Outputs& outputs, std::string_view name) {
  const auto elements = outputs[name].as<float>();
  return {elements.begin(), elements.end()};
}

/// A model of y = x + w, whose weights lie in a file of more bytes than stay in memory, and those.
struct Large {
  std::string model = testing::onnx_file({{"x", {{1, 4}}}}, {{"y", {{1, 4}}}}, {{"Add", {"x", "w"}, {"y"}}},
                                         {{"w", {4}, {}, {{"location", "w.bin"}, {"length", "16"}}}});
  std::vector<float> w{1, 2, 3, 4};
  std::uint64_t size = driver::most_in_memory + 5;
  Inputs input{{"x", Tensor::from(std::vector<float>{10, 20, 30, 40}, {1, 4})}};

  /// The weights, then zeros.
  std::size_t make(std::uint64_t offset, std::span<std::byte> into) const {
    std::ranges::fill(into, std::byte{0});
    const auto all = std::as_bytes(std::span(w));
    if (offset < all.size()) std::ranges::copy(all.subspan(offset), into.begin());
    return into.size();
  }
};

}  // namespace

TEST_CASE("a model gives the same from memory, out of an archive, and made by a function", "[browser]") {
  const std::string bytes = bytes_of(support::digits_file);
  const auto reference = support::native(support::digits_file, "probabilities", {support::picture(7)}).at(0);
  const support::Scripts folder;
  const auto tar = folder.folder() / "bundle.tar";
  std::ofstream(tar, std::ios::binary) << testing::tar_entry("readme.txt", "digits")
                                       << testing::tar_entry("models/digits.onnx", bytes) << testing::tar_end;
  const std::vector<Browser> kinds{Browser::chromium, Browser::firefox};
  support::BrowserPool pool(support::one_of_each(kinds));
  REQUIRE(support::joined(pool, kinds.size()));
  for (const Browser kind : kinds) {
    const ModelOptions there{.backends = {Backend::wasm}, .browsers = {kind}};
    const ModelSource sources[]{support::digits_file, ModelBytes(source::memory(bytes), "digits"),
                                source::TarArchive(source::file(tar)).model("models/digits.onnx"),
                                ModelBytes(testing::piecemeal(bytes, 10'000), "digits")};
    for (const ModelSource& source : sources) {
      const Model model = pool.load(source, there);
      CHECK(model.name() == "digits");
      const Outputs outputs = model(support::picture(7));
      CHECK(outputs.where().browser.browser == kind);
      CHECK(support::difference(floats(outputs, "probabilities"), reference) < support::tolerance(Backend::wasm));
    }
  }
  // They are one content, whatever it came from: each browser fetched it once.
  CHECK(pool.metrics().loads == 4 * kinds.size());
  CHECK(pool.metrics().model_cache_hits == 3 * kinds.size());
}

TEST_CASE("parts, models together and asynchronous loads take bytes too", "[browser]") {
  const std::string bytes = bytes_of(support::digits_file);
  support::BrowserPool pool(support::one_of_each({Browser::chromium}));
  const ModelOptions wasm{.backends = {Backend::wasm}};
  const auto part = [&](std::string name) {
    return ModelPart{.options = wasm, .bytes = ModelBytes(source::memory(bytes), std::move(name))};
  };
  const auto parts = pool.load_parts({part("first"), part("second"), {support::digits_file, wasm}});
  const auto together = pool.load_together({support::digits_file, ModelBytes(source::memory(bytes), "other")}, wasm);
  const auto later = pool.async_load(ModelBytes(source::memory(bytes), "later"), wasm, asio::use_future).get();
  const auto expected = floats(parts[2](support::picture(3)), "probabilities");
  for (const Model& model : {parts[0], parts[1], together[0], together[1], *later}) {
    CAPTURE(model.name());
    CHECK(floats(model(support::picture(3)), "probabilities") == expected);
  }
}

TEST_CASE("a large file of weights is made for each tab that needs it, by a thread of the pool's own", "[browser]") {
  const Large large;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  const auto find = [&](std::string_view name) -> std::shared_ptr<ByteSource> {
    if (name != "w.bin") return nullptr;
    return source::generator(large.size, [&](std::uint64_t offset, std::span<std::byte> into) {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
      return large.make(offset, into);
    });
  };
  support::BrowserPool pool(support::one_of_each({Browser::chromium}));
  const Model model = pool.load(ModelBytes(source::memory(large.model), "sum", find), {.backends = {Backend::wasm}});
  CHECK(floats(model(large.input), "y") == std::vector<float>{11, 22, 33, 44});
  CHECK(threads.size() == 2);  // the load's, and that one
}

TEST_CASE("a load that is cancelled while a browser fetches stops there too, and the browser serves on", "[browser]") {
  const Large large;
  webpool::detail::Sha256 hash;
  std::vector<std::byte> all(large.size);
  large.make(0, all);
  hash.update(all);
  std::promise<void> fetching, let_go;
  std::atomic<std::uint64_t> furthest = 0;
  const auto released = let_go.get_future().share();
  const auto find = [&](std::string_view) {
    return source::generator(
        large.size,
        [&, released](std::uint64_t offset, std::span<std::byte> into) {
          if (furthest < 3 << 20 && offset >= 3 << 20) fetching.set_value();
          furthest = std::max(furthest.load(), offset);
          if (offset >= 3 << 20) released.wait();
          return large.make(offset, into);
        },
        hash.hex());
  };
  support::BrowserPool pool(support::one_of_each({Browser::chromium}));
  const ModelOptions wasm{.backends = {Backend::wasm}};
  asio::cancellation_signal signal;
  std::promise<Error> ended;
  pool.async_load(ModelBytes(source::memory(large.model), "sum", find), wasm,
                  asio::bind_cancellation_slot(signal.slot(), [&](const std::exception_ptr& failed, const auto&) {
                    ended.set_value(support::error_of([&] { std::rethrow_exception(failed); }));
                  }));
  fetching.get_future().wait();
  signal.emit(asio::cancellation_type::total);
  CHECK(ended.get_future().get().code() == errc::cancelled);  // and the source still keeps the browser waiting
  CHECK_FALSE(pool.has_model("sum"));
  CHECK(pool.metrics().workers == 0);
  let_go.set_value();
  CHECK(pool.load(support::digits_file, wasm)(support::picture(3)).where().browser.browser == Browser::chromium);
  CHECK(pool.metrics().joins == 1);
  CHECK(furthest < large.size / 2);
}

TEST_CASE("a source that fails, changes or lies ends its load with the reason, and never the pool", "[browser]") {
  const Large large;
  support::BrowserPool pool(support::one_of_each({Browser::chromium}));
  REQUIRE(support::joined(pool, 1));
  const ModelOptions wasm{.backends = {Backend::wasm}};
  /// The load's error where `make` is asked for the weights by a tab.
  const auto error_with = [&](source::Generate make, std::optional<std::string> hash = std::nullopt) {
    const auto find = [&](std::string_view) { return source::generator(large.size, make, hash); };
    return support::error_of([&] { pool.load(ModelBytes(source::memory(large.model), "sum", find), wasm); });
  };
  const auto here = std::this_thread::get_id();
  std::atomic<int> tries = 0;
  const Error thrown = error_with([&](std::uint64_t offset, std::span<std::byte> into) {
    if (std::this_thread::get_id() != here && offset >= 3 << 20 && ++tries)
      throw std::runtime_error("block 3 fails its check");
    return large.make(offset, into);
  });
  CHECK(thrown.code() == errc::load_failed);
  CAPTURE(thrown.message());
  CHECK(contains(thrown.message(), "model 'sum' on chromium"));
  CHECK(contains(thrown.message(), "\"w.bin\" (/models/"));
  CHECK(contains(thrown.message(), "could not be fetched: block 3 fails its check"));
  CHECK(tries >= 3);

  const Error changed = error_with([&](std::uint64_t offset, std::span<std::byte> into) {
    const std::size_t made = large.make(offset, into);
    if (std::this_thread::get_id() != here) into[0] ^= std::byte{1};
    return made;
  });
  CHECK(changed.code() == errc::load_failed);
  CAPTURE(changed.message());
  CHECK(contains(changed.message(), "\"w.bin\" (/models/"));
  CHECK(contains(changed.message(), " has the SHA-256 "));

  const Error lied = error_with(
      [&](std::uint64_t offset, std::span<std::byte> into) { return large.make(offset, into); }, std::string(64, 'a'));
  CHECK(lied.code() == errc::load_failed);
  CHECK(contains(lied.message(), "not " + std::string(64, 'a')));

  // What failed once may do so no more: the next try of the tab gets the rest.
  std::atomic<bool> failed = false;
  const auto once = [&](std::string_view) -> std::shared_ptr<ByteSource> {
    return source::generator(large.size, [&](std::uint64_t offset, std::span<std::byte> into) {
      if (std::this_thread::get_id() != here && offset >= 3 << 20 && !failed.exchange(true))
        throw std::runtime_error("not yet");
      return large.make(offset, into);
    });
  };
  const Model model = pool.load(ModelBytes(source::memory(large.model), "sum", once), wasm);
  CHECK(failed);
  CHECK(floats(model(large.input), "y") == std::vector<float>{11, 22, 33, 44});
}
