// Runs one model in a browser: draws a "1", asks which digit it is.
#include <algorithm>
#include <iostream>
#include <webpool/webpool.hpp>

int main(int argc, char** argv) {
  webpool::ResourcePool<> pool;  // finds a browser, starts it without a window
  auto digits = pool.load(argc > 1 ? argv[1] : "examples/models/digits/digits.onnx");

  std::vector<float> image(28 * 28);
  for (int row = 5; row < 23; ++row) std::fill_n(&image[row * 28 + 13], 3, 1.0f);

  auto outputs = digits({{"image", webpool::Tensor::from(image, {1, 1, 28, 28})}});
  auto chances = outputs["probabilities"].as<float>();
  std::cout << "It is a " << std::ranges::max_element(chances) - chances.begin() << ", says " << outputs.where()
            << '\n';
}
