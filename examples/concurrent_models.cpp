// Several models at once, spread over all browsers; each gives a result or an error.
#include <iostream>
#include <webpool/webpool.hpp>

#include "support/media.hpp"
#include "support/tokenizer.hpp"

int main(int argc, char** argv) {
  const std::filesystem::path models = argc > 1 ? argv[1] : "examples/models";
  webpool::ResourcePool<> pool({.min_connections = 2});
  auto digits = pool.load(models / "digits/digits.onnx");
  auto speech = pool.load(models / "speech/speech.onnx");
  auto encoder = pool.load(models / "text/encoder.onnx", {.backends = {webpool::Backend::wasm}});

  const auto results = pool.execute_concurrent({
      {digits, {{"image", support::read_pgm(models / "digits/samples/7.pgm")}}},
      {speech, {{"audio", support::read_wav(models / "speech/samples/3.wav")}}},
      {encoder, {{"ids", support::tokenize("Browsers are everywhere.")}}},
      {digits, {{"picture", webpool::Tensor::from(std::vector<float>{0}, {1})}}},  // wrong on purpose
  });
  for (const auto& result : results) {
    if (result)
      std::cout << (*result->begin()).tensor.shape() << " from " << result->where() << ", " << result->times().total
                << " ms\n";
    else
      std::cout << result.error().what() << '\n';
  }

  auto pair = digits.run_batch({{{"image", support::read_pgm(models / "digits/samples/1.pgm")}},
                                {{"image", support::read_pgm(models / "digits/samples/2.pgm")}}});
  std::cout << "a batch of " << pair.size() << " took one run of " << pair[0].times().compute << " ms\n";
}
