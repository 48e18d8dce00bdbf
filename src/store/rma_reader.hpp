// SPDX-License-Identifier: Apache-2.0
// RemoteReader over MPI one-sided reads: one window over every rank's mapping of its node's arena. Needed
// only where there is more than one node. The target takes no part beyond the progress that its MPI library
// wants.
#pragma once

#include <mpi.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "store/remote_reader.hpp"

namespace rankine {

class RmaReader : public RemoteReader {
 public:
  /// Collective over `comm`. `arena` is the whole mapping, backed before (Arena::preallocate), since
  /// registration may touch it; it must outlive the reader. `target_of_node[n]` is a rank of `comm` on node
  /// n, through which that node is read. Throws SystemError naming the call.
  RmaReader(MPI_Comm comm, std::span<std::byte> arena, std::vector<int> target_of_node);
  RmaReader(const RmaReader&) = delete;
  RmaReader& operator=(const RmaReader&) = delete;
  /// Frees the window, which is collective, unless abandon() was called.
  ~RmaReader() override;

  void read(NodeId node, std::uint64_t offset, std::span<std::byte> into) override;
  /// Reads `node` through another of its ranks from now on: the one before has died.
  void set_target(NodeId node, int rank);
  /// Leaves the window to the end of the process: with a dead rank, freeing it would never return.
  void abandon() { abandoned_ = true; }

 private:
  MPI_Win window_ = MPI_WIN_NULL;
  std::vector<int> target_of_node_;
  bool abandoned_ = false;
};

}  // namespace rankine
