// SPDX-License-Identifier: Apache-2.0
#include "train/collectives/shared_memory.hpp"

#include <fcntl.h>
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>

namespace rankine::train {

namespace {

/// How others find a member's file.
struct Notice {
  std::uint64_t node = 0;  ///< of processes that see each other's process numbers
  std::int64_t process = 0;
  std::int32_t file = -1;
  std::int32_t error = 0;  ///< errno of who has no room
};

/// A file descriptor that closes itself.
class File {
 public:
  explicit File(int number) : number_(number) {}
  ~File() {
    if (number_ >= 0) close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

std::uint64_t node_number() {
  std::array<char, PATH_MAX> processes{};
  static_cast<void>(readlink("/proc/self/ns/pid", processes.data(), processes.size() - 1));
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::array<char, HOST_NAME_MAX + 1> host{};
  gethostname(host.data(), host.size() - 1);
  return std::hash<std::string>()(boot + processes.data() + host.data());
}

std::byte* map(int file, std::size_t bytes) {
  void* address = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  return address == MAP_FAILED ? nullptr : static_cast<std::byte*>(address);
}

/// Whether all members say yes.
bool agreed(const boost::mpi::communicator& communicator, bool yes) {
  int mine = yes ? 1 : 0;
  int all = 0;
  if (MPI_Allreduce(&mine, &all, 1, MPI_INT, MPI_MIN, communicator) != MPI_SUCCESS)
    throw SystemError("train: MPI_Allreduce failed");
  return all == 1;
}

}  // namespace

SharedMemory::SharedMemory(const boost::mpi::communicator& communicator, std::size_t bytes) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  bytes_ = std::max(page, (bytes + page - 1) / page * page);
  const File own(memfd_create("rankine-train", MFD_CLOEXEC));
  Notice notice{node_number(), getpid(), own.number(), 0};
  if (own.number() < 0 || ftruncate(own.number(), static_cast<off_t>(bytes_)) != 0) notice.error = errno;
  if (notice.error == 0) notice.error = posix_fallocate(own.number(), 0, static_cast<off_t>(bytes_));
  std::vector<Notice> all(static_cast<std::size_t>(communicator.size()));
  if (MPI_Allgather(&notice, sizeof notice, MPI_BYTE, all.data(), sizeof notice, MPI_BYTE, communicator) !=
      MPI_SUCCESS)
    throw SystemError("train: MPI_Allgather failed");
  for (const Notice& other : all) {
    if (other.error != 0)
      throw SystemError(fmt::format("train: no room for {} bytes that the ranks of a node share: {}", bytes_,
                                    std::strerror(other.error)));
  }
  for (std::size_t member = 0; member < all.size(); ++member) {
    const Notice& other = all[member];
    if (other.node != notice.node) break;
    if (static_cast<int>(member) == communicator.rank()) {
      parts_.push_back(map(own.number(), bytes_));
    } else {
      const File theirs(
          open(fmt::format("/proc/{}/fd/{}", other.process, other.file).c_str(), O_RDWR | O_CLOEXEC));
      parts_.push_back(theirs.number() < 0 ? nullptr : map(theirs.number(), bytes_));
    }
    if (parts_.back() == nullptr) {
      parts_.pop_back();
      break;
    }
  }
  if (!agreed(communicator, parts_.size() == all.size())) {
    for (std::byte* part : parts_) munmap(part, bytes_);
    parts_.clear();
  }
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : bytes_(other.bytes_), parts_(std::exchange(other.parts_, {})) {}

SharedMemory::~SharedMemory() {
  for (std::byte* part : parts_) munmap(part, bytes_);
}

}  // namespace rankine::train
