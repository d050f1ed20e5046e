// Writes a line of CSV for every run: what a sink is for. Another thread would do it in a program that is in a hurry.
#include <fstream>
#include <iostream>
#include <memory>
#include <webpool/webpool.hpp>

class Csv : public webpool::RunSink {
 public:
  explicit Csv(const std::string& path) : file_(path) { file_ << "model,browser,backend,milliseconds,error\n"; }

  void ran(const webpool::RunRecord& run) override {
    file_ << run.model << ',';
    if (run.where)
      file_ << to_string(run.where->browser.browser) << ',' << to_string(run.where->backend);
    else
      file_ << ',';
    file_ << ',' << run.times.total << ',' << (run.error ? run.error->code().message() : "") << '\n';
  }

  void joined(const webpool::JoinRecord& tab) override { std::cout << tab.browser << " joined\n"; }

 private:
  std::ofstream file_;
};

int main() {
  const auto csv = std::make_shared<Csv>("runs.csv");
  {
    webpool::ResourcePool<> pool({.sinks = {csv}});
    const auto digits = pool.load("examples/models/digits/digits.onnx");
    const auto image = webpool::Tensor::from(std::vector<float>(28 * 28), {1, 1, 28, 28});
    for (int i = 0; i < 10; ++i) digits({{"image", image}});
  }
  std::ifstream lines("runs.csv");
  std::cout << lines.rdbuf();
}
