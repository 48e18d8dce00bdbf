// SPDX-License-Identifier: Apache-2.0
#include "runtime/mail_order.hpp"

#include <algorithm>
#include <cstring>

namespace rankine::runtime {

bool MailOrder::lent(Rank lender, Rank borrower) {
  const std::uint64_t count = ++loans_[{lender, borrower}];
  const auto waiting = waiting_.find(borrower);
  if (waiting == waiting_.end() || waiting->second.lender != lender || waiting->second.count > count)
    return false;
  waiting_.erase(waiting);
  return true;
}

void MailOrder::follows(Rank borrower, Rank lender, std::uint64_t count) {
  const bool dead = std::find(dead_.begin(), dead_.end(), lender) != dead_.end();
  if (!dead && loans_[{lender, borrower}] < count) waiting_[borrower] = {lender, count};
}

std::vector<Rank> MailOrder::lost(Rank dead) {
  dead_.push_back(dead);
  waiting_.erase(dead);
  kept_.erase(dead);
  std::vector<Rank> free;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    if (at->second.lender != dead) {
      ++at;
      continue;
    }
    free.push_back(at->first);
    at = waiting_.erase(at);
  }
  return free;
}

void MailOrder::keep(Rank borrower, std::span<const std::byte> message) {
  Letter letter((message.size() + 7) / 8);
  std::memcpy(letter.data(), message.data(), message.size());
  kept_[borrower].push_back(std::move(letter));
}

std::vector<MailOrder::Letter> MailOrder::take(Rank borrower) {
  const auto found = kept_.find(borrower);
  return found != kept_.end() ? std::exchange(found->second, {}) : std::vector<Letter>();
}

}  // namespace rankine::runtime
