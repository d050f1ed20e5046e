#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <numeric>
#include <utility>
#include <webpool/driver/loading_model.hpp>
#include <webpool/driver/roster.hpp>
#include <webpool/engine/load_state.hpp>
#include <webpool/outputs.hpp>
#include <webpool/protocol/messages.hpp>

namespace webpool::driver {

/// What may be believed of the news: a page can't have more bytes than there are. `news.part` is one of the model's.
inline engine::LoadNews believed(const LoadingModel& model, Worker& worker, const protocol::Progress& news) {
  using engine::LoadStage;
  if (news.stage == protocol::LoadStage::create) return {LoadStage::create, news.done, news.total};
  if (news.stage == protocol::LoadStage::warmup) return {LoadStage::warmup, news.done, news.total};
  worker.fetched.resize(model.files.size());
  std::uint64_t& done = worker.fetched[news.part];
  done = std::max(done, std::min<std::uint64_t>(news.done, model.files[news.part].total_size()));
  return {LoadStage::fetch, std::accumulate(worker.fetched.begin(), worker.fetched.end(), std::uint64_t{0}),
          model.bytes()};
}

/// What holds the worker's model now.
inline std::shared_ptr<const Where> place_of(Worker& worker, const BrowserInfo& browser, protocol::Loaded& news) {
  std::ranges::move(news.tried, std::back_inserter(worker.passed_over));
  return std::make_shared<const Where>(Where{worker.tab, browser, news.backend, news.device, news.cpu_fallback,
                                             std::move(worker.passed_over), std::move(news.placements), news.verified,
                                             std::move(news.remarks)});
}

/// Of the loaded model: as the page says, else of its files.
inline std::size_t memory_of(const LoadingModel& model, const protocol::Loaded& news) {
  return news.memory_bytes ? static_cast<std::size_t>(news.memory_bytes) : model.bytes();
}

}  // namespace webpool::driver
