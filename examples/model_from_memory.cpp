// Models that are no files for the browser to fetch: one is in memory, and one is encrypted until a tab asks for it.
#include <algorithm>
#include <iostream>
#include <memory>
#include <utility>
#include <webpool/webpool.hpp>

/// Bytes that nobody gets as they are on the disk. (A real cipher goes where the XOR is.)
class Encrypted : public webpool::ByteSource {
 public:
  Encrypted(std::shared_ptr<webpool::ByteSource> of, std::byte key) : of_(std::move(of)), key_(key) {}

  std::uint64_t size() const override { return of_->size(); }
  std::size_t read(std::uint64_t offset, std::span<std::byte> into) override {
    const std::size_t count = of_->read(offset, into);
    for (std::byte& each : into.first(count)) each ^= key_;
    return count;
  }

 private:
  std::shared_ptr<webpool::ByteSource> of_;
  std::byte key_;
};

int main(int argc, char** argv) {
  const auto file = webpool::source::file(argc > 1 ? argv[1] : "examples/models/digits/digits.onnx");
  std::vector<std::byte> bytes(static_cast<std::size_t>(file->size()));
  webpool::read_exactly(*file, 0, bytes);
  std::vector<std::byte> secret = bytes;
  for (std::byte& each : secret) each ^= std::byte{42};

  webpool::ResourcePool<> pool({.max_connections = 1});
  const auto plain = pool.load(webpool::ModelBytes(webpool::source::memory(std::move(bytes)), "plain"));
  const auto safe = std::make_shared<Encrypted>(webpool::source::memory(std::move(secret)), std::byte{42});
  const auto encrypted = pool.load(webpool::ModelBytes(safe, "encrypted"));

  std::vector<float> image(28 * 28);
  for (int row = 5; row < 23; ++row) std::fill_n(&image[row * 28 + 13], 3, 1.0f);
  for (const auto& model : {plain, encrypted}) {
    const auto outputs = model({{"image", webpool::Tensor::from(image, {1, 1, 28, 28})}});
    const auto chances = outputs["probabilities"].as<float>();
    std::cout << model.name() << ": it is a " << std::ranges::max_element(chances) - chances.begin() << '\n';
  }
}
