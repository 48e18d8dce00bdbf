// SPDX-License-Identifier: Apache-2.0
// Records of one type in pages, named by 32-bit indices that stay valid while the record lives. Freed records
// are reused newest first (they are warm). It never moves a record and never gives a page back.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace rankine::scheduler {

using Index = std::uint32_t;
inline constexpr Index kNone = 0xffffffffu;

/// The processor fetches this cache line while it does something else. The empty statement is an effect:
/// without one GCC takes a function that only fetches for one that does nothing, and drops its calls.
inline void fetch_soon(const void* at) {
  __builtin_prefetch(at);
  asm volatile("");
}

template <class Record>
class Slab {
 public:
  static constexpr std::uint32_t kPageBits = 10;
  static constexpr std::uint32_t kPageSize = 1u << kPageBits;

  Index allocate() {
    Index index;
    if (!free_.empty()) {
      index = free_.back();
      free_.pop_back();
    } else {
      if ((used_ & (kPageSize - 1)) == 0) pages_.push_back(std::make_unique<Record[]>(kPageSize));
      index = used_++;
    }
    ++live_;
    return index;
  }

  /// The record must have been reset by the caller: allocate() hands it out as it is.
  void release(Index index) {
    free_.push_back(index);
    --live_;
  }

  Record& operator[](Index index) { return pages_[index >> kPageBits][index & (kPageSize - 1)]; }
  const Record& operator[](Index index) const { return pages_[index >> kPageBits][index & (kPageSize - 1)]; }

  /// It will be looked at soon: lets the processor fetch it while it does something else.
  void foresee(Index index) const {
    if (index >= used_) return;
    const char* at = reinterpret_cast<const char*>(&(*this)[index]);
    for (std::size_t line = 0; line < sizeof(Record); line += 64) fetch_soon(at + line);
    fetch_soon(at + sizeof(Record) - 1);
  }

  /// One more than the largest index ever given out: the bound for walks over all records.
  Index bound() const { return used_; }
  std::uint64_t live() const { return live_; }
  std::uint64_t memory_bytes() const {
    return pages_.size() * kPageSize * sizeof(Record) + free_.capacity() * sizeof(Index);
  }

 private:
  std::vector<std::unique_ptr<Record[]>> pages_;
  std::vector<Index> free_;
  Index used_ = 0;
  std::uint64_t live_ = 0;
};

}  // namespace rankine::scheduler
