// A model behind the application's own metrics. Code that calls a model can call the wrapper in its place.
#include <atomic>
#include <chrono>
#include <iostream>
#include <utility>
#include <webpool/webpool.hpp>

#include "support/media.hpp"

/// Counts and times the calls of a model. Like the model itself, it may be called from any thread.
class MeteredModel {
 public:
  explicit MeteredModel(webpool::Model model) : model_(std::move(model)) {}

  webpool::Outputs operator()(webpool::Inputs inputs, webpool::RequestOptions options = {}) {
    const auto start = std::chrono::steady_clock::now();
    try {
      webpool::Outputs outputs = model_(std::move(inputs), std::move(options));
      microseconds_ +=
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start).count();
      ++(outputs.from_cache() ? kept_ : computed_);
      return outputs;
    } catch (const webpool::Error&) {
      ++failed_;
      throw;
    }
  }

  friend std::ostream& operator<<(std::ostream& out, const MeteredModel& model) {
    const std::int64_t answered = model.computed_ + model.kept_;
    out << model.model_.name() << ": " << model.computed_ << " computed, " << model.kept_ << " from the cache, "
        << model.failed_ << " failed";
    return answered ? out << ", " << model.microseconds_ / answered << " us on average" : out;
  }

 private:
  webpool::Model model_;
  std::atomic<std::int64_t> computed_ = 0, kept_ = 0, failed_ = 0, microseconds_ = 0;
};

int main(int argc, char** argv) {
  const std::filesystem::path folder = argc > 1 ? argv[1] : "examples/models/digits";
  webpool::ResourcePool<> pool;
  MeteredModel digits(pool.load(folder / "digits.onnx", {.response_cache_bytes = 1 << 20}));

  for (const char* sample : {"samples/1.pgm", "samples/2.pgm", "samples/1.pgm"})
    digits({{"image", support::read_pgm(folder / sample)}});
  try {
    digits({{"picture", webpool::Tensor::from(std::vector<float>{0}, {1})}});  // wrong on purpose
  } catch (const webpool::Error& error) {
    std::cout << error.what() << '\n';
  }
  std::cout << digits << '\n';
}
