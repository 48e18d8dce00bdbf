// SPDX-License-Identifier: Apache-2.0
// Memory that all ranks of a group see, where they are processes of one node: of each a part of the same
// size. Nameless files, so that nothing is left behind whatever happens.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <rankine/gang.hpp>

namespace rankine::train {

class SharedMemory {
 public:
  /// Collective. Each member's part has `bytes` bytes, zeroed and backed, so that touching it is never
  /// SIGBUS. Without parts if the members cannot see each other's memory. Throws SystemError, on all members,
  /// where one has no room.
  SharedMemory(const boost::mpi::communicator& communicator, std::size_t bytes);
  ~SharedMemory();
  SharedMemory(SharedMemory&& other) noexcept;
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;

  bool shared() const { return !parts_.empty(); }
  std::size_t bytes() const { return bytes_; }
  /// Of each member, in order.
  std::span<std::byte* const> parts() const { return parts_; }

 private:
  std::size_t bytes_ = 0;
  std::vector<std::byte*> parts_;
};

}  // namespace rankine::train
