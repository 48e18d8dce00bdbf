// SPDX-License-Identifier: Apache-2.0
// Makes and drops Blobs. Small ones are kept for reuse: a task costs several, and the C library's own cache
// holds seven of a size. Every block comes from malloc, so a blob that outlives the pool may be freed by
// Blob::drop.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <new>
#include <span>
#include <vector>

#include "runtime/blob.hpp"

namespace rankine::runtime {

/// Any thread may call.
class BlobPool {
 public:
  BlobPool() = default;
  BlobPool(const BlobPool&) = delete;
  BlobPool& operator=(const BlobPool&) = delete;
  ~BlobPool() {
    for (std::vector<void*>& kept : kept_) {
      for (void* block : kept) std::free(block);
    }
  }

  /// Room for `count` bytes, not initialised.
  Blob* make_inline(std::size_t count) { return new (take(sizeof(Blob) + count)) Blob{count, 0}; }
  /// `ids`: the future arguments, where the blob is a task's arguments.
  Blob* make_located(const Location& place, std::span<const ObjectId> ids = {}) {
    Blob* blob = new (take(sizeof(Blob) + Blob::kBeforeIds + ids.size_bytes())) Blob{place.bytes, 1};
    const std::uint64_t count = ids.size();
    std::memcpy(blob->body(), &place, sizeof place);
    std::memcpy(blob->body() + sizeof place, &count, sizeof count);
    if (!ids.empty()) std::memcpy(blob->body() + Blob::kBeforeIds, ids.data(), ids.size_bytes());
    return blob;
  }
  void drop(Blob* blob) {
    if (blob == nullptr) return;
    const std::size_t size = class_of(blob->memory_bytes());
    if (size < kClasses) {
      const std::lock_guard lock(spin_);
      if (kept_[size].size() < kKeepMax) return kept_[size].push_back(blob);
    }
    Blob::drop(blob);
  }

 private:
  /// What malloc gives: blocks of 16 bytes, of which it keeps 8.
  static constexpr std::size_t kStep = 16;
  static constexpr std::size_t kOdd = 8;
  static constexpr std::size_t kClasses = 32;
  static constexpr std::size_t kKeepMax = 1 << 16;

  class SpinLock {
   public:
    void lock() {
      while (flag_.test_and_set(std::memory_order_acquire)) {
      }
    }
    void unlock() { flag_.clear(std::memory_order_release); }

   private:
    std::atomic_flag flag_;
  };

  static constexpr std::size_t class_of(std::size_t bytes) {
    return (std::max(bytes, kOdd) - kOdd + kStep - 1) / kStep;
  }

  void* take(std::size_t bytes) {
    const std::size_t size = class_of(bytes);
    if (size < kClasses) {
      const std::lock_guard lock(spin_);
      if (!kept_[size].empty()) {
        void* block = kept_[size].back();
        kept_[size].pop_back();
        return block;
      }
    }
    void* block = std::malloc(size < kClasses ? size * kStep + kOdd : bytes);
    if (block == nullptr) throw std::bad_alloc();
    return block;
  }

  SpinLock spin_;
  std::array<std::vector<void*>, kClasses> kept_;
};

}  // namespace rankine::runtime
