// SPDX-License-Identifier: Apache-2.0
// Loans: refs inside messages that go from rank to rank directly. Counted for each group, borrower and
// lender, below zero too, because the return may overtake the loan. While a count is positive it pins its
// group.
#include <limits>

#include "scheduler/state.hpp"

namespace rankine::scheduler {

void State::on(const Lent& event) {
  const IdTable::Place place = ids.find(event.object);
  if (place.group != kNone && !nodes.lost(event.to)) count_loan({place.group, event.to, event.from}, 1);
}

void State::on(const LoanReturned& event) {
  const IdTable::Place place = ids.find(event.object);
  if (place.group == kNone || nodes.lost(event.by)) return;
  const LoanKey key{place.group, event.by, event.from};
  if (nodes.lost(event.from) && !loans.contains(key)) return;  // its Lent died with the lender
  count_loan(key, -1);
}

void State::count_loan(const LoanKey& key, std::int32_t change) {
  const auto at = loans.try_emplace(key, 0).first;
  const bool was_pinned = at->second > 0;
  at->second += change;
  const bool is_pinned = at->second > 0;
  groups[key.group].flags |= kLoans;
  if (at->second == 0) loans.erase(at);
  if (is_pinned && !was_pinned) pin(key.group);
  if (was_pinned && !is_pinned) unpin(key.group);
}

void State::drop_loans_of(Index group) {
  const LoanKey first{group, Rank{std::numeric_limits<std::int32_t>::min()}, kNoRank};
  auto at = loans.lower_bound(first);
  while (at != loans.end() && at->first.group == group) at = loans.erase(at);
}

/// Of a lost borrower nothing comes back; of a lost lender no Lent comes that a return is waiting for.
void State::lose_loans(Rank rank) {
  for (auto at = loans.begin(); at != loans.end();) {
    const auto [key, count] = *at;
    const bool drop = key.to == rank || (key.from == rank && count < 0);
    at = drop ? loans.erase(at) : std::next(at);
    if (drop && count > 0) unpin(key.group);
  }
}

}  // namespace rankine::scheduler
