// SPDX-License-Identifier: Apache-2.0
// A memory file that the ranks of one node map: created under a unique name, sparse, backed only where
// reserve() was called, and unlinked as soon as all have mapped it. It knows nothing of what lies inside.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace rankine {

class Segment {
 public:
  static constexpr const char* kSharedMemory = "/dev/shm";

  /// A new file rankine-<uid>-<pid>-<random> in `directory`, readable by its owner only, mapped whole.
  /// Throws SystemError naming the call.
  static Segment create(std::size_t capacity_bytes, const std::string& directory = kSharedMemory);
  /// Maps a file that create() made. Throws SystemError; InputError where its size is not `capacity_bytes`.
  static Segment open(const std::string& path, std::size_t capacity_bytes);

  Segment(Segment&& other) noexcept;
  Segment& operator=(Segment&& other) noexcept;
  /// Unmaps; the creator also unlinks what has not been unlinked.
  ~Segment();

  const std::string& path() const { return path_; }
  bool created() const { return created_; }
  std::byte* data() const { return data_; }
  std::size_t capacity_bytes() const { return capacity_bytes_; }
  std::span<std::byte> memory() const { return {data_, capacity_bytes_}; }

  /// Removes the name; the memory lives until the last rank has unmapped it. Without effect the second time.
  void unlink();
  /// Backs [offset, offset + bytes) with memory, so that touching it is never SIGBUS. Throws StoreFull naming
  /// the sizes where there is no room; nothing stays backed then that was not before.
  void reserve(std::uint64_t offset, std::size_t bytes);

 private:
  Segment(std::string path, int file, std::size_t capacity_bytes, bool created);
  [[noreturn]] void throw_full(std::uint64_t offset, std::size_t bytes) const;

  std::string path_;
  int file_ = -1;
  std::byte* data_ = nullptr;
  std::size_t capacity_bytes_ = 0;
  bool created_ = false;
  bool linked_ = false;
};

}  // namespace rankine
