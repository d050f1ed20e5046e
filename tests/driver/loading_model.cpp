#include <webpool/driver/loading_model.hpp>

#include "../catch.hpp"

using namespace webpool;
using driver::LoadingModel, driver::ModelFile, driver::ServedFile;

namespace {

ModelFile file(std::string name, std::string sha256, std::size_t size) {
  ModelFile made;
  made.name = std::move(name);
  made.sha256 = std::move(sha256);
  made.size = size;
  return made;
}

}  // namespace

TEST_CASE("models that share workers are one to load: names, bytes and files together") {
  ModelFile trunk = file("trunk", "aa", 100);
  trunk.external.push_back({.name = "trunk.data", .sha256 = "ab", .size = 1000});
  const LoadingModel model({trunk, file("head", "ba", 10)}, {}, {}, driver::Failing::leaves);
  CHECK(model.name == "trunk + head");
  CHECK(model.bytes() == 1110);
  CHECK(model.identity() == "aa ba ");
  CHECK(model.find("aa") == &model.files[0]);
  CHECK(model.find("ab") == &model.files[0].external[0]);
  CHECK(model.find("ba") == &model.files[1]);
  CHECK(model.find("bb") == nullptr);
}
