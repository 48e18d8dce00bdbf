// SPDX-License-Identifier: Apache-2.0
// Actors and gangs of the fake cluster: the driver submits, kills and cancels them, ranks build, save, leave
// and throw at random. It checks that a gang runs only when every member said it is ready, one on a rank, and
// that every actor and gang ends.
#include <algorithm>

#include "fake_cluster.hpp"

namespace rankine::simulation {

// ---- the driver ----

void FakeCluster::note_collective(ObjectId id, std::uint32_t count, ClassId task_class, Mail mail) {
  depth_[id] = 2;
  class_of_[id] = task_class;
  counts_[id] = count;
  dependencies_[id] = mail.first_list;
  hold(0, id, true);
  send(0, std::move(mail));
}

void FakeCluster::submit_gang() {
  GangSubmitted event;
  event.gang = ObjectId{++driver_ids_};
  event.ranks =
      static_cast<std::uint32_t>(1 + below(static_cast<std::uint64_t>(std::min(settings_.workers, 8))));
  event.submitter = kHead;
  event.task_class = pick(classes_);
  event.payload = make_payload();
  gangs_.insert(event.gang);
  if (chance() < 0.4) {
    event.all = true;
    driver_ids_ += event.ranks - 1;
  }
  const std::uint32_t count = event.all ? event.ranks : 1;
  for (std::uint32_t i = 0; i < count; ++i) {
    depth_[offset(event.gang, i)] = 2;
    gangs_.insert(offset(event.gang, i));
  }
  Mail mail;
  const std::vector<ObjectId> held(rank(0).held.begin(), rank(0).held.end());
  if (!held.empty() && chance() < 0.4) mail.first_list.push_back(pick(held));
  mail.event = event;
  note_collective(event.gang, count, event.task_class, std::move(mail));
}

void FakeCluster::spawn_actor() {
  ActorSpawned event;
  event.actor = ObjectId{++driver_ids_};
  event.submitter = kHead;
  event.task_class = pick(classes_);
  event.max_restarts = static_cast<std::int32_t>(below(4)) - 1;
  event.payload = make_payload();
  actors_.insert(event.actor);
  Mail mail;
  const std::vector<ObjectId> held(rank(0).held.begin(), rank(0).held.end());
  if (!held.empty() && chance() < 0.4) mail.first_list.push_back(pick(held));
  mail.event = event;
  note_collective(event.actor, 1, event.task_class, std::move(mail));
  if (chance() < 0.3) {
    Mail kill;
    kill.event = ActorKilled{pick(std::vector<ObjectId>(actors_.begin(), actors_.end())), chance() < 0.7};
    send(0, std::move(kill));
  }
}

void FakeCluster::kill_actors() {
  for (const ObjectId actor : actors_) {
    Mail mail;
    mail.event = ActorKilled{actor, false};
    send(0, std::move(mail));
  }
}

// ---- what the head must get right ----

void FakeCluster::check_prepare(const PrepareGang& prepare) {
  if (!payloads_.contains(static_cast<std::uint64_t>(prepare.payload)))
    throw Broken("a gang starts with freed arguments");
  const int at = rankine::index(prepare.worker);
  if (rank(at).lost_told) throw Broken("a gang on a lost worker");
  const std::vector<Rank> all = scheduler_.gang_members(prepare.gang);
  if (all.size() != prepare.size || all[prepare.member] != prepare.worker)
    throw Broken("a gang has other members than it says");
  auto& members = prepared_[{prepare.gang, prepare.attempt}];
  if (prepare.member == 0) {  // a lost value is made again from the first attempt on
    ++gang_attempts_;
    members.clear();
    ready_[{prepare.gang, prepare.attempt}].clear();
  }
  if (!members.insert(at).second) throw Broken("two members of a gang on a rank");
  for (const ObjectId id : dependencies_[prepare.gang]) {
    if (scheduler_.object(id).state != ObjectState::sealed)
      throw Broken("a gang starts before its dependencies are sealed");
  }
}

void FakeCluster::check_run(const RunGang& run) {
  gangs_run_ += rankine::index(run.worker) == *prepared_[{run.gang, run.attempt}].begin() ? 1 : 0;
  const auto ready = ready_.find({run.gang, run.attempt});
  const auto prepared = prepared_.find({run.gang, run.attempt});
  if (ready == ready_.end() || prepared == prepared_.end() || ready->second != prepared->second)
    throw Broken("a gang runs before all of its members are ready");
}

// ---- ranks ----

bool FakeCluster::has_work(const FakeRank& rank) const {
  const auto unborn = [](const FakeActor& actor) { return !actor.told; };
  return !rank.runs.empty() || !rank.members.empty() || !rank.debts.empty() || !rank.parcels.empty() ||
         !rank.borrowed.empty() || std::any_of(rank.actors.begin(), rank.actors.end(), unborn);
}

bool FakeCluster::receive_collective(int at, const ToRank& message) {
  FakeRank& rank = this->rank(at);
  const auto member_of = [&](TaskId gang, std::uint16_t attempt) -> FakeMember* {
    for (FakeMember& member : rank.members) {
      if (member.prepare.gang == gang && member.prepare.attempt == attempt) return &member;
    }
    return nullptr;
  };
  if (const auto* start = std::get_if<StartActor>(&message)) {
    rank.actors.push_back({.start = *start});
  } else if (const auto* stop = std::get_if<StopActor>(&message)) {
    std::erase_if(rank.actors, [&](const FakeActor& actor) { return actor.start.actor == stop->actor; });
  } else if (const auto* prepare = std::get_if<PrepareGang>(&message)) {
    rank.members.push_back({.prepare = *prepare});
  } else if (const auto* run = std::get_if<RunGang>(&message)) {
    if (FakeMember* member = member_of(run->gang, run->attempt)) member->running = true;
  } else if (const auto* leave = std::get_if<BreakGang>(&message)) {
    if (FakeMember* member = member_of(leave->gang, leave->attempt)) member->broken = true;
  } else {
    return false;
  }
  return true;
}

bool FakeCluster::act_collective(int at) {
  FakeRank& rank = this->rank(at);
  const std::size_t count = rank.actors.size() + rank.members.size();
  if (count == 0) return false;
  const std::size_t which = below(count);
  if (which < rank.actors.size()) {
    act_actor(at, rank.actors[which]);
  } else {
    act_member(at, which - rank.actors.size());
  }
  return true;
}

void FakeCluster::act_actor(int at, FakeActor& actor) {
  const StartActor& start = actor.start;
  const int node = chance() < 0.5 ? rank(at).node : rankine::index(kNoNode);
  Mail mail;
  if (actor.told) {
    if (actor.checkpoints == 3 || chance() < 0.7) return;
    ++actor.checkpoints;
    mail.event = ActorCheckpointed{start.actor, start.attempt, make_value(start.actor, node)};
  } else if (program(start.actor).throws) {
    mail.event = ActorFailed{start.actor, Rank{at}, start.attempt, make_value(start.actor, node)};
    const ObjectId id = start.actor;
    std::erase_if(rank(at).actors, [&](const FakeActor& other) { return other.start.actor == id; });
  } else {
    actor.told = true;
    mail.event = ActorReady{start.actor, Rank{at}, start.attempt};
  }
  send(at, std::move(mail));
}

void FakeCluster::act_member(int at, std::size_t which) {
  FakeMember& member = rank(at).members[which];
  const PrepareGang prepare = member.prepare;
  Mail mail;
  if (!member.told && !member.broken) {
    member.told = true;
    mail.event = GangMemberReady{prepare.gang, Rank{at}, prepare.attempt};
    return send(at, std::move(mail));
  }
  if (!member.broken && (!member.running || chance() < 0.5)) return;
  const bool fails = member.broken ? chance() < 0.8 : program(prepare.gang).throws && chance() < 0.7;
  if (member.running && program(prepare.gang).hangs && !(member.broken && !program(prepare.gang).stubborn))
    return;
  // Values of other members have another name, so that they are recognised if they become the gang's.
  const std::uint32_t other = prepare.all ? prepare.member : 1u << 30;
  const ObjectId name = prepare.member == 0 || fails ? prepare.gang : offset(prepare.gang, other);
  const int node = chance() < 0.4 ? rank(at).node : rankine::index(kNoNode);
  rank(at).members.erase(rank(at).members.begin() + static_cast<std::ptrdiff_t>(which));
  mail.event =
      GangMemberFinished{prepare.gang, Rank{at}, prepare.attempt, {make_value(name, node), fails}, {}};
  if (!rank(at).held.empty() && promised_.contains(*rank(at).held.begin()))
    mail.first_list.push_back(*rank(at).held.begin());
  send(at, std::move(mail));
}

}  // namespace rankine::simulation
