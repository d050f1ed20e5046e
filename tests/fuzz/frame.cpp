// A libFuzzer target: the bytes are a frame from a page. Whatever they are, a message keeps the rules of the wire.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <variant>
#include <vector>
#include <webpool/protocol/decode.hpp>
#include <webpool/protocol/encode.hpp>

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// Tensors lie within the frame, and their bytes are what datatype and shape say.
void check(const std::vector<webpool::NamedTensor>& tensors, std::span<const std::byte> frame) {
  std::size_t sum = 0;
  for (const auto& [name, tensor] : tensors) sum += tensor.bytes().size();
  require(sum <= frame.size(), "the tensors are larger than their frame");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static webpool::protocol::Decoder decoder;
  const auto copy = std::make_shared<std::vector<std::byte>>(size);
  if (size > 0) std::copy_n(reinterpret_cast<const std::byte*>(data), size, copy->data());
  const std::span<const std::byte> frame(*copy);

  const auto control = decoder.control(frame, copy);
  if (!control) require(!control.error().message().empty(), "an error without a sentence");
  const auto message = decoder.data(frame, copy);
  if (!message) {
    require(message.error().code() == webpool::errc::malformed_frame, "a fault that is no malformed frame");
  } else if (const auto* result = std::get_if<webpool::protocol::Result>(&*message)) {
    check(result->outputs, frame);
  }
  return 0;
}
