// SPDX-License-Identifier: Apache-2.0
#include "scheduler_load.hpp"

#include <algorithm>
#include <chrono>

#include <rankine/core/hash.hpp>

#include "suite.hpp"

namespace rankine::bench {

namespace {

using namespace scheduler;

constexpr std::size_t kBatch = 64;       ///< events that are timed together
constexpr std::size_t kAhead = 4;        ///< so many events before its turn one is foreseen
constexpr std::size_t kRangeMax = 256;   ///< elements of a map
constexpr std::size_t kHeldMost = 4096;  ///< submissions whose results the driver still holds

Resources resources(double cpus, double gpus) {
  Resources made;
  made.cpus = Amount(cpus);
  made.gpus = Amount(gpus);
  made.memory_gib = Amount(4 * cpus);
  return made;
}

/// 5 of 8 workers have one cpu, two have 4, one has 8 and 2 gpus.
Resources of_worker(int rank, bool mixed) {
  if (!mixed || rank % 8 < 5) return resources(1, 0);
  return rank % 8 < 7 ? resources(4, 0) : resources(8, 2);
}

}  // namespace

Load::Load(const LoadSettings& settings) : settings_(settings), state_(settings.seed) {
  intern_classes();
  add_workers(settings.workers);
  outcomes_.assign(4096, {{Payload{5}, 8, kNoNode}, false});
}

std::uint64_t Load::random(std::uint64_t below) {
  state_ = hash_mix(state_, 1);
  return state_ % below;
}

void Load::intern_classes() {
  struct Kind {
    double cpus;
    double gpus;
    std::int32_t priority;
    Nanoseconds length;
  };
  const std::vector<Kind> kinds = settings_.mixed ? std::vector<Kind>{{1, 0, 0, 5 * kMillisecond},
                                                                      {4, 0, 0, 20 * kMillisecond},
                                                                      {1, 1, 0, 50 * kMillisecond},
                                                                      {1, 0, 5, 200 * kMicrosecond}}
                                                  : std::vector<Kind>{{1, 0, 0, 5 * kMillisecond}};
  for (const Kind& kind : kinds) {
    TaskClass options;
    options.function = FunctionId{static_cast<std::uint32_t>(classes_.size())};
    options.request.cpus = Amount(kind.cpus);
    options.request.gpus = Amount(kind.gpus);
    options.priority = kind.priority;
    classes_.push_back(scheduler_.intern(options));
    demands_.push_back(workers_.demand_of(options.request));
    lengths_.push_back(kind.length);
  }
}

void Load::add_workers(int count) {
  std::vector<Event> joined;
  for (int r = 1; r <= count; ++r) {
    const Resources has = of_worker(r, settings_.mixed);
    workers_.join(Rank{r}, has);
    slots_ += static_cast<std::uint64_t>(has.cpus.value());
    joined.push_back(WorkerJoined{Rank{r}, NodeId{r / 64}, has});
  }
  handle(joined);
}

/// Times what the scheduler does with them, and carries out what it says afterwards.
void Load::handle(const std::vector<Event>& events) {
  commands_.clear();
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (i + kAhead < events.size()) scheduler_.foresee(events[i + kAhead]);
    if (i + 1 < events.size()) scheduler_.foresee_closer(events[i + 1]);
    now_ = now_ + kMicrosecond;
    scheduler_.handle(events[i], now_, commands_);
  }
  seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  events_ += events.size();
  carry_out();
}

void Load::carry_out() {
  std::vector<Recall> recalls;
  for (const Command& command : commands_) {
    if (const auto* start = std::get_if<Start>(&command)) {
      ++decisions_;
      if (!workers_.live(start->worker)) continue;
      workers_.add(*start, demands_[static_cast<std::size_t>(start->task_class)]);
      begin_on(start->worker);
    } else if (const auto* recall = std::get_if<Recall>(&command)) {
      recalls.push_back(*recall);
    }
  }
  for (const Recall& recall : recalls) answer_recall(recall);
}

void Load::begin_on(Rank rank) {
  for (Index next = workers_.begin_next(rank); next != kNone; next = workers_.begin_next(rank))
    running_.push_back({next, workers_[next].generation});
}

/// What runs does not give back: its tail is its own business.
void Load::answer_recall(const Recall& recall) {
  using State = simulate::Work::State;
  if (!workers_.live(recall.worker)) return;
  const Index queued = workers_.find(recall.worker, recall.first, recall.attempt, State::queued);
  if (queued == kNone) return;
  const Recalled answer{workers_[queued].first, workers_[queued].count, recall.worker, recall.attempt,
                        workers_[queued].ticket};
  workers_.end(queued);
  events_to_come_.push_back(answer);
}

