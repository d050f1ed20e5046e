#include <webpool/driver/pending_requests.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;

namespace {

protocol::Result answer(std::vector<NamedTensor> outputs) { return {RequestId{7}, std::move(outputs), {}, {}}; }

NamedTensor floats(std::string name, Shape shape) {
  return {std::move(name), Tensor::from(std::vector<float>(shape.elements()), shape)};
}

}  // namespace

TEST_CASE("a request is found under its id until it is taken, and under no other of its slot") {
  PendingRequests requests;
  const RequestId id{5}, next_in_slot{5 + (std::uint64_t{1} << 20)};
  CHECK(requests.find(id) == nullptr);
  requests.add({.id = id, .part = 3});
  REQUIRE(requests.find(id) != nullptr);
  CHECK(requests.find(id) == &requests.at(id));
  CHECK(requests.find(next_in_slot) == nullptr);
  CHECK(requests.find(RequestId{4}) == nullptr);
  CHECK(requests.take(id).part == 3);
  CHECK(requests.find(id) == nullptr);
  requests.add({.id = next_in_slot, .part = 4});
  CHECK(requests.find(id) == nullptr);
  CHECK(requests.at(next_in_slot).part == 4);
}

TEST_CASE("the answer to a copy is that tensor alone") {
  const ResidentTensor there({}, ModelIndex{1}, WorkerId{2}, TensorId{3}, Datatype::float32, {2, 3});
  PendingRequest request;
  request.copy.emplace(there);
  CHECK(request.copy->worker == WorkerId{2});
  CHECK_FALSE(request.check(answer({floats("tensor", {2, 3})}), {}));
  const std::string wrong = "the page did not answer with the tensor of shape [2, 3] that it was asked for";
  CHECK(request.check(answer({}), {}) == wrong);
  CHECK(request.check(answer({floats("tensor", {3, 2})}), {}) == wrong);
  CHECK(request.check(answer({floats("tensor", {2, 3}), floats("other", {2, 3})}), {}) == wrong);
}

TEST_CASE("the answer to a run is held to the outputs of its own model among those of the worker") {
  std::vector<ModelFile> models(2);
  models[0].info.outputs = {{.name = "hidden", .shape = {1}, .symbols = {""}}};
  models[1].info.outputs = {{.name = "logits", .shape = {2}, .symbols = {""}}};
  PendingRequest request;
  request.part = 1;
  CHECK_FALSE(request.check(answer({floats("logits", {2})}), models));
  CHECK(request.check(answer({floats("hidden", {1})}), models));
}
