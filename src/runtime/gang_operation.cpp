// SPDX-License-Identifier: Apache-2.0
#include "runtime/gang_operation.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

namespace rankine::runtime {

namespace {

/// Types with more gaps than this are worked on in place: absolute addresses may span the whole memory. Who
/// uses such a type keeps its memory until the gang has ended.
constexpr std::size_t kGapsMax = std::size_t{1} << 16;
/// Looks at a cancelled receive: one that was met already ends as soon as its message is here.
constexpr int kCancelLooks = 1000;

}  // namespace

Operation::~Operation() {
  for (std::size_t i = 0; i < lent_; ++i) member_.bounces.give_back(std::move(regions_[i].lent));
}

Operation::Span Operation::span_of(MPI_Aint count, MPI_Datatype type) {
  MPI_Aint lower = 0;
  MPI_Aint extent = 0;
  MPI_Aint true_lower = 0;
  MPI_Aint true_extent = 0;
  int size = 0;
  if (count <= 0 || PMPI_Type_size(type, &size) != MPI_SUCCESS) return {};
  PMPI_Type_get_extent(type, &lower, &extent);
  PMPI_Type_get_true_extent(type, &true_lower, &true_extent);
  if (extent < 0 || size <= 0) return {};
  const auto bytes = static_cast<std::size_t>((count - 1) * extent + true_extent);
  const std::size_t data = static_cast<std::size_t>(count) * static_cast<std::size_t>(size);
  if (bytes > data + kGapsMax) return {};
  return {true_lower, bytes};
}

void* Operation::lend(const void* user, const Span& span, bool in, bool out) {
  auto* address = const_cast<std::byte*>(static_cast<const std::byte*>(user));
  if (span.bytes == 0) return address;
  Region& region = regions_[lent_++];
  region.lent = member_.bounces.take(span.bytes);
  region.bytes = span.bytes;
  if (in) std::memcpy(region.lent.block.get(), address + span.begin, span.bytes);
  if (out) region.user = address + span.begin;
  return region.lent.block.get() - span.begin;
}

const void* Operation::read(const void* from, MPI_Aint count, MPI_Datatype type) {
  if (from == MPI_IN_PLACE) return from;  // then the type may be none
  return lend(from, span_of(count, type), true, false);
}

void* Operation::write(void* to, MPI_Aint count, MPI_Datatype type) {
  if (to == MPI_IN_PLACE) return to;
  const Span span = span_of(count, type);
  int size = 0;
  PMPI_Type_size(type, &size);
  const bool gaps = span.bytes != static_cast<std::size_t>(count) * static_cast<std::size_t>(size);
  return lend(to, span, gaps, true);
}

void* Operation::both(void* to, MPI_Aint count, MPI_Datatype type) {
  return lend(to, span_of(count, type), true, true);
}

int Operation::finish(int started, MPI_Status* received) {
  if (started != MPI_SUCCESS) return started;
  Patience patience(member_.awake);
  std::array<MPI_Status, 2> statuses;
  for (int done = 0; done == 0;) {
    const int code = PMPI_Testall(static_cast<int>(used_), requests_.data(), &done, statuses.data());
    if (code != MPI_SUCCESS && code != MPI_ERR_IN_STATUS) return code;
    if (done != 0) {
      if (code != MPI_SUCCESS) return statuses[0].MPI_ERROR;
      break;
    }
    if (member_.broken->load(std::memory_order_relaxed)) abandon();
    patience.pause();
  }
  MPI_Aint came = std::numeric_limits<MPI_Aint>::max();
  if (cancellable_) {  // the receive is the first request
    MPI_Count bytes = 0;
    PMPI_Get_elements_x(&statuses[0], MPI_BYTE, &bytes);
    came = bytes == MPI_UNDEFINED ? came : static_cast<MPI_Aint>(bytes);
    if (received != MPI_STATUS_IGNORE) *received = statuses[0];
  }
  copy_back(came);
  return MPI_SUCCESS;
}

void Operation::copy_back(MPI_Aint bytes_max) {
  for (std::size_t i = 0; i < lent_; ++i) {
    const Region& region = regions_[i];
    const std::size_t bytes = std::min(region.bytes, static_cast<std::size_t>(bytes_max));
    if (region.user != nullptr) std::memcpy(region.user, region.lent.block.get(), bytes);
  }
}

void Operation::abandon() {
  if (cancellable_) {
    PMPI_Cancel(&requests_[0]);
    int done = 0;
    for (int i = 0; i < kCancelLooks && done == 0; ++i) PMPI_Test(&requests_[0], &done, MPI_STATUS_IGNORE);
  }
  // MPI may go on reading and writing what is under way: these blocks are its own from now on.
  for (std::size_t i = 0; i < lent_; ++i) static_cast<void>(regions_[i].lent.block.release());
  lent_ = 0;
  member_.check();
  __builtin_unreachable();
}

}  // namespace rankine::runtime
