// SPDX-License-Identifier: Apache-2.0
// MPI_Get in pieces that fit an int, one passive epoch for life, a flush a read. No polling and no thread of
// its own.
#include "store/rma_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <rankine/core/error.hpp>

namespace rankine {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 30;

void require(int code, const std::string& call) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  if (MPI_Error_string(code, text, &length) != MPI_SUCCESS) length = 0;
  throw SystemError(call + " failed: " + std::string(text, static_cast<std::size_t>(length)));
}

}  // namespace

RmaReader::RmaReader(MPI_Comm comm, std::span<std::byte> arena, std::vector<int> target_of_node)
    : target_of_node_(std::move(target_of_node)) {
  MPI_Errhandler before = MPI_ERRHANDLER_NULL;
  require(MPI_Comm_get_errhandler(comm, &before), "MPI_Comm_get_errhandler");
  MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN);  // window creation reports through the communicator
  const int created =
      MPI_Win_create(arena.data(), static_cast<MPI_Aint>(arena.size()), 1, MPI_INFO_NULL, comm, &window_);
  MPI_Comm_set_errhandler(comm, before);
  if (before != MPI_ERRHANDLER_NULL) MPI_Errhandler_free(&before);
  require(created, "MPI_Win_create over the object store (" + std::to_string(arena.size()) + " bytes)");
  require(MPI_Win_set_errhandler(window_, MPI_ERRORS_RETURN), "MPI_Win_set_errhandler");
  require(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_), "MPI_Win_lock_all over the object store");
}

RmaReader::~RmaReader() {
  if (abandoned_) return;
  MPI_Win_unlock_all(window_);
  MPI_Win_free(&window_);
}

void RmaReader::set_target(NodeId node, int rank) {
  target_of_node_.at(static_cast<std::size_t>(index(node))) = rank;
}

void RmaReader::read(NodeId node, std::uint64_t offset, std::span<std::byte> into) {
  const auto at = static_cast<std::size_t>(index(node));
  if (at >= target_of_node_.size()) {
    throw SystemError("read from node " + std::to_string(index(node)) + " of " +
                      std::to_string(target_of_node_.size()));
  }
  const int target = target_of_node_[at];
  const std::string what =
      " of " + std::to_string(into.size()) + " bytes from rank " + std::to_string(target);
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t piece = std::min(kPieceBytes, into.size() - done);
    require(MPI_Get(into.data() + done, static_cast<int>(piece), MPI_BYTE, target,
                    static_cast<MPI_Aint>(offset + done), static_cast<int>(piece), MPI_BYTE, window_),
            "MPI_Get" + what);
    done += piece;
    require(MPI_Win_flush(target, window_), "MPI_Win_flush" + what);
  }
}

}  // namespace rankine
