// SPDX-License-Identifier: Apache-2.0
// The system calls below a SpillFile, each checked and named.
#include "store/spill_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>

#include "files/nameless_file.hpp"

namespace rankine {

namespace {

constexpr std::uint64_t kBlock =
    4096;  // extents are whole blocks of the file system, so that holes free them

constexpr std::uint64_t rounded(std::uint64_t bytes) {
  return (std::max<std::uint64_t>(bytes, 1) + kBlock - 1) / kBlock * kBlock;
}

/// Four independent lanes: as fast as memory, which hash_bytes is not.
std::uint64_t checksum(std::span<const std::byte> bytes) {
  constexpr std::uint64_t kFactor = 0x9e3779b97f4a7c15ull;
  std::uint64_t lanes[4] = {1, 2, 3, 4};
  std::size_t at = 0;
  for (; at + 32 <= bytes.size(); at += 32) {
    std::uint64_t words[4];
    std::memcpy(words, bytes.data() + at, 32);
    for (int i = 0; i < 4; ++i) lanes[i] = std::rotl(lanes[i] ^ words[i], 29) * kFactor;
  }
  std::uint64_t sum = hash_bytes(bytes.subspan(at), bytes.size());
  for (const std::uint64_t lane : lanes) sum = hash_mix(sum, lane);
  return sum;
}

}  // namespace

SpillFile::~SpillFile() {
  if (file_ >= 0) close(file_);
}

void SpillFile::open() {
  if (file_ >= 0) return;
  file_ = files::open_nameless(directory_);
  if (file_ < 0) {
    throw SystemError("rankine: no spill file can be made in " + directory_ + ": " + std::strerror(errno) +
                      ". Remedy: name a writable directory on a local disk (RuntimeOptions::spill_directory, "
                      "RANKINE_SPILL_DIR)");
  }
}

SpillFile::Extent SpillFile::take(std::uint64_t bytes) {
  open();
  used_bytes_ += rounded(bytes);
  if (const auto hole = holes_.take(rounded(bytes))) return {*hole, bytes, 0};
  return {std::exchange(end_, end_ + rounded(bytes)), bytes, 0};
}

void SpillFile::free(const Extent& extent) {
  used_bytes_ -= rounded(extent.bytes);
  const Extents::Range range = holes_.add({extent.offset, rounded(extent.bytes)});
  if (range.offset + range.bytes == end_) {
    holes_.remove(range);
    end_ = range.offset;
    // Best effort, as below: what is not given back now is when the file goes.
    if (ftruncate(file_, static_cast<off_t>(end_)) == 0) return;
  }
  fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(extent.offset),
            static_cast<off_t>(rounded(extent.bytes)));
}

void SpillFile::write(Extent& extent, std::span<const std::byte> bytes) const {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t wrote =
        pwrite(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(extent.offset + done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) fail("writing", bytes.size(), wrote == 0 ? ENOSPC : errno);
    done += static_cast<std::size_t>(wrote);
  }
  extent.checksum = checksum(bytes);
}

void SpillFile::read(const Extent& extent, std::span<std::byte> into) const {
  for (std::size_t done = 0; done < into.size();) {
    const ssize_t got =
        pread(file_, into.data() + done, into.size() - done, static_cast<off_t>(extent.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("reading", into.size(), errno);
    if (got == 0) {
      throw SystemError("rankine: the spill file in " + directory_ +
                        " is shorter than what was written to it: " + std::to_string(into.size()) +
                        " bytes at " + std::to_string(extent.offset) + " were asked for, " +
                        std::to_string(done) + " are there");
    }
    done += static_cast<std::size_t>(got);
  }
  if (checksum(into) != extent.checksum) {
    throw SystemError("rankine: the spill file in " + directory_ +
                      " is damaged: " + std::to_string(into.size()) + " bytes at " +
                      std::to_string(extent.offset) + " are not those that were written");
  }
}

void SpillFile::fail(const char* doing, std::uint64_t bytes, int error) const {
  struct statvfs disk;
  std::string room = "unknown room";
  if (fstatvfs(file_, &disk) == 0) {
    room = std::to_string(disk.f_bavail * disk.f_frsize) + " of " +
           std::to_string(disk.f_blocks * disk.f_frsize) + " bytes free";
  }
  throw SystemError(std::string("rankine: ") + doing + " " + std::to_string(bytes) +
                    " bytes of the spill file in " + directory_ + " failed: " + std::strerror(error) +
                    "; this rank has " + std::to_string(used_bytes()) + " bytes there and the disk has " +
                    room + ". Remedy: a larger disk (RuntimeOptions::spill_directory, RANKINE_SPILL_DIR)");
}

}  // namespace rankine
