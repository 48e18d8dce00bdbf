// SPDX-License-Identifier: Apache-2.0
// Memory that the processes of a node share, and doorbells in it, for MPI tests of the transport alone (a run
// gets them from the runtime). The file in /dev/shm is unlinked as soon as all have mapped it.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <mpi.h>
#include <sys/mman.h>
#include <unistd.h>

#include "transport/doorbell.hpp"

namespace rankine::transport_test {

class NodeMemory {
 public:
  /// Zero at the start. Collective over `node`, whose processes are on one node.
  NodeMemory(MPI_Comm node, std::size_t bytes) : bytes_(bytes) {
    int node_rank = 0;
    MPI_Comm_rank(node, &node_rank);
    long key = static_cast<long>(getpid());
    MPI_Bcast(&key, 1, MPI_LONG, 0, node);
    const std::string name = "/rankine-test-" + std::to_string(key);
    int file = -1;
    if (node_rank == 0) {
      file = shm_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600);
      if (file < 0 || posix_fallocate(file, 0, static_cast<off_t>(bytes)) != 0) fail(name);
    }
    MPI_Barrier(node);
    if (node_rank != 0) file = shm_open(name.c_str(), O_RDWR, 0600);
    if (file < 0) fail(name);
    memory_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory_ == MAP_FAILED) fail(name);
    close(file);
    MPI_Barrier(node);
    if (node_rank == 0) shm_unlink(name.c_str());
  }
  ~NodeMemory() { munmap(memory_, bytes_); }
  NodeMemory(const NodeMemory&) = delete;
  NodeMemory& operator=(const NodeMemory&) = delete;

  std::span<std::byte> bytes() const { return {static_cast<std::byte*>(memory_), bytes_}; }

 private:
  [[noreturn]] static void fail(const std::string& name) {
    throw std::runtime_error("shared memory " + name + ": " + std::strerror(errno));
  }

  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
};

class NodeDoorbells {
 public:
  /// Collective over `comm`.
  explicit NodeDoorbells(MPI_Comm comm) {
    int rank = 0;
    int ranks = 0;
    int node_rank = 0;
    int node_ranks = 0;
    MPI_Comm node = MPI_COMM_NULL;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &ranks);
    MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node);
    MPI_Comm_rank(node, &node_rank);
    MPI_Comm_size(node, &node_ranks);
    std::vector<int> members(static_cast<std::size_t>(node_ranks));
    MPI_Allgather(&rank, 1, MPI_INT, members.data(), 1, MPI_INT, node);
    of_.assign(static_cast<std::size_t>(ranks), -1);
    for (int i = 0; i < node_ranks; ++i)
      of_[static_cast<std::size_t>(members[static_cast<std::size_t>(i)])] = i;

    count_ = static_cast<std::size_t>(node_ranks);
    memory_.emplace(node, count_ * sizeof(transport::Doorbell));
    MPI_Comm_free(&node);
  }

  transport::Doorbells doorbells() const {
    return {{reinterpret_cast<transport::Doorbell*>(memory_->bytes().data()), count_}, of_};
  }

 private:
  std::optional<NodeMemory> memory_;
  std::size_t count_ = 0;
  std::vector<std::int32_t> of_;
};

}  // namespace rankine::transport_test
