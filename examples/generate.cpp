// Lets a decoder continue a text, and prints it as it comes: generate [story.onnx [beginning [temperature]]]
#include <iostream>
#include <string>
#include <webpool/webpool.hpp>

namespace {
constexpr std::int64_t newline = 95;  // this model's tokens are characters

std::vector<std::int64_t> encode(const std::string& text) {
  std::vector<std::int64_t> tokens;
  for (const char letter : text) tokens.push_back(letter == '\n' ? newline : letter - ' ');
  return tokens;
}

char decode(std::int64_t token) { return token == newline ? '\n' : static_cast<char>(token + ' '); }
}  // namespace

int main(int argc, char** argv) try {
  webpool::ResourcePool<> pool;
  auto story = pool.load(argc > 1 ? argv[1] : "examples/models/story/story.onnx");
  const std::string beginning = argc > 2 ? argv[2] : "A lighthouse stood on a rock";
  const double temperature = argc > 3 ? std::stod(argv[3]) : 0;

  std::cout << beginning << std::flush;
  const auto text = story.generate(encode(beginning), {.max_tokens = 90, .temperature = temperature, .seed = 7},
                                   [](std::int64_t token) { std::cout << decode(token) << std::flush; });
  std::cout << "\n\n"
            << text.tokens.size() << " tokens, the first after " << text.first_token << " ms, all after "
            << text.times.total << " ms, by " << text.where() << '\n';
} catch (const webpool::Error& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
