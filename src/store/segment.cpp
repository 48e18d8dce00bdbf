// SPDX-License-Identifier: Apache-2.0
// The system calls below a Segment, each checked and named; no other file of the store calls the system for
// memory.
#include "store/segment.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

namespace rankine {
namespace {

// A signal makes a long fallocate start anew: pieces keep what is lost small.
constexpr std::size_t kReservePieceBytes = std::size_t{64} << 20;

[[noreturn]] void throw_system(const std::string& call, int error) {
  throw SystemError("rankine: " + call + " failed: " + std::strerror(error));
}

std::string unique_name() {
  std::uint64_t random = 0;
  if (getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random))
    throw_system("getrandom", errno);
  constexpr char kHex[] = "0123456789abcdef";
  std::string name = "rankine-" + std::to_string(getuid()) + "-" + std::to_string(getpid()) + "-";
  for (int i = 0; i < 16; ++i, random >>= 4) name += kHex[random & 15];
  return name;
}

}  // namespace

Segment::Segment(std::string path, int file, std::size_t capacity_bytes, bool created)
    : path_(std::move(path)),
      file_(file),
      capacity_bytes_(capacity_bytes),
      created_(created),
      linked_(created) {}

Segment Segment::create(std::size_t capacity_bytes, const std::string& directory) {
  if (capacity_bytes == 0) throw InputError("rankine: a shared memory segment of 0 bytes was asked for");
  const std::string path = directory + "/" + unique_name();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) throw_system("open(" + path + ") for the object store", errno);
  Segment segment(path, file, capacity_bytes, true);  // from here on its destructor cleans up
  if (ftruncate(file, static_cast<off_t>(capacity_bytes)) != 0) {
    throw_system("ftruncate(" + path + ", " + std::to_string(capacity_bytes) + ")", errno);
  }
  void* memory = mmap(nullptr, capacity_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    throw_system("mmap(" + path + ", " + std::to_string(capacity_bytes) + " bytes)", errno);
  segment.data_ = static_cast<std::byte*>(memory);
  return segment;
}

Segment Segment::open(const std::string& path, std::size_t capacity_bytes) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) throw_system("open(" + path + ") of the object store", errno);
  Segment segment(path, file, capacity_bytes, false);
  struct stat status;
  if (fstat(file, &status) != 0) throw_system("fstat(" + path + ")", errno);
  if (static_cast<std::size_t>(status.st_size) != capacity_bytes) {
    throw InputError("rankine: " + path + " has " + std::to_string(status.st_size) +
                     " bytes, the object store expects " + std::to_string(capacity_bytes));
  }
  void* memory = mmap(nullptr, capacity_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  if (memory == MAP_FAILED)
    throw_system("mmap(" + path + ", " + std::to_string(capacity_bytes) + " bytes)", errno);
  segment.data_ = static_cast<std::byte*>(memory);
  return segment;
}

Segment::Segment(Segment&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      data_(std::exchange(other.data_, nullptr)),
      capacity_bytes_(std::exchange(other.capacity_bytes_, 0)),
      created_(other.created_),
      linked_(std::exchange(other.linked_, false)) {}

Segment& Segment::operator=(Segment&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(data_, other.data_);
  std::swap(capacity_bytes_, other.capacity_bytes_);
  std::swap(created_, other.created_);
  std::swap(linked_, other.linked_);
  return *this;
}

Segment::~Segment() {
  if (linked_) ::unlink(path_.c_str());
  if (data_ != nullptr) munmap(data_, capacity_bytes_);
  if (file_ >= 0) close(file_);
}

void Segment::unlink() {
  if (!std::exchange(linked_, false)) return;
  if (::unlink(path_.c_str()) != 0 && errno != ENOENT) throw_system("unlink(" + path_ + ")", errno);
}

void Segment::reserve(std::uint64_t offset, std::size_t bytes) {
  check(offset <= capacity_bytes_ && bytes <= capacity_bytes_ - offset,
        "Segment::reserve beyond the segment");
  for (std::size_t done = 0; done < bytes;) {
    const std::size_t piece = std::min(kReservePieceBytes, bytes - done);
    const int error = posix_fallocate(file_, static_cast<off_t>(offset + done), static_cast<off_t>(piece));
    if (error == EINTR) continue;
    if (error == 0) {
      done += piece;
      continue;
    }
    if (done > 0) {
      fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                static_cast<off_t>(done));  // best effort: otherwise the pieces only stay backed
    }
    if (error == ENOSPC || error == ENOMEM || error == EFBIG || error == EDQUOT) throw_full(offset, bytes);
    throw_system(
        "posix_fallocate(" + path_ + ", " + std::to_string(offset) + ", " + std::to_string(bytes) + ")",
        error);
  }
}

void Segment::throw_full(std::uint64_t offset, std::size_t bytes) const {
  const std::string directory = path_.substr(0, path_.rfind('/'));
  struct statvfs system;
  std::string room = "unknown room";
  if (fstatvfs(file_, &system) == 0) {
    room = std::to_string(system.f_bavail * system.f_frsize) + " of " +
           std::to_string(system.f_blocks * system.f_frsize) + " bytes free";
  }
  throw StoreFull(
      "rankine: " + directory + " is full: the object store asked for " + std::to_string(bytes) +
      " more bytes at " + std::to_string(offset) + " of " + std::to_string(capacity_bytes_) + ", " +
      directory + " has " + room +
      ". Remedy: enlarge it (mount -o remount,size=...), use a smaller store, or free objects earlier");
}

}  // namespace rankine
