// SPDX-License-Identifier: Apache-2.0
// What a FakeCluster looks at when all is quiet: every task ended once, every object has the end that what
// happened explains, and nothing leaks.
#include "fake_cluster.hpp"

namespace rankine::simulation {

void FakeCluster::check_end() {
  walk();
  check_all_ended();
  for (const ObjectId first : std::set<ObjectId>(rank(0).held.begin(), rank(0).held.end())) {
    for (std::uint32_t i = 0; i < counts_[first]; ++i) check_object(first, offset(first, i));
  }
  check_nothing_leaks();
}

void FakeCluster::check_all_ended() {
  const Counts counts = scheduler_.counts();
  if (counts.waiting + counts.ready + counts.assigned != 0) {
    std::string where;
    for (const auto& [id, options] : class_of_) {
      const Explanation said = scheduler_.explain(id);
      if (said.state == Explanation::State::unknown || said.state == Explanation::State::ended) continue;
      where += "; " + std::to_string(number(id)) + ": " + said.sentence;
    }
    throw Broken("all is quiet, but " + std::to_string(counts.waiting) + " wait, " +
                 std::to_string(counts.ready) + " are ready, " + std::to_string(counts.assigned) +
                 " assigned" + where);
  }
  if (counts.finished + counts.failed + counts.cancelled != counts.submitted)
    throw Broken("a task ended never or twice");
}

/// An object of the group `first` that the driver holds at the end.
void FakeCluster::check_object(ObjectId first, ObjectId id) {
  const ObjectView view = scheduler_.object(id);
  const std::string name = "object " + std::to_string(number(id));
  if (view.state == ObjectState::unknown || view.state == ObjectState::pending)
    throw Broken(name + " has no end");
  if (actors_.contains(id)) {
    if (view.state == ObjectState::sealed) throw Broken(name + " is an actor that survived its killing");
  } else if (view.state == ObjectState::sealed) {
    const auto value = values_.find(static_cast<std::uint64_t>(view.value.payload));
    if (value == values_.end() || value->second != id) throw Broken(name + " has another's value");
  } else {
    check_failure(first, id, view.failure);
  }
}

/// Something happened in this life that explains the failure.
void FakeCluster::check_failure(ObjectId first, ObjectId id, FailureKind failure) {
  const std::string name = "object " + std::to_string(number(id));
  const bool of_gang = gangs_.contains(id);
  bool asked = draining_ || cancel_asked_.contains(id);
  // Whoever cancels a member's value cancels the gang.
  for (std::uint32_t other = 0; of_gang && other < counts_[first]; ++other)
    asked |= cancel_asked_.contains(offset(first, other));
  const ObjectId maker = of_gang ? first : id;
  if (failure == FailureKind::cancelled && !asked) throw Broken(name + " was cancelled by nobody");
  if (failure == FailureKind::threw && !asked && !program(maker).throws && !program(maker).hangs)
    throw Broken(name + " failed with an error that it never threw");
  if (failure == FailureKind::lost && node_deaths_ + deaths_ == 0) throw Broken(name + " is lost, why?");
  const bool nowhere = class_of_.contains(first) && class_of_.at(first) == classes_[kNowhere];
  if (failure == FailureKind::unsatisfiable && !nowhere && deaths_ == 0 && !of_gang)
    throw Broken(name + " is said to be unsatisfiable");
  const bool died = failure == FailureKind::worker_died || failure == FailureKind::poison;
  if (died && deaths_ == 0) throw Broken(name + " died with a worker, but none died");
}

/// When the driver has released all that it held, nobody has anything.
void FakeCluster::check_nothing_leaks() {
  while (!rank(0).held.empty()) release(0, *rank(0).held.begin());
  for (int at = 1; at < static_cast<int>(ranks_.size()); ++at) {
    if (rank(at).alive && !rank(at).held.empty()) throw Broken("a fake rank forgot to release");
  }
  while (!rank(0).outbox.empty()) {
    Mail mail = std::move(rank(0).outbox.front());
    rank(0).outbox.pop_front();
    deliver_to_head(std::move(mail));
  }
  walk();
  final_ = scheduler_.counts();
  if (final_.live_objects != 0) throw Broken(std::to_string(final_.live_objects) + " objects leak");
  if (!values_.empty()) throw Broken(std::to_string(values_.size()) + " values leak");
  if (!payloads_.empty()) throw Broken(std::to_string(payloads_.size()) + " packed arguments leak");
}

}  // namespace rankine::simulation
