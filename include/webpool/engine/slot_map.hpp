#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace webpool::engine {

/// Values in reusable slots, found in O(1) by an id that is never given out twice: generation in the upper 33 bits of
/// 53, slot in the lower 20, so that it passes through JSON numbers unharmed. No allocation once a slot exists. A free
/// slot holds `T{}`.
///
/// Freed slots wait in a queue, and at least `spare` of them are made before the first is used again, so a slot's
/// generations last for 10^11 insertions even when only one value lives at a time.
template <class Id, class T>
class SlotMap {
 public:
  static constexpr std::uint64_t slot_bits = 20;
  static constexpr std::size_t capacity = std::size_t{1} << slot_bits;
  static constexpr std::size_t spare = 64;

  static constexpr std::size_t slot_of(Id id) noexcept { return static_cast<std::size_t>(id.value & (capacity - 1)); }

  bool full() const noexcept { return size_ == capacity; }
  bool empty() const noexcept { return size_ == 0; }
  std::size_t size() const noexcept { return size_; }
  /// One more than the largest slot in use so far: what a table beside this one must hold.
  std::size_t slots() const noexcept { return slots_.size(); }

  /// Stores a value; the map must not be full.
  Id insert(T value) {
    const Id id = insert();
    (*this)[id] = std::move(value);
    return id;
  }

  /// The same with `T{}`.
  Id insert() {
    std::size_t slot = slots_.size();
    if (slot - size_ >= spare || slot == capacity) {
      slot = first_free_;
      first_free_ = slot_of(slots_[slot].id);
    } else {
      slots_.emplace_back();
    }
    ++size_;
    return slots_[slot].id = Id{(generation(slot) + 1) << slot_bits | slot};
  }

  /// The value of that id; null once it was erased, and for any id never given out.
  T* find(Id id) noexcept {
    const std::size_t slot = slot_of(id);
    return slot < slots_.size() && slots_[slot].id == id ? &slots_[slot].value : nullptr;
  }
  const T* find(Id id) const noexcept { return const_cast<SlotMap*>(this)->find(id); }

  /// The same for an id that is known to have a value.
  T& operator[](Id id) noexcept {
    assert(find(id));
    return slots_[slot_of(id)].value;
  }
  const T& operator[](Id id) const noexcept { return const_cast<SlotMap&>(*this)[id]; }

  /// The id of the value that a slot in use holds.
  Id id_at(std::size_t slot) const noexcept { return slots_[slot].id; }

  void erase(Id id) noexcept {
    if (!find(id)) return;
    const std::size_t slot = slot_of(id);
    slots_[slot].value = T{};
    lead_to(slot, slot ^ 1);  // anywhere but to itself, until another one comes behind it
    // An empty queue has no last slot: all slots were in use, this one is both its ends.
    if (size_ == slots_.size()) {
      first_free_ = slot;
    } else {
      lead_to(last_free_, slot);
    }
    last_free_ = slot;
    --size_;
  }

  /// Calls `visit(id, value)` for every value, in slot order; `visit` may erase the value that it was given.
  template <class Visit>
  void for_each(Visit visit) {
    for (std::size_t slot = 0; slot < slots_.size(); ++slot)
      if (used(slot)) visit(id_at(slot), slots_[slot].value);
  }
  template <class Visit>
  void for_each(Visit visit) const {
    for (std::size_t slot = 0; slot < slots_.size(); ++slot)
      if (used(slot)) visit(id_at(slot), slots_[slot].value);
  }

 private:
  struct Slot {
    Id id{};  // if free: its last generation, and the next free slot instead of its own, so that no id finds it
    T value{};
  };

  bool used(std::size_t slot) const noexcept { return slot_of(slots_[slot].id) == slot; }
  std::uint64_t generation(std::size_t slot) const noexcept { return slots_[slot].id.value >> slot_bits; }
  void lead_to(std::size_t slot, std::size_t next) noexcept {
    slots_[slot].id = Id{generation(slot) << slot_bits | next};
  }

  std::vector<Slot> slots_;
  std::size_t first_free_ = 0, last_free_ = 0;
  std::size_t size_ = 0;
};

}  // namespace webpool::engine
