#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
#include <webpool/expected.hpp>
#include <webpool/protocol/decode_control.hpp>
#include <webpool/protocol/decode_data.hpp>
#include <webpool/protocol/frame.hpp>
#include <webpool/protocol/json_reader.hpp>
#include <webpool/protocol/messages.hpp>
#include <webpool/protocol/prepared_result.hpp>

namespace webpool::protocol {

/// Reads messages from pages. Whatever the bytes are, the result is a message that follows every rule of the wire, or
/// `errc::malformed_frame` with a sentence that names the field or the byte.
///
/// Fields may come in any order. Unknown ones are skipped, and if a field occurs twice, one of the two counts. Lists,
/// names and the header are bounded as in `frame.hpp`. No allocation has a size that the page chose.
///
/// Owns the parser's memory, a few times the largest header so far, and reuses it. Not thread-safe; one per strand.
class Decoder {
 public:
  /// A message of a control socket. Its tensors refer to `frame`, which `owner` must keep alive; if `owner` is null,
  /// the caller must. Everything else is copied.
  Expected<ControlMessage> control(std::span<const std::byte> frame, std::shared_ptr<const void> owner = nullptr) {
    align(frame, owner);
    return decode<ControlMessage>(frame, [&](FrameReader& reader) {
      return parse<ControlMessage>(reader, [&](std::string_view type, detail::Fields& fields) {
        return detail::read_control(type, fields, reader, owner);
      });
    });
  }

  /// A message of a data socket. A result's tensors refer to `frame`, which `owner` must keep alive, without a copy.
  /// `next` is what the socket's next result may look like, which makes it faster to read. It learns from each result.
  Expected<DataMessage> data(std::span<const std::byte> frame, std::shared_ptr<const void> owner,
                             PreparedResult* next = nullptr) {
    align(frame, owner);
    return decode<DataMessage>(frame, [&](FrameReader& reader) {
      if (auto result = next ? next->read(reader, owner) : std::nullopt) return DataMessage(*std::move(result));
      auto message = parse<DataMessage>(reader, [&](std::string_view type, detail::Fields& fields) {
        return detail::read_data(type, fields, reader, owner);
      });
      if (const auto* result = next ? std::get_if<Result>(&message) : nullptr) next->learn(reader.header(), *result);
      return message;
    });
  }

 private:
  /// A frame that does not begin at a multiple of 8 in memory is copied whole, so that elements are aligned.
  static void align(std::span<const std::byte>& frame, std::shared_ptr<const void>& owner) {
    if (reinterpret_cast<std::uintptr_t>(frame.data()) % 8 == 0) return;
    auto copy = std::make_shared<std::vector<std::uint64_t>>(aligned(frame.size()) / 8);
    const auto bytes = std::as_writable_bytes(std::span(*copy)).first(frame.size());
    std::ranges::copy(frame, bytes.begin());
    frame = bytes;
    owner = std::move(copy);
  }

  template <class Message, class Read>
  static Expected<Message> decode(std::span<const std::byte> frame, Read read) {
    try {
      FrameReader reader(frame);
      Message message = read(reader);
      reader.finish();
      return message;
    } catch (const Error& error) {
      return Error(errc::malformed_frame, error.message());
    }
  }

  template <class Message, class Read>
  Message parse(const FrameReader& reader, Read read) {
    detail::Fields fields = parser_.parse(reader.header());
    const std::string_view type = fields["type"].text();
    fields.rename(type);
    return read(type, fields);
  }

  detail::HeaderParser parser_;
};

}  // namespace webpool::protocol
