// Learned against static routing over three real browsers with the three demo models, interleaved in one run:
//   routing [--rounds 5] [--seconds 4] [--models folder] [--json file]
#include <atomic>
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>
#include <webpool/testing/statistics.hpp>
#include <webpool/webpool.hpp>

#include "../examples/demo/models.hpp"
#include "report.hpp"

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using webpool::Browser;

constexpr int clients = 4;

/// One way to route, with browsers of its own.
class Contender {
 public:
  virtual ~Contender() = default;
  virtual void window(Clock::duration length) = 0;

  std::string name;
  std::vector<double> rates;         ///< requests per second, of each window
  std::vector<double> latencies_ms;  ///< of all requests
};

using webpool::testing::quantile;

template <class Selector>
class Pool final : public Contender {
 public:
  Pool(std::string called, bool fastest, const std::vector<demo::DemoModel>& models) : models_(models) {
    name = std::move(called);
    for (const auto& model : models)
      loaded_.push_back(pool_.load(model.file, {.fastest = fastest, .replicas = 3, .free_dimensions = {{"batch", 1}}}));
  }

  void window(Clock::duration length) override {
    const auto until = Clock::now() + length;
    std::vector<std::vector<double>> latencies(clients);
    const auto begin = Clock::now();
    {
      std::vector<std::jthread> threads;
      for (std::size_t client = 0; client < clients; ++client)
        threads.emplace_back([this, until, client, &mine = latencies[client]] {
          for (std::size_t i = client; Clock::now() < until; ++i) {
            const std::size_t model = i % models_.size();
            const auto sent = Clock::now();
            loaded_[model](models_[model].inputs[i % models_[model].inputs.size()]);
            mine.push_back(std::chrono::duration<double, std::milli>(Clock::now() - sent).count());
          }
        });
    }
    const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    std::size_t ended = 0;
    for (const auto& mine : latencies) {
      ended += mine.size();
      latencies_ms.insert(latencies_ms.end(), mine.begin(), mine.end());
    }
    rates.push_back(static_cast<double>(ended) / seconds);
  }

 private:
  const std::vector<demo::DemoModel>& models_;
  webpool::ResourcePool<Selector, webpool::scaling::Fixed> pool_{
      {.min_connections = 3,
       .max_connections = 3,
       .browsers = {Browser::chromium, Browser::firefox, Browser::headless_shell},
       .log = [](auto, std::string_view) {}}};
  std::vector<webpool::Model> loaded_;
};

int run(std::map<std::string, std::string> given) {
  const auto models = demo::demo_models(given["--models"]);
  std::vector<std::unique_ptr<Contender>> all;
  const auto add = [&]<class Selector>(std::string name, bool fastest, std::type_identity<Selector>) {
    std::cerr << "loading three models into three browsers: " << name << '\n';
    all.push_back(std::make_unique<Pool<Selector>>(std::move(name), fastest, models));
  };
  namespace selector = webpool::selector;
  add("Preference", false, std::type_identity<selector::Preference>());
  add("PowerOfTwo", false, std::type_identity<selector::PowerOfTwo>());
  add("Learned", false, std::type_identity<selector::Learned>());
  add("Learned, fastest backend in each tab", true, std::type_identity<selector::Learned>());

  const int rounds = std::stoi(given["--rounds"]);
  for (int round = 0; round < rounds; ++round)
    for (auto& each : all) {
      each->window(std::chrono::seconds(std::stoi(given["--seconds"])));
      std::cerr << "round " << round + 1 << " of " << rounds << ": " << each->name << ' '
                << comparison::text(each->rates.back()) << " requests/s\n";
    }

  comparison::Table table("Three models over three browsers, " + std::to_string(clients) + " clients, " +
                              std::to_string(rounds) + " interleaved windows, medians",
                          {"selector", "requests/s", "p50 ms", "p95 ms", "times Preference"});
  comparison::Report report;
  const double base = quantile(all.front()->rates, 0.5);
  for (const auto& each : all) {
    const double rate = quantile(each->rates, 0.5);
    table.add({each->name, comparison::text(rate), comparison::text(quantile(each->latencies_ms, 0.5)),
               comparison::text(quantile(each->latencies_ms, 0.95)), comparison::text(rate / base, 2)});
    report.add("routing/" + each->name + "/throughput", rate, "requests/s");
    report.add("routing/" + each->name + "/ratio", rate / base, "times Preference");
  }
  table.print(std::cout);
  if (!given["--json"].empty()) report.write(given["--json"]);
  return 0;
}

}  // namespace

int main(int argc, char** argv) try {
  std::map<std::string, std::string> given{{"--models", "examples/models"}, {"--rounds", "5"}, {"--seconds", "4"}};
  for (int i = 1; i + 1 < argc; i += 2) given[argv[i]] = argv[i + 1];
  return run(std::move(given));
} catch (const std::exception& error) {
  return std::cerr << "routing: " << error.what() << '\n', 2;
}