void Load::submit_some(std::size_t submissions) {
  std::vector<Event> events;
  dependencies_.clear();
  dependencies_.resize(submissions);
  const std::size_t held = held_.size();
  for (std::size_t i = 0; i < submissions; ++i) {
    Submitted event;
    event.first = ObjectId{next_id_};
    event.submitter = kHead;
    event.payload = Payload{next_id_};
    event.payload_bytes = 64;
    std::size_t kind = 0;
    if (settings_.mixed) {
      const std::uint64_t draw = random(100);
      kind = draw < 70 ? 0 : draw < 85 ? 1 : draw < 90 ? 2 : 3;
      if (random(100) == 0) {
        event.count = 2 + static_cast<std::uint32_t>(random(kRangeMax - 1));
        event.range = true;
      }
      if (random(8) == 0 && held > 0) {
        for (std::uint64_t n = 1 + random(3); n > 0; --n) {
          const Held& on = held_[held - 1 - random(std::min<std::size_t>(held, 512))];
          dependencies_[i].push_back(ObjectId{on.first + random(on.count)});
        }
      }
    }
    event.task_class = classes_[kind];
    event.dependencies = dependencies_[i];
    next_id_ += event.count;
    held_.push_back({number(event.first), event.count});
    events.push_back(event);
  }
  handle(events);
}

void Load::end_some(std::size_t pieces) {
  std::vector<Event> events = std::move(events_to_come_);
  events_to_come_.clear();
  std::vector<Rank> freed;
  while (freed.size() < pieces && !running_.empty()) {
    const std::size_t at = random(running_.size());
    const Running chosen = running_[at];
    running_[at] = running_.back();
    running_.pop_back();
    const simulate::Work& work = workers_[chosen.work];
    if (work.generation != chosen.generation) continue;  // its worker was lost
    Finished event;
    event.first = work.first;
    event.count = work.count;
    event.worker = work.worker;
    event.attempt = work.attempt;
    event.ticket = work.ticket;
    event.busy = (lengths_[work.demand < lengths_.size() ? work.demand : 0] / 2 +
                  static_cast<Nanoseconds>(random(1000))) *
                 work.count;
    event.outcomes = {outcomes_.data(), work.count};
    events.push_back(event);
    freed.push_back(work.worker);
    workers_.end(chosen.work);
  }
  for (const Rank rank : freed) begin_on(rank);
  handle(events);
}

/// A cancel now and then, and at times a worker less.
void Load::disturb() {
  if (!settings_.mixed || held_.empty()) return;
  std::vector<Event> events;
  if (random(200 / kBatch + 1) == 0) {
    const Held& one = held_[random(held_.size())];
    events.push_back(CancelRequested{ObjectId{one.first + random(one.count)}, 1, false});
  }
  if (losses_left_ > 0 && random(512) == 0) {
    const Rank rank{1 + static_cast<std::int32_t>(random(static_cast<std::uint64_t>(settings_.workers)))};
    if (workers_.live(rank)) {
      --losses_left_;
      workers_.lose(rank);
      events.push_back(WorkerLost{rank, false, {}});
    }
  }
  if (!events.empty()) handle(events);
}

void Load::release_old(std::size_t keep) {
  std::vector<Event> events;
  for (; held_.size() > keep && events.size() < 2 * kBatch; held_.pop_front())
    events.push_back(Released{ObjectId{held_.front().first}, kHead});
  if (!events.empty()) handle(events);
}

void Load::run(std::uint64_t tasks) {
  const std::uint64_t end = next_id_ + tasks;
  const std::uint64_t enough = slots_ + slots_ / 10 + 2 * kBatch;
  const std::size_t keep = std::max<std::size_t>(kHeldMost, enough);
  while (next_id_ < end) {
    while (scheduler_.pending() < enough && next_id_ < end) submit_some(kBatch);
    end_some(kBatch);
    disturb();
    release_old(keep);
  }
}

void Load::pile_up(std::uint64_t tasks) {
  const std::uint64_t end = next_id_ + tasks;
  while (next_id_ < end) submit_some(kBatch);
}

void Load::finish_all() {
  while (!running_.empty() || !events_to_come_.empty()) end_some(kBatch);
  while (!held_.empty()) release_old(0);
  while (!running_.empty() || !events_to_come_.empty()) end_some(kBatch);
  const Counts counts = scheduler_.counts();
  require(scheduler_.pending() == 0, "a task has not ended");
  require(counts.submitted == counts.finished + counts.failed + counts.cancelled,
          "ends are not as many as tasks");
  require(counts.live_objects == 0, "an object was not freed");
}

}  // namespace rankine::bench
