// A libFuzzer target: the bytes are a .npy file. What can be read survives being written and read again.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <optional>
#include <ranges>
#include <string_view>

#include "../../examples/support/npy.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::optional<webpool::Tensor> tensor;
  try {
    tensor = npy::parse({reinterpret_cast<const char*>(data), size});
  } catch (const std::exception& error) {
    if (std::string_view(error.what()).empty()) std::abort();
    return 0;
  }
  const webpool::Tensor again = npy::parse(npy::format(*tensor));
  if (again.shape() != tensor->shape() || !std::ranges::equal(again.bytes(), tensor->bytes())) std::abort();
  return 0;
}
