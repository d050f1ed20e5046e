#include "catch.hpp"

#include <type_traits>
#include <unordered_set>
#include <webpool/ids.hpp>

namespace {

using namespace webpool;

static_assert(!std::is_convertible_v<RequestId, WorkerId> && !std::is_convertible_v<std::uint64_t, RequestId>);
static_assert(!std::is_same_v<ConnectionId, LaunchId> && sizeof(RequestId) == 8 && sizeof(ModelIndex) == 4);
static_assert(RequestId{} == RequestId{0} && RequestId{1} < RequestId{2} && WorkerId{3} != WorkerId{4});

template <class A, class B>
concept Comparable = requires(A a, B b) {
  a == b;
};
static_assert(Comparable<RequestId, RequestId> && !Comparable<RequestId, WorkerId> &&
              !Comparable<ConnectionIndex, ModelIndex>);

}  // namespace

TEST_CASE("ids are keys of hash tables", "[vocabulary]") {
  const std::unordered_set<RequestId> ids{RequestId{1}, RequestId{2}, RequestId{1}};
  CHECK(ids.size() == 2);
  CHECK(ids.contains(RequestId{2}));
  CHECK(std::hash<ModelIndex>{}(ModelIndex{7}) == std::hash<std::uint32_t>{}(7));
}
