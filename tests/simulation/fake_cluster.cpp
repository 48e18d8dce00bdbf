// SPDX-License-Identifier: Apache-2.0
// The head's shell of the fake cluster, its driver and its faults. What workers do is in fake_worker.cpp,
// what is looked at when all is over in fake_end.cpp.
#include "fake_cluster.hpp"

#include <algorithm>
#include <cstdio>

namespace rankine::simulation {

FakeCluster::FakeCluster(const Settings& settings)
    : settings_(settings), random_(settings.seed, 0x51AA), scheduler_([&] {
        Limits limits;
        limits.lineage_bytes = settings.seed % 3 == 0 ? 400 : 1u << 20;
        limits.wake_cost = settings.seed % 2 == 0 ? 20 * kMicrosecond : 0;
        limits.interrupt_grace = 50 * kMicrosecond;
        limits.room_after = settings.seed % 4 == 0 ? 20 * kMicrosecond : 300 * kMicrosecond;
        limits.break_grace = settings.seed % 5 == 0 ? 300 * kMicrosecond : 30 * kSecond;
        return limits;
      }()) {
  for (int kind = 0; kind < 12; ++kind) {
    TaskClass options;
    options.function = FunctionId{static_cast<std::uint32_t>(kind)};
    options.request.cpus = Amount(kind == 3 ? 2 : kind == 4 ? 0 : kind == 9 ? 4 : 1);
    options.priority = kind == 2 ? 5 : 0;
    options.max_retries = kind == 1 ? 0 : 3;
    options.retry_exceptions = kind == 2;
    options.timeout = kind == 5 ? 400 * kMicrosecond : 0;
    options.strategy = kind == 4 || kind == 6 ? Strategy::spread
                       : kind == 7            ? Strategy::strict_pack
                                              : Strategy::pack;
    if (kind == 8) {
      options.request.gpus = Amount(1);
      options.alternatives = {Resources{.cpus = Amount(3), .gpus = {}, .memory_gib = {}, .custom = {}},
                              Resources{.cpus = Amount(2), .gpus = {}, .memory_gib = {}, .custom = {}}};
    }
    if (kind == kNowhere) options.rank = Rank{1'000'000};
    if (kind == 11) options.node = NodeId{1};
    options.soft_affinity = kind == 11;
    classes_.push_back(scheduler_.intern(options));
    class_options_.push_back(options);
  }
  ranks_.emplace_back();  // the driver
  present_.push_back(0);
}

int FakeCluster::add_worker() {
  const int at = static_cast<int>(ranks_.size());
  ranks_.emplace_back();
  present_.push_back(at);
  rank(at).node = (at - 1) / settings_.ranks_a_node + 1;
  rank(at).cpus = at == 1 ? 8 : 1 + static_cast<double>(below(8));
  rank(at).gpus = static_cast<double>(below(3) / 2);
  Resources has;
  has.cpus = Amount(rank(at).cpus);
  has.gpus = Amount(rank(at).gpus);
  Mail mail;
  mail.event = WorkerJoined{Rank{at}, NodeId{rank(at).node}, has};
  deliver_to_head(std::move(mail));
  return at;
}

Payload FakeCluster::make_payload() {
  payloads_.insert(next_payload_);
  return Payload{next_payload_++};
}

Value FakeCluster::make_value(ObjectId id, int node) {
  values_.emplace(next_payload_, id);
  return {Payload{next_payload_++}, 16, NodeId{node}};
}

// ---- the head ----

void FakeCluster::walk() {
  const std::string broken = scheduler_.broken_invariant();
  if (!broken.empty()) throw Broken("invariant: " + broken);
}

void FakeCluster::trace(const Event& event, const Commands& commands) const {
  static constexpr const char* kNames[] = {"Submitted",
                                           "Started",
                                           "Finished",
                                           "Blocked",
                                           "Unblocked",
                                           "Recalled",
                                           "CancelRequested",
                                           "EverythingCancelled",
                                           "Put",
                                           "Held",
                                           "Released",
                                           "Wanted",
                                           "Promised",
                                           "Fulfilled",
                                           "Lent",
                                           "LoanReturned",
                                           "ObjectVanished",
                                           "WorkerJoined",
                                           "WorkerLost"};
  std::fprintf(stderr, "%s", event.index() < std::size(kNames) ? kNames[event.index()] : "Tick");
  const auto name = [](TaskId task, std::uint32_t count, Rank rank, int attempt) {
    std::fprintf(stderr, " %llu+%u on %d attempt %d", static_cast<unsigned long long>(number(task)), count,
                 rankine::index(rank), attempt);
  };
  if (const auto* recalled = std::get_if<Recalled>(&event)) {
    name(recalled->first, recalled->count, recalled->worker, recalled->attempt);
  } else if (const auto* finished = std::get_if<Finished>(&event)) {
    name(finished->first, finished->count, finished->worker, finished->attempt);
  }
  std::fputs(":", stderr);
  for (const Command& command : commands) {
    if (const auto* start = std::get_if<Start>(&command)) {
      std::fputs(" start", stderr);
      name(start->first, start->count, start->worker, start->attempt);
    } else if (const auto* recall = std::get_if<Recall>(&command)) {
      std::fputs(" recall", stderr);
      name(recall->first, recall->count, recall->worker, recall->attempt);
    } else if (const auto* interrupt = std::get_if<Interrupt>(&command)) {
      std::fprintf(stderr, " interrupt %llu+%u on %d%s;",
                   static_cast<unsigned long long>(number(interrupt->first)), interrupt->count,
                   rankine::index(interrupt->worker), interrupt->force ? " by force" : "");
    }
  }
  std::fprintf(stderr, "\n");
}

void FakeCluster::deliver_to_head(Mail mail) {
  std::visit(
      [&](auto& event) {
        using E = std::decay_t<decltype(event)>;
        if constexpr (std::is_same_v<E, Submitted>) {
          event.dependencies = mail.first_list;
          event.pins = mail.second_list;
        } else if constexpr (std::is_same_v<E, GangSubmitted> || std::is_same_v<E, ActorSpawned>) {
          event.dependencies = mail.first_list;
          event.pins = mail.second_list;
        } else if constexpr (std::is_same_v<E, Put> || std::is_same_v<E, Fulfilled> ||
                             std::is_same_v<E, GangMemberFinished>) {
          event.inside = mail.first_list;
        } else if constexpr (std::is_same_v<E, Finished>) {
          event.outcomes = mail.outcomes;
          event.inside = mail.inside;
        }
      },
      mail.event);
  if (const auto* told = std::get_if<GangMemberReady>(&mail.event))
    ready_[{told->gang, told->attempt}].insert(rankine::index(told->worker));
  Commands commands;
  scheduler_.handle(mail.event, now_, commands);
  ++events_;
  if (settings_.trace) trace(mail.event, commands);
  for (const Command& command : commands) carry_out(command);
  if (settings_.check_every_step || events_ % 1000 == 0) walk();
  if (settings_.check_every_step) check_agreement();
}

void FakeCluster::check_value(const Value& value) const {
  if (value.payload == kNoPayload) return;
  if (!values_.contains(static_cast<std::uint64_t>(value.payload)))
    throw Broken("a value that was freed is in use");
}

/// When nothing is under way between a worker and the head, both know the same pieces as running; but the
/// worker may still have to begin some, and may have no room for those if a blocked one took its share back
/// first.
void FakeCluster::check_agreement() const {
  for (std::size_t at = 1; at < ranks_.size(); ++at) {
    const FakeRank& worker = ranks_[at];
    if (!worker.alive || worker.lost_told || !worker.inbox.empty() || !worker.outbox.empty()) continue;
    Resources free = free_of(worker);
    const Run* next = nullptr;
    const Run* presumed = nullptr;
    bool as_usual = true;
    for (const Run& run : worker.runs) {
      const Explanation said = scheduler_.explain(offset(run.start.first, run.at));
      const bool runs = said.state == Explanation::State::running;
      as_usual = as_usual && !run.before_its_turn && !run.asked_back;
      if (run.begun && !run.before_its_turn && !run.asked_back && !runs)
        throw Broken("rank " + std::to_string(at) + " runs what the scheduler does not: " + said.sentence);
      if (run.begun) continue;
      if (next == nullptr) next = &run;
      if (!runs) continue;
      presumed = &run;
      take(free, asked(run.start.task_class, run.start.choice));
    }
    const bool overdrawn = free.cpus.fixed() < 0 || free.gpus.fixed() < 0;
    if (as_usual && presumed != nullptr && !overdrawn &&
        !fits(asked(next->start.task_class, next->start.choice), free_of(worker)))
      throw Broken("rank " + std::to_string(at) + " cannot begin what the scheduler takes for running: " +
                   std::to_string(number(presumed->start.first)));
  }
}

void FakeCluster::check_start(const Start& start) {
  if (!payloads_.contains(static_cast<std::uint64_t>(start.payload)))
    throw Broken("start with freed arguments");
  const FakeRank& worker = rank(rankine::index(start.worker));
  if (worker.lost_told) throw Broken("start on a lost worker");
  const ObjectId submission = offset(start.first, 0 - std::uint64_t{start.element});
  const auto found = dependencies_.find(submission);
  if (found == dependencies_.end()) return;
  for (const ObjectId id : found->second) {
    if (scheduler_.object(id).state != ObjectState::sealed)
      throw Broken("start before its dependencies are sealed");
  }
}

void FakeCluster::wake(int at) {
  if (std::exchange(rank(at).busy, true)) return;
  busy_.push_back(at);
}

void FakeCluster::to_rank(int at, ToRank message) {
  rank(at).inbox.push_back(std::move(message));
  wake(at);
}

void FakeCluster::carry_out(const Command& command) {
  if (draining_ && (std::holds_alternative<Start>(command) || std::holds_alternative<StartActor>(command) ||
                    std::holds_alternative<PrepareGang>(command)))
    throw Broken("something is started although the run drains");
  if (const auto* start = std::get_if<Start>(&command)) {
    check_start(*start);
    to_rank(rankine::index(start->worker), *start);
  } else if (const auto* recall = std::get_if<Recall>(&command)) {
    to_rank(rankine::index(recall->worker), *recall);
  } else if (const auto* interrupt = std::get_if<Interrupt>(&command)) {
    if (interrupt->force) {
      kill(rankine::index(interrupt->worker));
    } else {
      to_rank(rankine::index(interrupt->worker), *interrupt);
    }
  } else if (const auto* deliver = std::get_if<Deliver>(&command)) {
    Delivery delivery;
    for (std::uint32_t i = 0; i < deliver->count; ++i) {
      const ObjectId id = offset(deliver->first, i);
      const ObjectView view = scheduler_.object(id);
      if (view.state == ObjectState::sealed) check_value(view.value);
      if (view.state == ObjectState::pending)
        continue;  // made again in the meantime: another Deliver follows
      delivery.ids.push_back(id);
    }
    to_rank(rankine::index(deliver->rank), std::move(delivery));
  } else if (const auto* value = std::get_if<FreeValue>(&command)) {
    if (values_.erase(static_cast<std::uint64_t>(value->value.payload)) != 1)
      throw Broken("a value is freed twice");
  } else if (const auto* payload = std::get_if<FreePayload>(&command)) {
    if (payloads_.erase(static_cast<std::uint64_t>(payload->payload)) != 1)
      throw Broken("arguments are freed twice");
  } else if (const auto* timer = std::get_if<SetTimer>(&command)) {
    timer_set_ = true;
    timer_ = timer->at;
  } else if (const auto* actor = std::get_if<StartActor>(&command)) {
    if (!payloads_.contains(static_cast<std::uint64_t>(actor->payload)))
      throw Broken("an actor starts with freed arguments");
    check_value(actor->checkpoint);
    ++actor_starts_;
    restores_ += actor->checkpoint.payload != kNoPayload ? 1 : 0;
    to_rank(rankine::index(actor->worker), *actor);
  } else if (const auto* stop = std::get_if<StopActor>(&command)) {
    to_rank(rankine::index(stop->worker), *stop);
  } else if (const auto* prepare = std::get_if<PrepareGang>(&command)) {
    check_prepare(*prepare);
    to_rank(rankine::index(prepare->worker), *prepare);
  } else if (const auto* run = std::get_if<RunGang>(&command)) {
    check_run(*run);
    to_rank(rankine::index(run->worker), *run);
  } else if (const auto* leave = std::get_if<BreakGang>(&command)) {
    to_rank(rankine::index(leave->worker), *leave);
  } else {
    throw Broken("a command nobody asked for");
  }
}

// ---- faults ----

/// Dies now; what it had sent may still arrive or not; the head learns of it some time later.
void FakeCluster::kill(int at) {
  FakeRank& dead = rank(at);
  if (!dead.alive || at == 0) return;
  dead.alive = false;
  ++deaths_;
  const auto unsent = static_cast<std::ptrdiff_t>(below(dead.outbox.size() + 1));
  for (auto mail = dead.outbox.begin() + unsent; mail != dead.outbox.end(); ++mail) {
    for (const Outcome& outcome : mail->outcomes)
      values_.erase(static_cast<std::uint64_t>(outcome.value.payload));
    if (const auto* submitted = std::get_if<Submitted>(&mail->event)) {
      payloads_.erase(static_cast<std::uint64_t>(submitted->payload));
    }
    if (const auto* put = std::get_if<Put>(&mail->event)) {
      values_.erase(static_cast<std::uint64_t>(put->value.payload));
    }
    if (const auto* paid = std::get_if<Fulfilled>(&mail->event))
      values_.erase(static_cast<std::uint64_t>(paid->value.payload));
    if (const auto* member = std::get_if<GangMemberFinished>(&mail->event))
      values_.erase(static_cast<std::uint64_t>(member->outcome.value.payload));
    if (const auto* failed = std::get_if<ActorFailed>(&mail->event))
      values_.erase(static_cast<std::uint64_t>(failed->error.payload));
    if (const auto* saved = std::get_if<ActorCheckpointed>(&mail->event))
      values_.erase(static_cast<std::uint64_t>(saved->state.payload));
  }
  dead.outbox.erase(dead.outbox.begin() + unsent, dead.outbox.end());
  for (const Run& run : dead.runs) {
    for (const Outcome& outcome : run.outcomes)
      values_.erase(static_cast<std::uint64_t>(outcome.value.payload));
  }
  dead.runs.clear();
  dead.actors.clear();
  dead.members.clear();
  dead.debts.clear();
  dead.parcels.clear();
  dead.borrowed.clear();
}

void FakeCluster::kill_node(int node) {
  ++node_deaths_;
  for (int at = 1; at < static_cast<int>(ranks_.size()); ++at) {
    if (rank(at).node == node) kill(at);
  }
}

void FakeCluster::tell_losses() {
  for (const int at : std::vector<int>(present_)) {
    FakeRank& dead = rank(at);
    if (dead.alive || dead.lost_told || !dead.outbox.empty() || chance() < 0.5) continue;
    bool node_lost = true;
    for (int other = 1; other < static_cast<int>(ranks_.size()); ++other) {
      if (rank(other).node == dead.node && rank(other).alive) node_lost = false;
    }
    dead.lost_told = true;
    std::erase(present_, at);
    dead.inbox.clear();
    ++deaths_told_;
    Mail mail;
    mail.event = WorkerLost{Rank{at}, node_lost};
    deliver_to_head(std::move(mail));
  }
  if (present_.size() == 1) add_worker();
}

// ---- the driver ----

void FakeCluster::driver_step() {
  FakeRank& driver = rank(0);
  const std::vector<ObjectId> held(driver.held.begin(), driver.held.end());
  if (chance() < 0.2) return chance() < 0.6 ? submit_gang() : spawn_actor();
  const double what = chance();
  if (what < 0.45) {
    submit(0, kDriver, ++driver_ids_, 0);
  } else if (what < 0.55) {  // a range
    const auto count = static_cast<std::uint32_t>(1 + below(16));
    const ObjectId first{driver_ids_ + 1};
    driver_ids_ += count;
    Submitted event;
    event.first = first;
    event.count = count;
    event.range = true;
    event.submitter = kHead;
    event.task_class = classes_[below(3)];
    event.payload = make_payload();
    counts_[first] = count;
    for (std::uint32_t i = 0; i < count; ++i) {
      depth_[offset(first, i)] = 1;
      class_of_[offset(first, i)] = event.task_class;
    }
    hold(0, first, true);
    Mail mail;
    mail.event = event;
    send(0, std::move(mail));
  } else if (what < 0.65) {  // put, sometimes with a ref inside
    const ObjectId id{++driver_ids_};
    Put event;
    event.object = id;
    event.owner = kHead;
    event.value = make_value(id, chance() < 0.5 ? rankine::index(kNoNode) : rank(0).node);
    Mail mail;
    if (!held.empty() && chance() < 0.5) mail.first_list.push_back(pick(held));
    mail.event = event;
    counts_[id] = 1;
    hold(0, id, true);
    send(0, std::move(mail));
  } else if (what < 0.85 && !held.empty()) {
    release(0, pick(held));
  } else if (what < 0.95 && !held.empty()) {  // cancel
    const ObjectId first = pick(held);
    const auto count = static_cast<std::uint32_t>(1 + below(counts_[first]));
    const auto skip = static_cast<std::uint32_t>(below(counts_[first] - count + 1));
    for (std::uint32_t i = 0; i < count; ++i) cancel_asked_.insert(offset(first, skip + i));
    Mail mail;
    mail.event = CancelRequested{offset(first, skip), count, chance() < 0.3};
    send(0, std::move(mail));
  } else if (!held.empty()) {
    const ObjectId first = pick(held);
    Mail mail;
    mail.event = Wanted{first, counts_[first], kHead};
    send(0, std::move(mail));
  }
}

void FakeCluster::step(bool faults) {
  now_ = now_ + static_cast<Nanoseconds>(below(20'000));
  if (busy_.empty()) wake(0);
  const std::size_t chosen = below(busy_.size());
  const int at = busy_[chosen];
  FakeRank& someone = rank(at);
  if (someone.lost_told || (someone.inbox.empty() && someone.outbox.empty() && !has_work(someone))) {
    someone.busy = false;
    busy_[chosen] = busy_.back();
    busy_.pop_back();
  }
  if (chance() < 0.4 && !someone.outbox.empty() && !someone.lost_told) {
    Mail mail = std::move(someone.outbox.front());
    someone.outbox.pop_front();
    ++someone.told;
    deliver_to_head(std::move(mail));
  } else if (someone.alive) {
    if (chance() < 0.5 && !someone.inbox.empty()) {
      receive(at);
    } else if (at > 0) {
      act(at);
    } else {
      act_direct(at);
    }
  }
  if (timer_set_ && now_ >= timer_) {
    timer_set_ = false;
    Mail mail;
    mail.event = Tick{};
    deliver_to_head(std::move(mail));
  }
  if (faults && chance() < settings_.death) kill(static_cast<int>(below(ranks_.size())));
  if (faults && chance() < settings_.node_death) kill_node(rank(static_cast<int>(below(ranks_.size()))).node);
  if (deaths_ > deaths_told_) tell_losses();
}

/// Nothing is under way any more.
bool FakeCluster::settle() {
  for (const FakeRank& someone : ranks_) {
    if (!someone.outbox.empty()) return false;
    if (someone.alive && (!someone.inbox.empty() || has_work(someone))) return false;
    if (!someone.alive && !someone.lost_told) return false;
  }
  return true;
}

/// Who still has something, for the report of a run without end.
std::string FakeCluster::under_way() const {
  std::string text;
  for (std::size_t at = 0; at < ranks_.size(); ++at) {
    const FakeRank& someone = ranks_[at];
    if (someone.lost_told || (someone.inbox.empty() && someone.outbox.empty() && !has_work(someone)))
      continue;
    text += "\n  rank " + std::to_string(at) + ": inbox " + std::to_string(someone.inbox.size()) +
            ", outbox " + std::to_string(someone.outbox.size()) + ", parcels " +
            std::to_string(someone.parcels.size()) + ", borrowed " + std::to_string(someone.borrowed.size());
    for (const FakeMember& member : someone.members) {
      const ObjectId gang = member.prepare.gang;
      text += "\n    member of " + std::to_string(number(gang)) + (member.broken ? " broken" : "") +
              ", head: " + scheduler_.explain(gang).sentence;
    }
    for (const Run& run : someone.runs) {
      const ObjectId id = offset(run.start.first, run.at);
      text += "\n    " + std::to_string(number(id)) + (run.begun ? " begun" : " queued") +
              (run.blocked ? " blocked" : "") + " class " +
              std::to_string(static_cast<int>(run.start.task_class)) +
              ", head: " + scheduler_.explain(id).sentence;
      for (const ObjectId child : run.awaited) {
        if (someone.delivered.contains(child)) continue;
        text += "\n      awaits " + std::to_string(number(child)) + ": " + scheduler_.explain(child).sentence;
      }
    }
  }
  return text;
}

void FakeCluster::run() {
  for (int i = 0; i < settings_.workers; ++i) {
    if (i <= settings_.workers / 2 || chance() < 0.7) add_worker();
  }
  const int drain_at = settings_.drains ? static_cast<int>(below(settings_.driver_steps)) : -1;
  for (int done = 0; done < settings_.driver_steps;) {
    if (chance() < 0.2) {
      if (done == drain_at) drain();
      driver_step();
      ++done;
    }
    step(true);
    if (chance() < 0.002 * std::min(settings_.workers, 20)) add_worker();
  }
  if (settings_.trace)
    std::fprintf(stderr, "the driver is done: %zu deaths\n", static_cast<std::size_t>(deaths_));
  kill_actors();  // else they keep what others wait for
  std::uint64_t steps = 0;
  const std::uint64_t most = 3'000'000;
  while (!settle() || (draining_ && scheduler_.pending() > 0)) {
    if (draining_ && steps % 1000 == 0) cancel_everything();  // what runs may still submit
    step(false);
    if (++steps > most)
      throw Broken("it never comes to rest, deaths " + std::to_string(deaths_) + ", events " +
                   std::to_string(events_) + under_way());
  }
  check_end();
}

/// From now on nothing starts.
void FakeCluster::drain() {
  Mail mail;
  mail.event = DrainRequested{};
  deliver_to_head(std::move(mail));
  draining_ = true;
}

void FakeCluster::cancel_everything() {
  Mail mail;
  mail.event = EverythingCancelled{};
  deliver_to_head(std::move(mail));
}

}  // namespace rankine::simulation
