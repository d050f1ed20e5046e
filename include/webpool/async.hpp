#pragma once

// What `Model::async_run`, `Model::async_generate` and `Pool::async_load` need of Asio: executors, cancellation, work.
// Included by webpool.hpp; a file that calls one of them and includes no more than resource_pool.hpp includes it, too.

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>
#include <webpool/driver/completion.hpp>
#include <webpool/model.hpp>
#include <webpool/pool.hpp>

namespace webpool::detail {

template <class Token>
struct StartRun {
  std::shared_ptr<const impl::ModelInterface> model;

  template <class Handler>
  void operator()(Handler handler, Inputs inputs, RequestOptions options) const {
    auto ticket = driver::cancellation_ticket(handler, model->runtime());
    model->start(std::move(inputs), std::move(options), std::move(ticket),
                 driver::complete_on_executor<Outputs>(std::move(handler)));
  }
};

template <class Token>
struct StartGeneration {
  std::shared_ptr<const impl::ModelInterface> model;

  template <class Handler>
  void operator()(Handler handler, std::vector<std::int64_t> prompt, GenerationOptions options,
                  TokenHandler on_token) const {
    auto ticket = driver::cancellation_ticket(handler, model->runtime());
    model->start_generation(std::move(prompt), std::move(options), std::move(on_token), std::move(ticket),
                            driver::complete_on_executor<Generation>(std::move(handler)));
  }
};

template <class Token>
struct StartLoad {
  std::shared_ptr<impl::PoolInterface> pool;

  template <class Handler>
  void operator()(Handler handler, ModelSource source, ModelOptions options) const {
    auto ticket = driver::cancellation_ticket(handler, pool->runtime());
    pool->start_load(std::move(source), std::move(options), std::move(ticket),
                     driver::complete_on_executor<std::optional<Model>>(std::move(handler)));
  }
};

}  // namespace webpool::detail
