#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <webpool/byte_source.hpp>
#include <webpool/error.hpp>
#include <webpool/model_bytes.hpp>
#include <webpool/source/range.hpp>

namespace webpool::source {

/// The regular files in a tar archive, each as a range of it: a model and its external data in one file. Reads POSIX.1
/// archives (ustar and pax) and long names of GNU tar's; other kinds of entries are passed over. An archive that is
/// compressed is a matter of a `generator`.
class TarArchive {
 public:
  /// Reads the headers, not what is between. Throws `errc::model_invalid` if it is no such archive or ends too early.
  explicit TarArchive(std::shared_ptr<ByteSource> archive) : archive_(std::move(archive)) {
    const std::uint64_t all = archive_->size();
    std::string long_name;
    std::optional<std::uint64_t> long_size;
    for (std::uint64_t at = 0;;) {
      if (all - at < block) invalid(at, "the archive ends without an end mark");
      const std::string header = read(at, block);
      if (header.find_first_not_of('\0') == header.npos) return;
      check_sum(at, header);
      const char kind = header[156];
      const bool regular = kind == '0' || kind == '\0';
      const std::uint64_t bytes =
          regular && long_size ? *long_size : octal(at, std::string_view(header).substr(124, 12));
      at += block;
      if (bytes > all - at)
        invalid(at - block, "its " + std::to_string(bytes) + " bytes reach beyond the archive's end");
      if (kind == 'x') {
        read_records(at, bytes, long_name, long_size);
      } else if (kind == 'L') {
        long_name = until_zero(read_text(at, bytes));
      } else {
        if (regular) entries_[plain(long_name.empty() ? name_of(header) : long_name)] = range(archive_, at, bytes);
        long_name.clear();
        long_size.reset();
      }
      const std::uint64_t padded = (bytes + block - 1) / block * block;
      at += std::min(padded, all - at);
    }
  }

  /// The paths in the archive, sorted.
  std::vector<std::string> names() const {
    std::vector<std::string> all;
    for (const auto& [name, source] : entries_) all.push_back(name);
    return all;
  }

  /// The entry with that path, or null.
  std::shared_ptr<ByteSource> find(std::string_view path) const {
    const auto found = entries_.find(path);
    return found == entries_.end() ? nullptr : found->second;
  }

  /// The model at that path, called by the path's stem, with the archive's files beside it as its external data. Throws
  /// `errc::model_not_found`.
  ModelBytes model(std::string_view path) const {
    const auto root = find(path);
    if (!root) throw Error(errc::model_not_found, "there is no '" + std::string(path) + "' in the archive");
    return {root, std::filesystem::path(path).stem().string(),
            [files = *this, folder = std::string(path.substr(0, path.rfind('/') + 1))](std::string_view name) {
              return files.find(folder + std::string(name));
            }};
  }

 private:
  static constexpr std::size_t block = 512;
  static constexpr std::size_t longest_text = std::size_t{1} << 20;

  [[noreturn]] static void invalid(std::uint64_t at, const std::string& reason) {
    throw Error(errc::model_invalid, "the tar archive can't be read at byte " + std::to_string(at) + ": " + reason);
  }

  std::string read(std::uint64_t at, std::size_t bytes) const {
    std::string text(bytes, '\0');
    read_exactly(*archive_, at, std::as_writable_bytes(std::span(text)));
    return text;
  }
  std::string read_text(std::uint64_t at, std::uint64_t bytes) const {
    if (bytes > longest_text) invalid(at, "a name has " + std::to_string(bytes) + " bytes");
    return read(at, static_cast<std::size_t>(bytes));
  }

  static std::string until_zero(std::string_view text) { return std::string(text.substr(0, text.find('\0'))); }
  static std::string plain(std::string_view name) { return std::string(name.substr(name.starts_with("./") ? 2 : 0)); }

  static std::string name_of(std::string_view header) {
    const std::string name = until_zero(header.substr(0, 100));
    const std::string prefix =
        header.substr(257, 6) == std::string_view("ustar\0", 6) ? until_zero(header.substr(345, 155)) : std::string();
    return prefix.empty() ? name : prefix + '/' + name;
  }

  static std::uint64_t octal(std::uint64_t at, std::string_view field) {
    field = field.substr(std::min(field.find_first_not_of(' '), field.size()));
    std::uint64_t value = 0;
    const auto [end, failed] = std::from_chars(field.data(), field.data() + field.size(), value, 8);
    if (failed != std::errc() || (end != field.data() + field.size() && *end != ' ' && *end != '\0'))
      invalid(at, "a field of its header is no octal number");
    return value;
  }

  /// The sum of the header's bytes, with its own field taken as spaces.
  static void check_sum(std::uint64_t at, std::string_view header) {
    std::uint64_t sum = std::uint64_t{8} * ' ';
    for (std::size_t i = 0; i < block; ++i)
      if (i < 148 || i >= 156) sum += static_cast<unsigned char>(header[i]);
    if (sum != octal(at, header.substr(148, 8))) invalid(at, "there is no header with the sum that it names");
  }

  /// Extended header of pax: records "length key=value\n", of which an entry's path and size count here.
  void read_records(std::uint64_t at, std::uint64_t bytes, std::string& path,
                    std::optional<std::uint64_t>& size) const {
    const std::string text = read_text(at, bytes);
    for (std::string_view rest = text; !rest.empty();) {
      std::size_t length = 0;
      const auto [space, failed] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
      const auto start = static_cast<std::size_t>(space - rest.data()) + 1;
      if (failed != std::errc() || length <= start || length > rest.size()) invalid(at, "a record of pax is damaged");
      const std::string_view record = rest.substr(start, length - start - 1);
      const std::string_view key = record.substr(0, record.find('=')),
                             value = record.substr(std::min(key.size() + 1, record.size()));
      if (key == "path") path = value;
      if (key == "size") {
        std::uint64_t number = 0;
        const auto [end, bad] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (bad != std::errc() || end != value.data() + value.size()) invalid(at, "a size of pax is no number");
        size = number;
      }
      rest.remove_prefix(length);
    }
  }

  std::shared_ptr<ByteSource> archive_;
  std::map<std::string, std::shared_ptr<ByteSource>, std::less<>> entries_;
};

}  // namespace webpool::source
