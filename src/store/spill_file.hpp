// SPDX-License-Identifier: Apache-2.0
// Objects on the node's disk: one file a rank that never has a name for longer than a moment, so that nothing
// is left behind however the job ends. It knows extents of a file and their checksums, not objects.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "store/extents.hpp"

namespace rankine {

/// take() and free() are called by one thread at a time, write() and read() by any with extents of their own.
class SpillFile {
 public:
  struct Extent {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t checksum = 0;  ///< of what write() wrote
  };

  /// Nothing is opened before it is needed.
  explicit SpillFile(std::string directory) : directory_(std::move(directory)) {}
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;
  ~SpillFile();

  /// A place for `bytes`. Throws SystemError naming the directory where no file can be made.
  Extent take(std::uint64_t bytes);
  /// Gives the place, and the disk's blocks, back.
  void free(const Extent& extent);
  /// Throws SystemError naming directory, sizes and remedy, on a full disk too.
  void write(Extent& extent, std::span<const std::byte> bytes) const;
  /// Throws SystemError where the bytes cannot be read or are not those that were written.
  void read(const Extent& extent, std::span<std::byte> into) const;

  std::uint64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  const std::string& directory() const { return directory_; }

 private:
  void open();
  [[noreturn]] void fail(const char* doing, std::uint64_t bytes, int error) const;

  std::string directory_;
  int file_ = -1;
  std::uint64_t end_ = 0;
  Extents holes_;
  std::atomic<std::uint64_t> used_bytes_{0};
};

}  // namespace rankine
