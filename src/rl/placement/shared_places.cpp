// SPDX-License-Identifier: Apache-2.0
#include "rl/placement/shared_places.hpp"

#include <utility>
#include <vector>

namespace rankine::rl::placement {

namespace {

constexpr std::size_t kLine = 64;

}  // namespace

SharedPlaces::SharedPlaces(Gang& gang, std::size_t bytes)
    : member_(static_cast<std::size_t>(gang.rank())),
      bytes_((bytes + kLine - 1) / kLine * kLine),
      memory_(gang.comm(), sizeof(train::MeetingWord) + 2 * bytes_) {
  if (!shared()) return;
  std::vector<train::MeetingWord*> words;
  for (std::byte* part : memory_.parts()) words.push_back(reinterpret_cast<train::MeetingWord*>(part));
  meeting_.emplace(std::move(words), member_, [&gang] { return gang.broken(); });
}

void SharedPlaces::meet() {
  meeting_->meet();
  ++meetings_;
}

std::byte* SharedPlaces::place(std::size_t member, std::size_t which) const {
  return memory_.parts()[member] + sizeof(train::MeetingWord) + which * bytes_;
}

}  // namespace rankine::rl::placement
