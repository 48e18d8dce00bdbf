// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <vector>

#include <mpi.h>

#include "nccl.h"

/// The members' ranks in the world, and a tag that no other communicator of theirs has.
struct EmulatedComm {
  std::vector<int> ranks;
  int member = 0;
  int tag = 0;
};

namespace {

constexpr int kMeetingTag = 20'000;
constexpr int kFirstTag = 21'000;
constexpr int kTags = 10'000;

/// What a communicator's id says.
struct Id {
  int maker;   ///< rank in the world
  int number;  ///< of those that it made
};

/// Sends that may still be read, and calls between the start and the end of a group.
struct Queue {
  struct Send {
    MPI_Request request;
    std::unique_ptr<char[]> copy;
  };
  std::vector<Send> sends;
  std::vector<std::function<void()>> receives;
  int depth = 0;
  int ids = 0;

  void reap() {
    std::erase_if(sends, [](Send& one) {
      int over = 0;
      MPI_Test(&one.request, &over, MPI_STATUS_IGNORE);
      return over != 0;
    });
  }
};

/// One thread of a test calls NCCL.
Queue& queue() {
  static Queue one;
  return one;
}

int world_rank() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}

int bytes_of(std::size_t count) {
  return static_cast<int>(count);
}

}  // namespace

const char* ncclGetErrorString(ncclResult_t code) {
  return code == ncclSuccess ? "no error" : "an error of the emulation";
}

ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  const Id made{world_rank(), queue().ids++};
  std::memcpy(id->internal, &made, sizeof made);
  return ncclSuccess;
}

ncclResult_t ncclCommInitRank(ncclComm_t* comm, int members, ncclUniqueId unique, int member) {
  Id id{};
  std::memcpy(&id, unique.internal, sizeof id);
  auto made = std::make_unique<EmulatedComm>();
  made->member = member;
  made->ranks.resize(static_cast<std::size_t>(members));
  made->tag = kFirstTag + (id.maker * 613 + id.number) % kTags;
  const int tag = kMeetingTag + id.number % 1000;
  if (world_rank() == id.maker) {
    made->ranks[static_cast<std::size_t>(member)] = id.maker;
    for (int k = 1; k < members; ++k) {
      int place = 0;
      MPI_Status status;
      MPI_Recv(&place, 1, MPI_INT, MPI_ANY_SOURCE, tag, MPI_COMM_WORLD, &status);
      made->ranks[static_cast<std::size_t>(place)] = status.MPI_SOURCE;
    }
    for (const int rank : made->ranks)
      if (rank != id.maker) MPI_Send(made->ranks.data(), members, MPI_INT, rank, tag + 1000, MPI_COMM_WORLD);
  } else {
    MPI_Send(&member, 1, MPI_INT, id.maker, tag, MPI_COMM_WORLD);
    MPI_Recv(made->ranks.data(), members, MPI_INT, id.maker, tag + 1000, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  *comm = made.release();
  return ncclSuccess;
}

ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  delete comm;
  return ncclSuccess;
}

ncclResult_t ncclCommAbort(ncclComm_t comm) {
  delete comm;
  return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* code) {
  *code = ncclSuccess;
  return ncclSuccess;
}

ncclResult_t ncclGroupStart() {
  ++queue().depth;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd() {
  Queue& all = queue();
  if (--all.depth > 0) return ncclSuccess;
  for (const auto& receive : std::exchange(all.receives, {})) receive();
  all.reap();
  return ncclSuccess;
}

ncclResult_t ncclSend(const void* values, std::size_t count, ncclDataType_t, int to, ncclComm_t comm,
                      cudaStream_t) {
  Queue& all = queue();
  Queue::Send send{MPI_REQUEST_NULL, std::make_unique<char[]>(count + 1)};
  std::memcpy(send.copy.get(), values, count);
  MPI_Isend(send.copy.get(), bytes_of(count), MPI_BYTE, comm->ranks[static_cast<std::size_t>(to)], comm->tag,
            MPI_COMM_WORLD, &send.request);
  all.sends.push_back(std::move(send));
  return ncclSuccess;
}

ncclResult_t ncclRecv(void* values, std::size_t count, ncclDataType_t, int from, ncclComm_t comm,
                      cudaStream_t stream) {
  const int rank = comm->ranks[static_cast<std::size_t>(from)], tag = comm->tag;
  if (queue().depth > 0) {
    queue().receives.emplace_back(
        [=] { MPI_Recv(values, bytes_of(count), MPI_BYTE, rank, tag, MPI_COMM_WORLD, MPI_STATUS_IGNORE); });
    return ncclSuccess;
  }
  const auto request = std::make_shared<MPI_Request>();
  MPI_Irecv(values, bytes_of(count), MPI_BYTE, rank, tag, MPI_COMM_WORLD, request.get());
  stream->pending.emplace_back([request] {
    MPI_Wait(request.get(), MPI_STATUS_IGNORE);
    queue().reap();
  });
  return ncclSuccess;
}

ncclResult_t ncclAllGather(const void* own, void* all, std::size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t stream) {
  auto* const places = static_cast<char*>(all);
  const int members = static_cast<int>(comm->ranks.size());
  std::memmove(places + static_cast<std::size_t>(comm->member) * count, own, count);
  ncclGroupStart();
  for (int other = 0; other < members; ++other) {
    if (other == comm->member) continue;
    ncclSend(places + static_cast<std::size_t>(comm->member) * count, count, type, other, comm, stream);
    ncclRecv(places + static_cast<std::size_t>(other) * count, count, type, other, comm, stream);
  }
  return ncclGroupEnd();
}

ncclResult_t ncclBroadcast(const void* from, void* to, std::size_t count, ncclDataType_t type, int root,
                           ncclComm_t comm, cudaStream_t stream) {
  if (comm->member != root) return ncclRecv(to, count, type, root, comm, stream);
  for (int other = 0; other < static_cast<int>(comm->ranks.size()); ++other)
    if (other != root) ncclSend(from, count, type, other, comm, stream);
  if (to != from) std::memmove(to, from, count);
  return ncclSuccess;
}
