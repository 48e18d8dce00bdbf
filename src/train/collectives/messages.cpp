// SPDX-License-Identifier: Apache-2.0
#include "train/collectives/messages.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "train/collectives/broken.hpp"
#include "train/collectives/patience.hpp"

namespace rankine::train {

namespace {

constexpr std::size_t kMessageBytesMax = std::size_t{1} << 30;  // MPI counts in int
constexpr std::size_t kSpareMax = 32;
constexpr double kFarewellSeconds = 10;

void check_code(int code, const char* call) {
  if (code != MPI_SUCCESS) throw SystemError(std::string("train: ") + call + " failed");
}

}  // namespace

Messages::Messages(const boost::mpi::communicator& communicator, std::function<bool()> over)
    : communicator_(communicator), over_(std::move(over)) {}

Messages::~Messages() {
  const Time start = now();
  Patience patience;
  while (!sends_.empty() && !over_() && seconds_since(start) < kFarewellSeconds) {
    reap();
    if (!sends_.empty()) patience.pause();
  }
  if (sends_.empty() && receives_.empty()) return;
  // MPI may still be at work there: buffers and the communicator's number are given up.
  for (UnderWay& message : sends_) static_cast<void>(message.buffer.release());
  for (auto& [number, message] : receives_) static_cast<void>(message.buffer.release());
  static_cast<void>(std::make_unique<boost::mpi::communicator>(communicator_).release());
}

void Messages::check() const {
  if (over_()) throw_broken();
}

Messages::Buffer Messages::buffer_of(std::size_t bytes) {
  const auto found = spare_.find(bytes);
  if (found == spare_.end()) return std::make_unique_for_overwrite<std::byte[]>(bytes);
  Buffer buffer = std::move(found->second);
  spare_.erase(found);
  return buffer;
}

void Messages::keep(Buffer buffer, std::size_t bytes) {
  if (spare_.size() < kSpareMax) spare_.emplace(bytes, std::move(buffer));
}

bool Messages::ended(UnderWay& message) {
  int done = 0;
  check_code(MPI_Testall(static_cast<int>(message.requests.size()), message.requests.data(), &done,
                         MPI_STATUSES_IGNORE),
             "MPI_Testall");
  return done != 0;
}

void Messages::reap() {
  const std::lock_guard lock(mutex_);
  std::erase_if(sends_, [&](UnderWay& message) {
    if (!ended(message)) return false;
    keep(std::move(message.buffer), message.bytes);
    return true;
  });
}

void Messages::send(const void* from, std::size_t bytes, std::size_t to, int tag) {
  check();
  reap();
  const std::lock_guard lock(mutex_);
  UnderWay message{{}, buffer_of(bytes), bytes, nullptr};
  std::memcpy(message.buffer.get(), from, bytes);
  for (std::size_t first = 0; first < bytes; first += kMessageBytesMax) {
    const auto now = static_cast<int>(std::min(kMessageBytesMax, bytes - first));
    check_code(MPI_Isend(message.buffer.get() + first, now, MPI_BYTE, static_cast<int>(to), tag,
                         communicator_, &message.requests.emplace_back(MPI_REQUEST_NULL)),
               "MPI_Isend");
  }
  sends_.push_back(std::move(message));
}

std::uint64_t Messages::begin_receive(void* into, std::size_t bytes, std::size_t from, int tag) {
  check();
  const std::lock_guard lock(mutex_);
  UnderWay message{{}, buffer_of(bytes), bytes, into};
  for (std::size_t first = 0; first < bytes; first += kMessageBytesMax) {
    const auto now = static_cast<int>(std::min(kMessageBytesMax, bytes - first));
    check_code(MPI_Irecv(message.buffer.get() + first, now, MPI_BYTE, static_cast<int>(from), tag,
                         communicator_, &message.requests.emplace_back(MPI_REQUEST_NULL)),
               "MPI_Irecv");
  }
  receives_.emplace(++begun_, std::move(message));
  return begun_;
}

void Messages::finish(std::uint64_t receive) {
  Patience patience;
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      const auto found = receives_.find(receive);
      if (found == receives_.end()) return;
      UnderWay& message = found->second;
      if (ended(message)) {
        std::memcpy(message.into, message.buffer.get(), message.bytes);
        keep(std::move(message.buffer), message.bytes);
        receives_.erase(found);
        return;
      }
    }
    if (over_()) abandon();
    patience.pause();
  }
}

void Messages::progress() const {
  int ready = 0;
  check_code(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, communicator_, &ready, MPI_STATUS_IGNORE), "MPI_Iprobe");
}

void Messages::abandon() {
  {
    const std::lock_guard lock(mutex_);
    for (auto& [number, message] : receives_) {
      for (MPI_Request& request : message.requests)
        if (request != MPI_REQUEST_NULL) MPI_Cancel(&request);
    }
  }
  check();
  __builtin_unreachable();
}

}  // namespace rankine::train
