#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace webpool::scheduling::detail {

/// A multiset that counts how many of its keys are not greater than a given one, in O(log n) on average. It is a treap
/// (Seidel and Aragon, "Randomized search trees", Algorithmica 16, 1996) with subtree sizes. Its nodes are in one
/// vector and are reused.
template <class Key>
class Ranks {
 public:
  std::size_t size() const noexcept { return nodes_[root_].size; }

  void insert(Key key) noexcept {
    Index fresh = free_;
    if (fresh != none) {
      free_ = nodes_[fresh].left;
    } else {
      fresh = static_cast<Index>(nodes_.size());
      nodes_.emplace_back();
    }
    const std::uint32_t weight = random();
    Index* link = &root_;
    while (*link != none && nodes_[*link].weight >= weight) {
      Node& above = nodes_[*link];
      ++above.size;
      link = key < above.key ? &above.left : &above.right;
    }
    const Pair halves = split(*link, key);
    nodes_[fresh] = {key, halves.left, halves.right, 0, weight};
    resize(fresh);
    *link = fresh;
  }

  /// Removes one such key, which must exist.
  void erase(Key key) noexcept {
    Index* link = &root_;
    while (nodes_[*link].key != key) {
      Node& above = nodes_[*link];
      --above.size;
      link = key < above.key ? &above.left : &above.right;
    }
    const Index gone = *link;
    *link = merge(nodes_[gone].left, nodes_[gone].right);
    nodes_[gone].left = free_;
    free_ = gone;
  }

  std::size_t count_up_to(Key key) const noexcept {
    std::size_t count = 0;
    for (Index here = root_; here != none;) {
      const Node& node = nodes_[here];
      if (key < node.key) {
        here = node.left;
      } else {
        count += nodes_[node.left].size + 1;
        here = node.right;
      }
    }
    return count;
  }

 private:
  using Index = std::uint32_t;
  static constexpr Index none = 0;  // a node of size 0 that all leaves share

  struct Node {
    Key key{};
    Index left = none, right = none;
    std::uint32_t size = 0;
    std::uint32_t weight = 0;  // random; a parent's is not less than its children's
  };
  struct Pair {
    Index left, right;
  };

  /// Left: the keys up to `key`; right: the others.
  Pair split(Index tree, const Key& key) noexcept {
    if (tree == none) return {none, none};
    const bool goes_left = !(key < nodes_[tree].key);
    Pair halves = split(goes_left ? nodes_[tree].right : nodes_[tree].left, key);
    (goes_left ? nodes_[tree].right : nodes_[tree].left) = goes_left ? halves.left : halves.right;
    resize(tree);
    (goes_left ? halves.left : halves.right) = tree;
    return halves;
  }

  /// All keys of `left` come before those of `right`.
  Index merge(Index left, Index right) noexcept {
    if (left == none || right == none) return left == none ? right : left;
    const bool left_on_top = nodes_[left].weight > nodes_[right].weight;
    const Index top = left_on_top ? left : right;
    (left_on_top ? nodes_[top].right : nodes_[top].left) =
        left_on_top ? merge(nodes_[left].right, right) : merge(left, nodes_[right].left);
    resize(top);
    return top;
  }

  void resize(Index tree) noexcept {
    nodes_[tree].size = nodes_[nodes_[tree].left].size + nodes_[nodes_[tree].right].size + 1;
  }

  std::uint32_t random() noexcept {  // xorshift (Marsaglia 2003)
    state_ ^= state_ << 13;
    state_ ^= state_ >> 17;
    return state_ ^= state_ << 5;
  }

  std::vector<Node> nodes_ = std::vector<Node>(1);
  Index root_ = none, free_ = none;
  std::uint32_t state_ = 2'463'534'242;
};

}  // namespace webpool::scheduling::detail
