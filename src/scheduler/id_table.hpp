// SPDX-License-Identifier: Apache-2.0
// From object ids to records: groups, or a rank's entries. The driver's ids (1, 2, 3 ...) are looked up in
// pages directly, derived ids in a flat hash table, elements of ranges by interval. It never looks into the
// records.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include <rankine/core/ids.hpp>

#include "scheduler/slab.hpp"

namespace rankine::scheduler {

class IdTable {
 public:
  struct Place {
    Index group = kNone;
    std::uint32_t element = 0;
  };

  /// `first` .. first+count-1 belong to `group` from now on; none of them may be bound.
  void bind(ObjectId first, std::uint32_t count, Index group);
  void unbind(ObjectId first, std::uint32_t count);
  /// {kNone, 0} for an id that is not bound.
  Place find(ObjectId id) const {
    const Index group = find_alone(id);
    if (group != kNone) return {group, 0};
    return ranges_.empty() ? Place{} : find_in_ranges(number(id));
  }
  /// The group of an id that is bound alone, else kNone.
  Index find_alone(ObjectId id) const {
    return is_dense(id) ? find_dense(number(id)) : find_hashed(number(id));
  }
  /// The first bound id in [first, first+count) that lies in a range or stands alone decides; used to refuse
  /// overlaps.
  bool overlaps(ObjectId first, std::uint32_t count) const;

  std::uint64_t memory_bytes() const;

 private:
  static constexpr std::uint32_t kPageBits = 12;
  static constexpr std::uint32_t kPageSize = 1u << kPageBits;
  static constexpr std::uint64_t kDenseMax = std::uint64_t{1} << 36;  ///< beyond it: the hash table

  struct Page {
    std::uint32_t used = 0;
    Index slots[kPageSize];
  };
  struct Slot {
    std::uint64_t id = 0;  ///< 0: empty
    Index group = kNone;
  };
  struct Range {
    std::uint32_t count = 0;
    Index group = kNone;
  };

  static bool is_dense(ObjectId id) { return number(id) < kDenseMax; }
  Index find_dense(std::uint64_t id) const {
    const std::uint64_t page = id >> kPageBits;
    if (page >= pages_.size() || !pages_[page]) return kNone;
    return pages_[page]->slots[id & (kPageSize - 1)];
  }
  std::size_t home(std::uint64_t id) const { return (id * 0x9e3779b97f4a7c15ull) >> shift_; }
  Index find_hashed(std::uint64_t id) const {
    if (slots_.empty()) return kNone;
    for (std::size_t at = home(id);; at = (at + 1) & (slots_.size() - 1)) {
      if (slots_[at].id == id) return slots_[at].group;
      if (slots_[at].id == 0) return kNone;
    }
  }
  Place find_in_ranges(std::uint64_t id) const;
  void insert_hashed(std::uint64_t id, Index group);
  void erase_hashed(std::uint64_t id);
  void grow();

  std::vector<std::unique_ptr<Page>> pages_;
  std::unique_ptr<Page>
      spare_;                ///< one emptied page: a table that breathes around a page end does not allocate
  std::vector<Slot> slots_;  ///< open addressing, linear probing, at most half full
  std::size_t hashed_ = 0;
  unsigned shift_ = 64;
  std::map<std::uint64_t, Range> ranges_;
};

}  // namespace rankine::scheduler
