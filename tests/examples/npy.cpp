#include "../../examples/support/npy.hpp"

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "../catch.hpp"

namespace {

using namespace webpool;
using namespace std::string_literals;

/// A file with this header and these elements, built by hand.
std::string file(const std::string& header, const std::string& elements, char version = 1) {
  std::string bytes = "\x93NUMPY"s + version + '\0' + static_cast<char>(header.size()) + '\0';
  if (version > 1) bytes += "\0\0"s;
  return bytes + header + elements;
}

bool same(const Tensor& a, const Tensor& b) {
  return a.datatype() == b.datatype() && a.shape() == b.shape() && std::ranges::equal(a.bytes(), b.bytes());
}

}  // namespace

TEST_CASE("tensors survive the way to .npy and back", "[examples]") {
  const std::vector<Tensor> tensors{Tensor::from(std::vector<float>{1, 2, 3, 4, 5, 6}, {2, 3}),
                                    Tensor::from(std::vector<double>{0.1}, {}),
                                    Tensor::from(std::vector<std::int64_t>{}, {0, 4}),
                                    Tensor::from(std::vector<std::uint8_t>{1, 2, 3}, {3}),
                                    Tensor::from(std::array<bool, 2>{true, false}, {2}),
                                    Tensor::from(std::vector<Float16>{{0x3c00}}, {1, 1, 1, 1, 1, 1, 1, 1})};
  for (const Tensor& tensor : tensors) {
    const std::string bytes = npy::format(tensor);
    CHECK((bytes.size() - tensor.bytes().size()) % 64 == 0);
    CHECK(same(npy::parse(bytes), tensor));
  }
}

TEST_CASE("a file is what NumPy writes", "[examples]") {
  const std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  CHECK(npy::format(Tensor::from(std::vector<float>{1, 2}, {2})) ==
        file(header + std::string(60, ' ') + '\n', "\0\0\x80\x3f\0\0\0\x40"s));
}

TEST_CASE("both versions are read", "[examples]") {
  const std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (1, 2), }\n";
  for (const char version : {'\1', '\2'}) CHECK(npy::parse(file(header, "ab", version)).shape() == Shape{1, 2});
}

TEST_CASE("what can't be read is refused with a sentence", "[examples]") {
  const auto header = [](const std::string& type, const std::string& order, const std::string& shape) {
    return "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  };
  const auto check = [](const std::string& bytes, const std::string& sentence) {
    CHECK_THROWS_WITH(npy::parse(bytes), sentence);
  };
  check("", "npy: the file does not start like a .npy file");
  check("not a NumPy file at all", "npy: the file does not start like a .npy file");
  check(file("{}", "", 3), "npy: the file has version 3, not 1 or 2");
  check("\x93NUMPY\x01\0\xff\xff{}"s, "npy: the file ends within its header");
  check(file("{'descr': '<f4'}", ""), "npy: the header has no 'fortran_order'");
  check(file(header("<f4", "True", "(1,)"), "1234"), "npy: the elements are in Fortran order");
  check(file(header(">f4", "False", "(1,)"), "1234"), "npy: no tensor can hold elements of type '>f4'");
  check(file(header("<f4", "False", "7"), "1234"), "npy: the shape is not a tuple");
  check(file(header("<f4", "False", "(-1,)"), "1234"), "npy: the shape has an extent '-1,'");
  check(file(header("<f4", "False", "(2,)"), "1234"), "npy: shape [2] needs 8 bytes, the file has 4");
  check(file(header("<f4", "False", "(1,)"), "12345"), "npy: shape [1] needs 4 bytes, the file has 5");
  CHECK_THROWS_AS(npy::parse(file(header("<f4", "False", "(1,1,1,1,1,1,1,1,1)"), "1234")), Error);
}

TEST_CASE("files are written and read", "[examples]") {
  const auto path = std::filesystem::temp_directory_path() / "webpool_npy_test.npy";
  const Tensor tensor = Tensor::from(std::vector<std::int32_t>{1, -1}, {2});
  npy::write(path, tensor);
  CHECK(same(npy::read(path), tensor));
  std::filesystem::remove(path);
  CHECK_THROWS_AS(npy::read(path), std::runtime_error);
  CHECK_THROWS_AS(npy::write(path / "below" / "nothing.npy", tensor), std::runtime_error);
}
