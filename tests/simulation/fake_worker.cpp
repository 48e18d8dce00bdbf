// SPDX-License-Identifier: Apache-2.0
// What the ranks of the fake cluster do: they keep a queue of pieces, run a few at once, submit children,
// wait for them, hand refs on in their results, give work back when asked and stop when interrupted.
#include <algorithm>

#include "fake_cluster.hpp"

namespace rankine::simulation {

/// What a task does follows from its id alone, so that every attempt does the same.
FakeCluster::Program FakeCluster::program(TaskId id) const {
  Philox random(settings_.seed, number(id));
  Program program;
  const auto depth = depth_.find(id);
  const bool leaf = depth == depth_.end() || depth->second >= 2;
  program.throws = random.uniform() < 0.08;
  program.on_node = random.uniform() < 0.4;
  program.hangs = class_of_.contains(id) && class_of_.at(id) == classes_[5] && random.uniform() < 0.06;
  program.stubborn = random.uniform() < 0.3;
  if (!leaf && random.uniform() < 0.4) program.children = static_cast<int>(1 + random.below(3));
  program.waits = program.children > 0 && random.uniform() < 0.6;
  program.promises = !leaf && random.uniform() < 0.25;
  program.returns_child = (program.children > 0 || program.promises) && random.uniform() < 0.4;
  return program;
}

// ---- handles ----

/// One more handle; the head is told of the first, unless the message that made it does so.
void FakeCluster::hold(int at, ObjectId id, bool already_known) {
  FakeRank& rank = this->rank(at);
  if (!rank.held.contains(id) && !already_known) {
    Mail mail;
    mail.event = Held{id, Rank{at}};
    send(at, std::move(mail));
  }
  rank.held.insert(id);
}

void FakeCluster::release(int at, ObjectId id) {
  FakeRank& rank = this->rank(at);
  const auto found = rank.held.find(id);
  if (found == rank.held.end()) return;
  rank.held.erase(found);
  if (rank.held.contains(id)) return;
  Mail mail;
  mail.event = Released{id, Rank{at}};
  send(at, std::move(mail));
}

ObjectId FakeCluster::submit(int at, TaskId parent, std::uint64_t n, int depth) {
  const ObjectId id = child_id(parent, n);
  // A retried parent says the same as before, as far as the arguments still exist.
  Philox random(settings_.seed + 77, number(id));
  Mail mail;
  std::vector<ObjectId> candidates;
  if (at == 0) {
    for (const ObjectId first : rank(0).held)
      candidates.push_back(offset(first, random.below(counts_[first])));
  }
  for (int i = 0; i < 2; ++i) {
    if (!candidates.empty() && random.uniform() < 0.4) {
      mail.first_list.push_back(candidates[random.below(candidates.size())]);
    }
  }
  if (!candidates.empty() && random.uniform() < 0.2) {
    mail.second_list.push_back(candidates[random.below(candidates.size())]);
  }
  Submitted event;
  event.first = id;
  event.parent = parent;
  event.submitter = Rank{at};
  event.task_class = classes_[random.below(classes_.size())];
  event.payload = make_payload();
  mail.event = event;
  dependencies_[id] = mail.first_list;
  depth_[id] = depth;
  class_of_[id] = event.task_class;
  counts_[id] = 1;
  hold(at, id, true);
  send(at, std::move(mail));
  return id;
}

// ---- messages from the head ----

void FakeCluster::receive(int at) {
  FakeRank& rank = this->rank(at);
  const ToRank message = std::move(rank.inbox.front());
  rank.inbox.pop_front();
  if (receive_collective(at, message)) return;
  if (const auto* start = std::get_if<Start>(&message)) {
    Run run;
    run.start = *start;
    rank.runs.push_back(std::move(run));
  } else if (const auto* recall = std::get_if<Recall>(&message)) {
    take_back(at, *recall);
  } else if (const auto* interrupt = std::get_if<Interrupt>(&message)) {
    stop(at, *interrupt);
  } else {
    for (const ObjectId id : std::get<Delivery>(message).ids) rank.delivered.insert(id);
  }
}

/// Gives back what has not begun: the asked tail of a piece, as far as it can.
void FakeCluster::take_back(int at, const Recall& recall) {
  FakeRank& rank = this->rank(at);
  for (auto run = rank.runs.begin(); run != rank.runs.end(); ++run) {
    const std::uint64_t from = number(recall.first) - number(run->start.first);
    if (from >= run->start.count || run->start.attempt != recall.attempt) continue;
    run->asked_back |= run->begun;
    const std::uint64_t kept = std::max<std::uint64_t>(from, run->begun ? run->at + 1 : 0);
    if (kept >= run->start.count) return;
    Mail mail;
    mail.event = Recalled{offset(run->start.first, kept), static_cast<std::uint32_t>(run->start.count - kept),
                          Rank{at}, recall.attempt, run->start.ticket};
    send(at, std::move(mail));
    run->start.count = static_cast<std::uint32_t>(kept);
    if (kept == 0) rank.runs.erase(run);
    return;
  }
}

void FakeCluster::stop(int at, const Interrupt& interrupt) {
  for (Run& run : rank(at).runs) {
    if (run.start.attempt != interrupt.attempt) continue;
    for (std::uint32_t i = 0; i < interrupt.count; ++i) {
      const ObjectId id = offset(interrupt.first, i);
      if (number(id) - number(run.start.first) < run.start.count) run.to_stop.insert(id);
    }
  }
}

// ---- running ----

const Resources& FakeCluster::asked(ClassId task_class, std::uint8_t choice) const {
  const TaskClass& options = class_options_[static_cast<std::size_t>(task_class)];
  return choice == 0 ? options.request : options.alternatives[choice - 1];
}

void FakeCluster::take(Resources& free, const Resources& asked) {
  free.cpus -= asked.cpus;
  free.gpus -= asked.gpus;
}

bool FakeCluster::fits(const Resources& asked, const Resources& free) {
  const auto there = [](Amount wanted, Amount left) {
    return wanted.is_zero() || wanted.fixed() <= left.fixed();
  };
  return there(asked.cpus, free.cpus) && there(asked.gpus, free.gpus);
}

/// The rule of src/scheduler/dispatch.cpp.
Resources FakeCluster::free_of(const FakeRank& rank) const {
  Resources free;
  free.cpus = Amount(rank.cpus);
  free.gpus = Amount(rank.gpus);
  for (const Run& run : rank.runs) {
    if (run.begun && !run.blocked) take(free, asked(run.start.task_class, run.start.choice));
  }
  for (const FakeActor& actor : rank.actors) take(free, asked(actor.start.task_class, actor.start.choice));
  for (const FakeMember& member : rank.members)
    take(free, asked(member.prepare.task_class, member.prepare.choice));
  return free;
}

/// The next in the order of arrival, if it fits; or one before its turn, as when get() runs the awaited task
/// itself.
bool FakeCluster::begin_next(int at) {
  FakeRank& rank = this->rank(at);
  const bool waits =
      std::any_of(rank.runs.begin(), rank.runs.end(), [](const Run& run) { return run.blocked; });
  const auto begun = [](const Run& run) { return run.begun; };
  if (waits && chance() < 0.1) {
    const auto newest = std::find_if_not(rank.runs.rbegin(), rank.runs.rend(), begun);
    if (newest == rank.runs.rend()) return false;
    newest->begun = newest->before_its_turn = true;
    return true;
  }
  const auto next = std::find_if_not(rank.runs.begin(), rank.runs.end(), begun);
  if (next == rank.runs.end()) return false;
  if (!fits(asked(next->start.task_class, next->start.choice), free_of(rank))) return false;
  next->begun = true;
  return true;
}

void FakeCluster::act(int at) {
  FakeRank& rank = this->rank(at);
  if (chance() < 0.3 && act_direct(at)) return;
  if (chance() < 0.5 && act_collective(at)) return;
  if (rank.runs.empty()) return;
  if (chance() < 0.5 && begin_next(at)) return;
  std::vector<std::size_t> begun;
  for (std::size_t i = 0; i < rank.runs.size(); ++i) {
    if (rank.runs[i].begun) begun.push_back(i);
  }
  if (!begun.empty()) advance(at, begun[below(begun.size())]);
}

void FakeCluster::begin_element(int at, Run& run) {
  const TaskId id = offset(run.start.first, run.at);
  const Program does = program(id);
  run.children.clear();
  run.awaited.clear();
  for (int n = 1; n <= does.children; ++n) {
    run.children.push_back(submit(at, id, static_cast<std::uint64_t>(n), depth_[id] + 1));
  }
  if (does.promises) promise(at, id, run.children);
  if (does.waits) run.awaited.insert(run.children.begin(), run.children.end());
}

void FakeCluster::advance(int at, std::size_t index) {
  FakeRank& rank = this->rank(at);
  Run& run = rank.runs[index];
  const TaskId id = offset(run.start.first, run.at);
  const bool stopped = run.to_stop.contains(id);
  Mail mail;
  if (run.phase == 0) {
    run.phase = 1;
    if (stopped) return end_element(at, index);
    begin_element(at, run);
    return;
  }
  if (!run.told_started && chance() < 0.1) {
    run.told_started = true;
    mail.event = Started{run.start.first, Rank{at}, run.start.attempt, run.start.ticket};
    return send(at, std::move(mail));
  }
  const Program does = program(id);
  if (does.hangs && !(stopped && !does.stubborn)) return;
  const bool all_there = std::all_of(run.awaited.begin(), run.awaited.end(),
                                     [&](ObjectId child) { return rank.delivered.contains(child); });
  if (!all_there && !run.blocked && !stopped) {
    run.blocked = true;
    mail.event = Blocked{id, Rank{at}, run.start.attempt, run.start.ticket};
    send(at, std::move(mail));
    for (const ObjectId child : run.awaited) {
      Mail want;
      want.event = Wanted{child, 1, Rank{at}};
      send(at, std::move(want));
    }
    return;
  }
  if (!all_there && !stopped) return;
  if (run.blocked) {
    run.blocked = false;
    mail.event = Unblocked{id, Rank{at}, run.start.attempt, run.start.ticket};
    return send(at, std::move(mail));
  }
  end_element(at, index);
}

void FakeCluster::end_element(int at, std::size_t index) {
  Run& run = rank(at).runs[index];
  const TaskId id = offset(run.start.first, run.at);
  const Program does = program(id);
  Outcome outcome;
  outcome.failed = does.throws || run.to_stop.contains(id);
  outcome.value = make_value(id, does.on_node ? rank(at).node : rankine::index(kNoNode));
  run.outcomes.push_back(outcome);
  if (!outcome.failed && does.returns_child && !run.children.empty()) {
    run.inside.push_back({static_cast<std::uint32_t>(run.outcomes.size() - 1), run.children.front()});
  }
  if (!run.children.empty() && chance() < 0.3) lend(at, pick(run.children));
  run.to_release.insert(run.to_release.end(), run.children.begin(), run.children.end());
  run.children.clear();
  run.phase = 0;
  ++run.at;
  if (run.at >= run.start.count) finish_run(at, index);
}

/// The children's handles go after the message that may keep them alive.
void FakeCluster::finish_run(int at, std::size_t index) {
  FakeRank& rank = this->rank(at);
  Run run = std::move(rank.runs[index]);
  rank.runs.erase(rank.runs.begin() + static_cast<std::ptrdiff_t>(index));
  Finished event;
  event.first = run.start.first;
  event.count = run.start.count;
  event.worker = Rank{at};
  event.attempt = run.start.attempt;
  event.ticket = run.start.ticket;
  event.busy = static_cast<Nanoseconds>(run.start.count * (1 + below(60'000)));
  Mail mail;
  mail.event = event;
  mail.outcomes = std::move(run.outcomes);
  mail.inside = std::move(run.inside);
  send(at, std::move(mail));
  for (const ObjectId child : run.to_release) release(at, child);
}

}  // namespace rankine::simulation
