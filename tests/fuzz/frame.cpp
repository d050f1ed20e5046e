// A libFuzzer target: the bytes are a frame from a page. Whatever they are, a message keeps the rules of the wire.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
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

/// Both are the same message or the same fault.
void agree(const webpool::Expected<webpool::protocol::DataMessage>& one,
           const webpool::Expected<webpool::protocol::DataMessage>& other) {
  require(bool(one) == bool(other), "prepared, it is no longer malformed, or only now");
  if (!one) return require(one.error().message() == other.error().message(), "prepared, another fault");
  require(one->index() == other->index(), "prepared, another message");
  const auto *a = std::get_if<webpool::protocol::Result>(&*one), *b = std::get_if<webpool::protocol::Result>(&*other);
  if (!a) return;
  require(a->id == b->id && a->outputs.size() == b->outputs.size(), "prepared, another result");
  require(a->times.queued == b->times.queued && a->times.upload == b->times.upload, "prepared, other times");
  require(a->times.compute == b->times.compute && a->times.download == b->times.download, "prepared, other times");
  for (std::size_t i = 0; i < a->outputs.size(); ++i) {
    const auto &left = a->outputs[i], &right = b->outputs[i];
    require(left.name == right.name && left.tensor.datatype() == right.tensor.datatype() &&
                left.tensor.shape() == right.tensor.shape() &&
                left.tensor.bytes().data() == right.tensor.bytes().data() &&
                left.tensor.bytes().size() == right.tensor.bytes().size(),
            "prepared, another output");
  }
}

/// What to expect after a result of three bytes.
webpool::protocol::PreparedResult three_bytes() {
  std::string frame;
  webpool::protocol::FrameWriter writer(frame, 256);
  writer.header() += R"({"type":"result","id":1,"outputs":[{"name":"y","datatype":"UINT8","shape":[3],)"
                     R"("parameters":{"binary_data_size":3}}],)"
                     R"("times":{"queued":0,"upload":0.5,"compute":1.25,"download":0.125}})";
  writer.end_header();
  writer.tensor(std::as_bytes(std::span("abc", 3)));
  const auto kept = std::make_shared<std::vector<std::uint64_t>>((frame.size() + 7) / 8);
  std::memcpy(kept->data(), frame.data(), frame.size());
  webpool::protocol::PreparedResult next;
  webpool::protocol::Decoder decoder;
  const auto bytes = std::as_bytes(std::span(*kept)).first(frame.size());
  require(bool(decoder.data(bytes, kept, &next)), "the result of three bytes is malformed");
  return next;
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
  static const webpool::protocol::PreparedResult usual = three_bytes();
  webpool::protocol::PreparedResult next = usual;
  agree(message, decoder.data(frame, copy, &next));
  agree(message, decoder.data(frame, copy, &next));  // with what it has taught itself
  return 0;
}
