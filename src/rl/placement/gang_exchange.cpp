// SPDX-License-Identifier: Apache-2.0
#include "rl/placement/gang_exchange.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>

#include <rankine/core/error.hpp>

namespace rankine::rl::placement {

namespace {

constexpr int kSumTag = 1;
constexpr int kReadyTag = 2;
constexpr int kPiece = 1000;  // numbers: below the 4 KiB up to which Open MPI sends without asking first
constexpr char kMark = 1;     // outlives sends that a broken gang leaves behind

void check(int code, const char* call) {
  if (code != MPI_SUCCESS) throw SystemError(std::string("PPO: ") + call + " failed");
}

}  // namespace

std::span<float> GangExchange::place(std::size_t count) {
  if (count_ != count && gang_.size() > 1) {
    if (share_) places_.emplace(gang_, count * sizeof(float));
    share_ = share_ && places_->shared();
  }
  count_ = count;
  own_.resize(count);
  if (gang_.size() == 1 || !share_) return own_;
  return {reinterpret_cast<float*>(places_->own()), count};
}

std::span<const float> GangExchange::sum() {
  if (gang_.size() == 1) return own_;
  if (!share_) {
    sum_by_messages();
    return own_;
  }
  for (int distance = 1; distance < gang_.size(); distance *= 2) {
    places_->meet();
    const auto numbers = [&](int member) {
      return reinterpret_cast<const float*>(places_->of(static_cast<std::size_t>(member)));
    };
    const bool last = 2 * distance >= gang_.size();
    float* const to = last ? own_.data() : reinterpret_cast<float*>(places_->own());
    kernels_.add(numbers(gang_.rank()), numbers(gang_.rank() ^ distance), to, static_cast<long>(count_));
  }
  return own_;
}

void GangExchange::sum_by_messages() {
  const MPI_Comm comm = gang_.comm();
  const int count = static_cast<int>(count_);
  theirs_.resize(count_);
  for (int distance = 1; distance < gang_.size(); distance *= 2) {
    const int other = gang_.rank() ^ distance;
    std::vector<MPI_Request> requests;
    for (int first = 0; first < count; first += kPiece) {
      const int piece = std::min(kPiece, count - first);
      check(
          MPI_Irecv(theirs_.data() + first, piece, MPI_FLOAT, other, kSumTag, comm, &requests.emplace_back()),
          "MPI_Irecv");
    }
    for (int first = 0; first < count; first += kPiece) {
      const int piece = std::min(kPiece, count - first);
      check(MPI_Isend(own_.data() + first, piece, MPI_FLOAT, other, kSumTag, comm, &requests.emplace_back()),
            "MPI_Isend");
    }
    check(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE),
          "MPI_Waitall");
    kernels_.add(own_.data(), theirs_.data(), own_.data(), count);
  }
}

/// In a place: how many bytes there are, then they, if all members' fit.
std::vector<std::vector<std::byte>> GangExchange::gather(std::vector<std::byte> own) {
  if (gang_.size() == 1) return {std::move(own)};
  if (!share_ || !places_) return gather_by_messages(own);
  const std::uint64_t size = own.size();
  const std::size_t room = places_->bytes() - sizeof size;
  std::memcpy(places_->own(), &size, sizeof size);
  if (size > 0 && size <= room) std::memcpy(places_->own() + sizeof size, own.data(), size);
  places_->meet();
  std::vector<std::vector<std::byte>> by_rank;
  for (std::size_t member = 0; member < static_cast<std::size_t>(gang_.size()); ++member) {
    const std::byte* const from = places_->of(member);
    std::uint64_t theirs = 0;
    std::memcpy(&theirs, from, sizeof theirs);
    if (theirs > room) return gather_by_messages(own);
    by_rank.emplace_back(from + sizeof theirs, from + sizeof theirs + theirs);
  }
  return by_rank;
}

std::vector<std::vector<std::byte>> GangExchange::gather_by_messages(std::span<const std::byte> own) {
  const MPI_Comm comm = gang_.comm();
  const auto members = static_cast<std::size_t>(gang_.size());
  std::vector<int> sizes(members);
  std::vector<int> places(members);
  const int size = static_cast<int>(own.size());
  check(MPI_Allgather(&size, 1, MPI_INT, sizes.data(), 1, MPI_INT, comm), "MPI_Allgather");
  std::exclusive_scan(sizes.begin(), sizes.end(), places.begin(), 0);
  std::vector<std::byte> all(static_cast<std::size_t>(places.back() + sizes.back()));
  check(MPI_Allgatherv(own.data(), size, MPI_BYTE, all.data(), sizes.data(), places.data(), MPI_BYTE, comm),
        "MPI_Allgatherv");
  std::vector<std::vector<std::byte>> by_rank;
  for (std::size_t k = 0; k < members; ++k)
    by_rank.emplace_back(all.begin() + places[k], all.begin() + places[k] + sizes[k]);
  return by_rank;
}

// With few members a share that the others cannot reach (0.6 of 2 is more than 1) means: all the others.
Preemption::Preemption(Gang& gang, double share, int steps)
    : gang_(gang), needed_(std::min(share * gang.size(), gang.size() - 1.0)), steps_(steps) {}

// Receives that nobody waits for would write into freed memory.
Preemption::~Preemption() {
  for (MPI_Request& request : requests_) {
    if (request == MPI_REQUEST_NULL) continue;
    MPI_Cancel(&request);
    MPI_Request_free(&request);
  }
}

void Preemption::begin() {
  if (!active()) return;
  ready_ = 0;
  requests_.clear();
  marks_.assign(static_cast<std::size_t>(gang_.size()), 0);
  for (int other = 0; other < gang_.size(); ++other) {
    if (other == gang_.rank()) continue;
    check(MPI_Irecv(&marks_[static_cast<std::size_t>(other)], 1, MPI_CHAR, other, kReadyTag, gang_.comm(),
                    &requests_.emplace_back()),
          "MPI_Irecv");
  }
}

bool Preemption::stop(int steps_done) {
  if (!active() || 4 * steps_done < steps_) return false;
  for (MPI_Request& request : requests_) {
    int done = 0;
    if (request == MPI_REQUEST_NULL) continue;
    check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    ready_ += done;
  }
  return ready_ >= needed_;
}

void Preemption::end() {
  if (!active()) return;
  for (int other = 0; other < gang_.size(); ++other) {
    if (other == gang_.rank()) continue;
    check(MPI_Isend(&kMark, 1, MPI_CHAR, other, kReadyTag, gang_.comm(), &requests_.emplace_back()),
          "MPI_Isend");
  }
  check(MPI_Waitall(static_cast<int>(requests_.size()), requests_.data(), MPI_STATUSES_IGNORE),
        "MPI_Waitall");
  requests_.clear();
}

}  // namespace rankine::rl::placement
