// A program with several models: it uses the first while the others are still loading, and shows their progress.
#include <algorithm>
#include <iostream>
#include <map>
#include <mutex>
#include <utility>
#include <webpool/webpool.hpp>

/// A line in the terminal with a bar for each model; both the pool's thread and the main one write to it.
class Bars {
 public:
  void show(const std::string& model, double share, char mark = '#') {
    const std::lock_guard lock(mutex_);
    bars_[model] = std::string(static_cast<std::size_t>(10 * share), mark);
    if (std::exchange(shown_, line()) != line()) std::cout << '\r' << shown_ << std::flush;
  }
  void say(const std::string& sentence) {
    const std::lock_guard lock(mutex_);
    std::cout << "\r" << std::string(shown_.size(), ' ') << "\r" << sentence << '\n' << shown_ << std::flush;
  }

 private:
  std::string line() const {
    std::string text;
    for (const auto& [name, bar] : bars_) text += name + " [" + bar + std::string(10 - bar.size(), ' ') + "]  ";
    return text;
  }
  std::mutex mutex_;
  std::map<std::string, std::string> bars_;
  std::string shown_;
};

int main(int argc, char** argv) {
  const std::filesystem::path models = argc > 1 ? argv[1] : "examples/models";
  Bars bars;
  const auto part = [&](const char* file) {
    webpool::ModelPart made{models / file};
    made.options.progress = [&](const webpool::LoadProgress& news) {
      if (news.stage == "fetch") bars.show(std::string(news.model), double(news.done) / double(news.total), '-');
    };
    made.ready = [&bars, name = made.path.stem().string()](const std::optional<webpool::Error>& error) {
      error ? bars.say(error->message()) : bars.show(name, 1);
    };
    return made;
  };
  webpool::ResourcePool<> pool({.max_connections = 1, .log_level = webpool::LogLevel::off});
  auto parts = pool.load_parts({part("digits/digits.onnx"), part("speech/speech.onnx"), part("text/encoder.onnx")});

  const auto blank = webpool::Tensor::from(std::vector<float>(28 * 28), {1, 1, 28, 28});
  auto digit = parts[0]({{"image", blank}});  // waits only for this part
  bars.say("the first part answers on " + std::string(to_string(digit.where().backend)));
  const auto ids = webpool::Tensor::from(std::vector<std::int64_t>(64, 1), {1, 64});
  auto text = parts[2]({{"ids", ids}});
  bars.say("the last part answers on " + std::string(to_string(text.where().backend)));
}
