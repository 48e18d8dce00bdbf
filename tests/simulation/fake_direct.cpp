// SPDX-License-Identifier: Apache-2.0
// What ranks of the fake cluster do without a task of the head's: promises that they fulfil later, as callers
// of actors do, and refs that they hand to other ranks directly, past the head.
#include <algorithm>

#include "fake_cluster.hpp"

namespace rankine::simulation {

/// A child that no task makes. A retried parent promises the same.
void FakeCluster::promise(int at, TaskId parent, std::vector<ObjectId>& children) {
  const ObjectId id = child_id(parent, 1000);
  Philox random(settings_.seed + 78, number(id));
  Mail mail;
  mail.event = Promised{id, Rank{at}};
  counts_[id] = 1;
  hold(at, id, true);
  send(at, std::move(mail));
  rank(at).debts.push_back(
      {.object = id, .on_node = random.uniform() < 0.4, .fails = random.uniform() < 0.1});
  children.push_back(id);
  promised_.insert(id);
}

void FakeCluster::pay_debt(int at) {
  const Debt debt = rank(at).debts.front();
  rank(at).debts.pop_front();
  Mail mail;
  const int node = debt.on_node ? rank(at).node : rankine::index(kNoNode);
  mail.event = Fulfilled{debt.object, Rank{at}, make_value(debt.object, node), debt.fails, {}};
  if (!rank(at).held.empty() && chance() < 0.7) {
    // Promises hold smaller ones only: in a circle of refs nothing would ever be freed.
    const ObjectId inner = *rank(at).held.begin();
    if (promised_.contains(inner) && inner < debt.object) mail.first_list.push_back(inner);
  }
  ++fulfilled_;
  send(at, std::move(mail));
}

/// In the order of the protocol: Lent before the message, and before whatever this rank lets go of later.
void FakeCluster::lend(int at, ObjectId id) {
  const int to = pick(present_);
  if (to == at || !rank(to).alive) return;
  const std::uint64_t after = rank(at).told + rank(at).outbox.size();
  Mail mail;
  mail.event = Lent{id, Rank{to}, Rank{at}};
  send(at, std::move(mail));
  rank(to).parcels.push_back({.object = id, .from = at, .after = after});
  wake(to);
  ++loans_;
}

/// The borrower keeps a handle for a while, or not. What it says of the object comes to the head after the
/// object itself (a shell must see to that), but perhaps before the Lent.
void FakeCluster::open_parcel(int at) {
  const Parcel parcel = rank(at).parcels.front();
  const FakeRank& sender = rank(parcel.from);
  if (sender.told < parcel.after && !(sender.outbox.empty() && !sender.alive)) return;
  rank(at).parcels.pop_front();
  if (chance() < 0.7) {
    hold(at, parcel.object, false);
    rank(at).borrowed.push_back(parcel.object);
  }
  Mail mail;
  mail.event = LoanReturned{parcel.object, Rank{at}, Rank{parcel.from}};
  send(at, std::move(mail));
}

bool FakeCluster::act_direct(int at) {
  FakeRank& rank = this->rank(at);
  const double what = chance();
  if (what < 0.3 && !rank.debts.empty()) {
    pay_debt(at);
  } else if (what < 0.6 && !rank.parcels.empty()) {
    open_parcel(at);
  } else if (what < 0.8 && !rank.borrowed.empty()) {
    const ObjectId id = rank.borrowed.back();
    rank.borrowed.pop_back();
    if (chance() < 0.3) lend(at, id);
    release(at, id);
  } else {
    return false;
  }
  return true;
}

}  // namespace rankine::simulation
