// One encoder and three classifiers of its vector. Each sentence is encoded once, and its vector never leaves the
// browser.
#include <iostream>
#include <webpool/webpool.hpp>

#include "support/tokenizer.hpp"

int main(int argc, char** argv) {
  const std::filesystem::path models = argc > 1 ? argv[1] : "examples/models", text = models / "text";
  webpool::ResourcePool<> pool({.max_connections = 1});
  const auto parts =
      pool.load_together({text / "encoder.onnx", text / "topic.onnx", text / "language.onnx", text / "sentence.onnx"},
                         {.backends = {webpool::Backend::wasm}, .response_cache_bytes = 1 << 20});
  const webpool::Model& encoder = parts[0];
  const std::vector<std::vector<std::string>> classes{
      {"computers", "travel", "garden"}, {"English", "German", "French"}, {"a question", "a statement"}};
  for (const char* sentence : {"How do I run a neural network in the browser?",
                               "Der Zug geht um sieben Uhr vom Bahnhof", "She planted roses behind the old house"}) {
    std::cout << sentence << ":";
    for (std::size_t head = 0; head < classes.size(); ++head) {
      // For the first head the sentence is encoded; the others find its vector in the tab.
      const auto encoded = encoder({{"ids", support::tokenize(sentence)}}, {.keep_on_device = {"pooled"}});
      const auto result = parts[head + 1]({{"pooled", encoded["pooled"]}});
      const auto scores = result["probabilities"].as<float>();
      std::cout << (head > 0 ? ", " : " ")
                << classes[head][static_cast<std::size_t>(std::ranges::max_element(scores) - scores.begin())];
    }
    std::cout << '\n';
  }
  const webpool::Metrics metrics = pool.metrics();
  std::cout << metrics.cache_misses << " encodings served " << metrics.cache_hits + metrics.cache_misses
            << " requests; " << metrics.device_tensors << " vectors stay in the tab, " << metrics.device_bytes_saved
            << " bytes did not travel\n";
}
