#include "loopback_pool.hpp"

#include <atomic>
#include <webpool/driver/check_options.hpp>
#include <webpool/driver/host.hpp>
#include <webpool/driver/read_source.hpp>
#include <webpool/engine/policy_set.hpp>
#include <webpool/fwd.hpp>

namespace webpool::testing {

struct LoopbackPool::Parts {
  Parts(LoopbackPool& pool, PoolOptions given)
      : options(driver::check_options(std::move(given))),
        host(pool, loop, options,
             engine::make_policy_set<selector::PowerOfTwo, scaling::Utilization, memory::LruBudget,
                                     scheduling::Priority>()),
        join_url(host.reached_at(4711)),
        handlers(host.link_handlers()) {}

  const PoolOptions options;
  const std::shared_ptr<driver::Backlog> backlog = std::make_shared<driver::Backlog>(options.backlog);
  driver::EventLoop loop{*backlog};
  driver::Host host;
  const std::string join_url;
  const transport::LinkHandlers handlers;
};

namespace {

driver::Loader::Part digits_part(ModelOptions how, driver::LoadCompletion done) {
  std::vector<driver::ModelFile> files;
  files.push_back(driver::read_source(digits(), how));
  return {std::move(files), std::move(how), Task::other, std::make_shared<std::atomic<std::size_t>>(1),
          std::move(done)};
}

}  // namespace

LoopbackPool::LoopbackPool(PoolOptions options) : parts_(std::make_unique<Parts>(*this, std::move(options))) {
  parts_->host.start();
}
LoopbackPool::~LoopbackPool() { parts_->host.clear(); }

const std::string& LoopbackPool::join_url() const noexcept { return parts_->join_url; }
const transport::LinkHandlers& LoopbackPool::handlers() const noexcept { return parts_->handlers; }

void LoopbackPool::load(ModelOptions how) {
  parts_->host.load(
      digits_part(std::move(how), [this](Expected<ModelIndex> index) { loaded.push_back(std::move(index)); }));
}
std::vector<ModelIndex> LoopbackPool::load_parts(std::size_t number) {
  std::vector<driver::Loader::Part> all;
  for (std::size_t i = 0; i < number; ++i)
    all.push_back(digits_part({}, [this](Expected<ModelIndex> index) { loaded.push_back(std::move(index)); }));
  return parts_->host.load_parts(std::move(all));
}
bool LoopbackPool::has_model(const std::string& name) const { return parts_->host.models().has(name); }
void LoopbackPool::run(Inputs inputs, RequestOptions how, std::shared_ptr<driver::Ticket> ticket) {
  submit({}, std::move(inputs), std::move(how), std::move(ticket), keep_end());
}
driver::Completion LoopbackPool::keep_end() {
  return {[this](Expected<Outputs> result) { ends.push_back(std::move(result)); }};
}

void LoopbackPool::on_join(std::function<void(const BrowserInfo&)> handler) {
  parts_->host.on_join(std::move(handler));
}
void LoopbackPool::on_message(std::string name, MessageHandler handler) {
  parts_->host.on_message(std::move(name), std::move(handler));
}
std::size_t LoopbackPool::send_frame(std::optional<ConnectionId> to, std::string frame) {
  return parts_->host.send_frame(to, std::move(frame));
}
Metrics LoopbackPool::metrics() const { return parts_->host.metrics(); }
std::vector<ConnectionInfo> LoopbackPool::connections() const { return parts_->host.engine().connections(); }

void LoopbackPool::tick(TimePoint now) { parts_->host.tick(now); }
void LoopbackPool::begin_shutdown() { parts_->host.begin_shutdown(); }
bool LoopbackPool::is_empty() const { return parts_->host.is_empty(); }

void LoopbackPool::submit(driver::ModelRef model, Inputs inputs, RequestOptions how,
                          std::shared_ptr<driver::Ticket> ticket, driver::Completion done) {
  parts_->host.submit({model, Clock::now(), std::move(inputs), std::move(how), std::move(ticket), std::move(done)});
}
void LoopbackPool::generate(driver::ModelRef model, Inputs prompt, std::shared_ptr<driver::GenerationRun> run,
                            std::shared_ptr<driver::Ticket> ticket, driver::Completion done) {
  RequestOptions how = run->options.request;
  parts_->host.generate(
      {model, Clock::now(), std::move(prompt), std::move(how), std::move(ticket), std::move(done), std::move(run)});
}
void LoopbackPool::finish(Expected<Outputs> result, driver::Completion done) { done(std::move(result)); }
void LoopbackPool::cancel(std::shared_ptr<driver::Ticket> ticket) { parts_->host.cancel(*ticket); }
void LoopbackPool::release(ModelIndex model) { parts_->host.release(model); }
void LoopbackPool::fetch(const driver::ResidentTensor& tensor, driver::Completion done) {
  parts_->host.copy(driver::TensorCopy(tensor), std::move(done));
}
void LoopbackPool::release(WorkerId worker, TensorId tensor) { parts_->host.release(worker, tensor); }
driver::EventLoop& LoopbackPool::loop() noexcept { return parts_->loop; }
driver::Backlog& LoopbackPool::backlog() noexcept { return *parts_->backlog; }

}  // namespace webpool::testing
