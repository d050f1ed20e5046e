#include <webpool/driver/load_news.hpp>

#include "../catch.hpp"

using namespace webpool;

namespace {

driver::LoadingModel two_parts() {
  std::vector<driver::ModelFile> files(2);
  files[0].name = "trunk", files[0].size = 100;
  files[1].name = "head", files[1].size = 20;
  return {std::move(files), {}, {}, driver::Failing::leaves};
}

}  // namespace

TEST_CASE("bytes that arrive count over all parts, never more than there are, and never fewer than before") {
  const auto model = two_parts();
  driver::Worker worker;
  const auto fetched = [&](std::uint64_t part, std::uint64_t done) {
    const auto news = driver::believed(
        model, worker, {.stage = protocol::LoadStage::fetch, .part = part, .done = done, .total = 1 << 30});
    CHECK(news.stage == engine::LoadStage::fetch);
    CHECK(news.total == 120);
    return news.done;
  };
  CHECK(fetched(0, 60) == 60);
  CHECK(fetched(1, 1'000'000) == 80);
  CHECK(fetched(0, 10) == 80);
  CHECK(fetched(0, 100) == 120);
}

TEST_CASE("a place has what was passed over in this load and before") {
  driver::Worker worker;
  worker.passed_over = {{Backend::webnn, "switched off"}};
  protocol::Loaded news;
  news.tried = {{Backend::webgpu, "no adapter"}};
  const auto where = driver::place_of(worker, {.browser = Browser::firefox}, news);
  CHECK(where->backend == Backend::wasm);
  CHECK(where->browser.browser == Browser::firefox);
  REQUIRE(where->passed_over.size() == 2);
  CHECK(where->passed_over[1].message == "no adapter");
}

TEST_CASE("a model's memory is what the page says, or the size of its files") {
  const auto model = two_parts();
  protocol::Loaded news;
  CHECK(driver::memory_of(model, news) == 120);
  news.memory_bytes = 500;
  CHECK(driver::memory_of(model, news) == 500);
}
