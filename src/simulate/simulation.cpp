// SPDX-License-Identifier: Apache-2.0
#include "simulate/simulation.hpp"

#include <algorithm>
#include <queue>
#include <unordered_set>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>

#include "scheduler/scheduler.hpp"
#include "simulate/workers.hpp"

namespace rankine::simulate {

namespace {

constexpr std::uint64_t kInlineBytes = 8192;            ///< larger values stay on their node
constexpr Nanoseconds kLongWork = 1500 * kMicrosecond;  ///< then the worker tells that a piece runs
constexpr Nanoseconds kTick = kMillisecond;             ///< mail is looked at while the driver computes
constexpr std::uint64_t kProgressEvery = 1u << 16;

/// What happens when.
struct Happening {
  enum class Kind : std::uint8_t {
    driver,     ///< goes on with its script
    to_worker,  ///< a piece arrives
    recall,     ///< asks for piece `work`
    run,        ///< a stretch of the piece is over
    long_work,  ///< the piece has run for long
    woken,      ///< what the task waited for has come
    resume,     ///< a pause of the task is over
    finished,   ///< at the head, and so the following
    started,
    blocked,
    unblocked,
    recalled,
    submitted,
  };
  Time at;
  std::uint64_t order = 0;
  Kind kind = Kind::driver;
  Index work = kNone;
  std::uint32_t generation = 0;
  std::uint32_t letter = 0;  ///< to the head, or a submission with its copy
  friend bool operator>(const Happening& a, const Happening& b) {
    return a.at != b.at ? a.at > b.at : a.order > b.order;
  }
};

/// To the head about a piece that may be gone when it arrives, or a recall of one.
struct Letter {
  Rank worker{};
  TaskId first{};
  std::uint32_t count = 1;
  std::uint16_t attempt = 1;
  Nanoseconds busy = 0;
  std::uint64_t payload = 0;
  scheduler::Ticket ticket{};
};

/// A piece on its way to its worker.
struct Departed {
  scheduler::Start start;
  Nanoseconds fetch = 0;
};

/// Somebody who goes through a script: the driver, or a task.
struct Waiter {
  std::uint64_t ended = 0;    ///< elements of its own submissions
  std::uint64_t wanted = 0;   ///< wait_count: until so many have
  std::uint64_t missing = 0;  ///< wait_for: elements still to come
  std::uint32_t target = 0;   ///< wait_for: of this submission, in all copies
  std::uint32_t element = 0;
  std::uint64_t count = 0;
  bool waits = false;
  Index work = kNone;  ///< of a task
};

class Simulation {
 public:
  Simulation(const Program& program, const Cluster& cluster, const Costs& costs, const Wishes& wishes)
      : program_(program),
        cluster_(cluster),
        costs_(costs),
        wishes_(wishes),
        scale_(std::max(1u, wishes.scale)),
        scheduler_(limits()) {
    if (cluster.ranks < 2) throw InputError("rankine: simulate needs 2 ranks or more: rank 0 runs no tasks");
    name_everything();
    join_workers();
    intern_classes();
    collect_kinds();
    waiters_.resize(1 + (program.scripts.size() - 1) * scale_);
  }

  Outcome run() {
    plan({.at = think_of_driver({}), .kind = Happening::Kind::driver});
    while (!happenings_.empty()) {
      const Happening next = happenings_.top();
      happenings_.pop();
      now_ = next.at;
      act(next);
      if ((++steps_ & (kProgressEvery - 1)) == 0 && wishes_.progress) wishes_.progress(ended_, tasks_);
    }
    return outcome();
  }

 private:
  // ---- names and numbers ----

  scheduler::Limits limits() const {
    scheduler::Limits limits;
    limits.piece_max = program_.piece_max;
    limits.expected_workers = cluster_.ranks - 1;
    return limits;
  }

  /// The copies of a submission follow each other: instance = submission * scale + copy.
  void name_everything() {
    std::uint64_t next = 1;
    for (const Planned& planned : program_.submissions) {
      first_ids_.push_back(next);
      next += std::uint64_t{planned.count} * scale_;
    }
    tasks_ = next - 1;
    if (next >= std::uint64_t{1} << 31)
      throw InputError("rankine: simulate: so many tasks cannot be numbered. Remedy: a smaller --scale");
    owner_.resize(next);
    for (std::uint32_t i = 0; i < program_.submissions.size(); ++i) {
      const std::uint64_t end = i + 1 < first_ids_.size() ? first_ids_[i + 1] : next;
      std::fill(owner_.begin() + static_cast<std::ptrdiff_t>(first_ids_[i]),
                owner_.begin() + static_cast<std::ptrdiff_t>(end), i);
    }
    ended_of_.resize(program_.submissions.size() * scale_);
  }

  TaskId id_of(std::uint32_t target, std::uint32_t copy, std::uint32_t element) const {
    return TaskId{first_ids_[target] + std::uint64_t{copy} * program_.submissions[target].count + element};
  }
  struct Named {
    std::uint32_t target;
    std::uint32_t copy;
    std::uint32_t element;
  };
  Named named(TaskId id) const {
    const std::uint32_t target = owner_[number(id)];
    const std::uint64_t at = number(id) - first_ids_[target];
    const std::uint32_t count = program_.submissions[target].count;
    return {target, static_cast<std::uint32_t>(at / count), static_cast<std::uint32_t>(at % count)};
  }

  /// The driver's maps get longer instead of more, which is what lets the scheduler cut them into pieces.
  static bool is_one_for_all(const Planned& planned) { return planned.range && planned.parent == 0; }

  NodeId node_of(std::uint32_t rank) const {
    return NodeId{static_cast<std::int32_t>(std::uint64_t{rank} * cluster_.nodes / cluster_.ranks)};
  }
  bool near(Rank rank) const { return node_of(static_cast<std::uint32_t>(index(rank))) == node_of(0); }

  void join_workers() {
    for (std::uint32_t r = 1; r < cluster_.ranks; ++r) {
      const Rank rank{static_cast<std::int32_t>(r)};
      workers_.join(rank, cluster_.worker);
      hand_in(scheduler::WorkerJoined{rank, node_of(r), cluster_.worker}, Time{});
    }
    head_free_ = Time{};
    head_busy_ = 0;
    messages_ = 0;
  }

  void intern_classes() {
    for (scheduler::TaskClass options : program_.classes) {
      options.timeout = 0;
      if (options.rank != kNoRank) {
        const std::int32_t among = static_cast<std::int32_t>(cluster_.ranks - 1);
        options.rank = Rank{1 + std::max(0, index(options.rank) - 1) % among};
      }
      if (options.node != kNoNode)
        options.node = NodeId{index(options.node) % static_cast<std::int32_t>(cluster_.nodes)};
      classes_.push_back(scheduler_.intern(options));
      std::vector<std::uint32_t>& demands = demands_.emplace_back();
      demands.push_back(workers_.demand_of(options.request));
      for (const scheduler::Resources& other : options.alternatives)
        demands.push_back(workers_.demand_of(other));
    }
  }

  /// Tasks of each class, from which copies draw how long they take.
  void collect_kinds() {
    if (scale_ == 1) return;
    kinds_.resize(program_.classes.size());
    for (const Planned& planned : program_.submissions) {
      for (std::uint32_t i = 0; i < planned.count; ++i)
        kinds_[planned.task_class].push_back(program_.durations[planned.durations + i]);
    }
  }

  Nanoseconds duration_of(const Named& task) const {
    const Planned& planned = program_.submissions[task.target];
    if (task.copy == 0) return program_.durations[planned.durations + task.element];
    const std::vector<Nanoseconds>& kind = kinds_[planned.task_class];
    return kind[hash_mix(wishes_.seed + task.copy, planned.durations + task.element) % kind.size()];
  }

  // ---- time ----

  void plan(Happening what) {
    what.order = order_++;
    happenings_.push(what);
  }

  /// When rank 0 gets to something that arrives at `at`.
  Time head_turn(Time at) {
    Time turn = std::max(at, head_free_);
    if (turn < driver_until_) {  // it computes: mail is looked at now and then
      const Time tick{(turn.ns / kTick + 1) * kTick};
      turn = std::min(tick, driver_until_);
    }
    return turn;
  }

  void head_works(Time from, Nanoseconds length) {
    head_free_ = from + length;
    head_busy_ += length;
  }

  /// When a message that rank 0 sends at `at` is there.
  Time arrival(Time at, Rank to, std::uint64_t bytes) {
    wire_free_ = std::max(at, wire_free_) + static_cast<Nanoseconds>(1e9 / costs_.message_rate);
    ++messages_;
    return wire_free_ + way(near(to), bytes);
  }
  Nanoseconds way(bool within, std::uint64_t bytes) const {
    if (within) return costs_.near;
    return costs_.latency + static_cast<Nanoseconds>(static_cast<double>(bytes) / costs_.bandwidth * 1e9);
  }
  void post(Happening::Kind kind, const Letter& letter) {
    plan({.at = now_ + way(near(letter.worker), 64), .kind = kind, .letter = keep(letter)});
  }

  std::uint32_t keep(const Letter& letter) {
    if (spare_letters_.empty()) {
      letters_.push_back(letter);
      return static_cast<std::uint32_t>(letters_.size() - 1);
    }
    const std::uint32_t at = spare_letters_.back();
    spare_letters_.pop_back();
    letters_[at] = letter;
    return at;
  }
  Letter take(std::uint32_t at) {
    spare_letters_.push_back(at);
    return letters_[at];
  }

  // ---- the head ----

  /// Gives the scheduler an event and carries out its commands; returns how long that takes rank 0.
  Nanoseconds hand_in(const scheduler::Event& event, Time at) {
    commands_.clear();
    scheduler_.handle(event, at, commands_);
    ++events_;
    Nanoseconds spent = costs_.event;
    for (const scheduler::Command& command : commands_) {
      if (const auto* start = std::get_if<scheduler::Start>(&command)) {
        spent += costs_.message + costs_.element * (start->count - 1);
        send(*start, at + spent);
      } else if (const auto* recall = std::get_if<scheduler::Recall>(&command)) {
        spent += costs_.message;
        plan({.at = arrival(at + spent, recall->worker, 64),
              .kind = Happening::Kind::recall,
              .letter = keep({recall->worker, recall->first, recall->count, recall->attempt, 0, 0})});
      } else if (const auto* deliver = std::get_if<scheduler::Deliver>(&command)) {
        spent += deliver->rank == kHead ? costs_.element * deliver->count
                                        : costs_.message + costs_.element * (deliver->count - 1);
        on_delivered(*deliver, at + spent);
      }
    }
    return spent;
  }

  void send(const scheduler::Start& start, Time at) {
    const Named task = named(start.first);
    const Planned& planned = program_.submissions[task.target];
    ++pieces_;
    const std::uint64_t bytes = planned.argument_bytes / planned.count * start.count;
    const Departed departed{start, fetch_time(planned, task.copy, start.worker)};
    std::uint32_t place = static_cast<std::uint32_t>(departed_.size());
    if (spare_departed_.empty()) {
      departed_.push_back(departed);
    } else {
      place = spare_departed_.back();
      spare_departed_.pop_back();
      departed_[place] = departed;
    }
    plan({.at = arrival(at, start.worker, bytes > kInlineBytes ? 64 : bytes),
          .kind = Happening::Kind::to_worker,
          .letter = place});
  }

  void on_start(std::uint32_t place) {
    const Departed& departed = departed_[place];
    const std::vector<std::uint32_t>& demands =
        demands_[program_.submissions[named(departed.start.first).target].task_class];
    const Index work = workers_.add(departed.start, demands[departed.start.choice]);
    workers_[work].fetch = departed.fetch;
    const Rank rank = departed.start.worker;
    spare_departed_.push_back(place);
    begin_what_fits(rank);
  }

  /// Large arguments come from the node where they were made, once a node.
  Nanoseconds fetch_time(const Planned& planned, std::uint32_t copy, Rank worker) {
    Nanoseconds longest = 0;
    const NodeId here = node_of(static_cast<std::uint32_t>(index(worker)));
    for (const Dependency& dependency : planned.dependencies) {
      const TaskId id = id_of(dependency.target, copy, dependency.element);
      const scheduler::ObjectView view = scheduler_.object(id);
      if (view.value.node == kNoNode || view.value.node == here) continue;
      if (!fetched_.insert(hash_mix(number(id), static_cast<std::uint64_t>(index(here)))).second) continue;
      longest = std::max(longest, 2 * costs_.latency + way(false, view.value.bytes));
    }
    return longest;
  }

  void submit(std::uint32_t target, std::uint32_t copy, Rank submitter, Time at, Nanoseconds& spent) {
    const Planned& planned = program_.submissions[target];
    dependencies_.clear();
    for (const Dependency& d : planned.dependencies)
      dependencies_.push_back(id_of(d.target, copy, d.element));
    scheduler::Submitted event;
    event.first = id_of(target, copy, 0);
    event.count = planned.count * (is_one_for_all(planned) ? scale_ : 1);
    event.range = planned.range;
    event.submitter = submitter;
    event.task_class = classes_[planned.task_class];
    event.payload = scheduler::Payload{number(event.first)};
    event.payload_bytes = planned.argument_bytes;
    event.dependencies = dependencies_;
    spent += hand_in(event, at + spent);
  }

  /// A message from a worker.
  void on_letter(Happening::Kind kind, const Letter& letter) {
    const Time begin = head_turn(now_);
    ++messages_;
    Nanoseconds spent = costs_.message;
    const Time at = begin + spent;
    switch (kind) {
      case Happening::Kind::finished: {
        const Planned& planned = program_.submissions[named(letter.first).target];
        const bool large = planned.result_bytes > kInlineBytes;
        const NodeId node = large ? node_of(static_cast<std::uint32_t>(index(letter.worker))) : kNoNode;
        outcomes_.assign(letter.count, {{scheduler::Payload{1}, planned.result_bytes, node}, false});
        scheduler::Finished event;
        event.first = letter.first;
        event.count = letter.count;
        event.worker = letter.worker;
        event.attempt = letter.attempt;
        event.busy = letter.busy;
        event.ticket = letter.ticket;
        event.outcomes = outcomes_;
        spent += costs_.element * (letter.count - 1) + hand_in(event, at);
        break;
      }
      case Happening::Kind::started:
        spent += hand_in(scheduler::Started{letter.first, letter.worker, letter.attempt, letter.ticket}, at);
        break;
      case Happening::Kind::blocked:
        spent += hand_in(scheduler::Blocked{letter.first, letter.worker, letter.attempt, letter.ticket}, at);
        break;
      case Happening::Kind::unblocked:
        spent +=
            hand_in(scheduler::Unblocked{letter.first, letter.worker, letter.attempt, letter.ticket}, at);
        break;
      case Happening::Kind::recalled:
        spent += hand_in(
            scheduler::Recalled{letter.first, letter.count, letter.worker, letter.attempt, letter.ticket},
            at);
        break;
      default: {  // submitted: the target and its copy
        const Named what = named(letter.first);
        submit(what.target, what.copy, letter.worker, begin, spent);
        break;
      }
    }
    head_works(begin, spent);
  }

  /// Elements have ended, and their submitter is told. They may be of several copies of a map.
  void on_delivered(const scheduler::Deliver& all, Time at) {
    for (std::uint32_t done = 0; done < all.count;) {
      const TaskId first = offset(all.first, done);
      const Named what = named(first);
      const std::uint32_t left = program_.submissions[what.target].count - what.element;
      const std::uint32_t count = std::min(all.count - done, left);
      on_delivered(what, {all.rank, first, count}, at);
      done += count;
    }
  }

  void on_delivered(const Named& what, const scheduler::Deliver& deliver, Time at) {
    const std::uint32_t script = program_.submissions[what.target].parent;
    ended_ += deliver.count;
    ended_of_[std::uint64_t{what.target} * scale_ + what.copy] += deliver.count;
    last_end_ = std::max(last_end_, at);
    Waiter& waiter = waiter_of(script, what.copy);
    waiter.ended += deliver.count;
    if (!waiter.waits) return;
    if (waiter.missing > 0 && waiter.target == what.target) {
      const std::uint64_t begin = std::max<std::uint64_t>(what.element, waiter.element);
      const std::uint64_t end =
          std::min<std::uint64_t>(std::uint64_t{what.element} + deliver.count, waiter.element + waiter.count);
      if (begin < end) waiter.missing -= std::min(waiter.missing, end - begin);
    }
    if (waiter.missing > 0 || waiter.ended < waiter.wanted) return;
    waiter.waits = false;
    if (script == 0) {
      driver_wakes_ = true;
      plan({.at = at, .kind = Happening::Kind::driver});
      return;
    }
    const Work& work = workers_[waiter.work];
    plan({.at = arrival(at, work.worker, 64),
          .kind = Happening::Kind::woken,
          .work = waiter.work,
          .generation = work.generation});
  }

  Waiter& waiter_of(std::uint32_t script, std::uint32_t copy) {
    const std::size_t at = script == 0 ? 0 : 1 + std::size_t{script - 1} * scale_ + copy;
    return waiters_[at];
  }

  /// Notes what a script waits for; false: it has come already.
  bool begin_wait(Waiter& waiter, const Step& step, std::uint32_t first_copy, std::uint32_t copies) {
    waiter.missing = 0;
    waiter.wanted = 0;
    if (step.kind == Step::Kind::wait_count) {
      waiter.wanted = step.count * copies;
    } else {
      waiter.target = step.target;
      waiter.element = step.element;
      waiter.count = step.count;
      waiter.missing = missing_of(step, first_copy, copies);
    }
    waiter.waits = waiter.missing > 0 || waiter.ended < waiter.wanted;
    return waiter.waits;
  }

  std::uint64_t missing_of(const Step& step, std::uint32_t first_copy, std::uint32_t copies) const {
    const std::uint32_t count = program_.submissions[step.target].count;
    std::uint64_t missing = 0;
    for (std::uint32_t copy = first_copy; copy < first_copy + copies; ++copy) {
      if (step.count == count) {
        missing += count - ended_of_[std::uint64_t{step.target} * scale_ + copy];
        continue;
      }
      for (std::uint64_t i = 0; i < step.count; ++i) {
        const TaskId id = id_of(step.target, copy, step.element + static_cast<std::uint32_t>(i));
        missing += scheduler_.object(id).state == scheduler::ObjectState::pending ? 1 : 0;
      }
    }
    return missing;
  }

  // ---- the driver ----

  /// When it has thought before its next step.
  Time think_of_driver(Time from) {
    const Step& step = program_.scripts[0][driver_step_];
    const Nanoseconds own = step.kind == Step::Kind::submit ? costs_.submit + costs_.event : 0;
    const Nanoseconds think = std::max<Nanoseconds>(0, step.think - own);
    driver_until_ = from + think;
    return driver_until_;
  }

  void go_on_with_driver() {
    const Step& step = program_.scripts[0][driver_step_];
    Time at = std::max(now_, head_free_);
    if (!std::exchange(driver_wakes_, false)) {
      switch (step.kind) {
        case Step::Kind::submit: {
          Nanoseconds spent = 0;
          const bool once = is_one_for_all(program_.submissions[step.target]);
          for (std::uint32_t copy = 0; copy < (once ? 1 : scale_); ++copy) {
            spent += costs_.submit;
            submit(step.target, copy, kHead, at, spent);
          }
          head_works(at, spent);
          at = head_free_;
          break;
        }
        case Step::Kind::wait_for:
        case Step::Kind::wait_count:
          if (begin_wait(waiter_of(0, 0), step, 0, scale_)) return;
          break;
        case Step::Kind::pause:
          at = at + step.length;
          break;
        case Step::Kind::leave:
          driver_left_ = at;
          return;
      }
    }
    ++driver_step_;
    plan({.at = think_of_driver(at), .kind = Happening::Kind::driver});
  }

  // ---- the workers ----

  void begin_what_fits(Rank rank) {
    for (Index next = workers_.begin_next(rank); next != kNone; next = workers_.begin_next(rank)) {
      Work& work = workers_[next];
      work.at = 0;
      work.step = 0;
      work.busy = 0;
      run_stretch(next, work.fetch + costs_.worker);
    }
  }

  /// From here on until the next step of a script, or the end of the piece. `before`: until it begins.
  void run_stretch(Index index, Nanoseconds before) {
    Work& work = workers_[index];
    work.began = now_ + before;
    Nanoseconds length = 0;
    std::uint32_t at = work.at;
    for (; at < work.count; ++at) {
      const Named task = named(offset(work.first, at));
      const std::uint32_t script = program_.script_of(task.target, task.element);
      if (script != 0) {
        if (at == work.at) length = program_.scripts[script][work.step].think;
        break;
      }
      length += duration_of(task);
    }
    work.until = at;
    ++work.generation;
    plan({.at = work.began + length,
          .kind = Happening::Kind::run,
          .work = index,
          .generation = work.generation});
    if (!work.told && before + length > kLongWork)
      plan({.at = now_ + kLongWork,
            .kind = Happening::Kind::long_work,
            .work = index,
            .generation = work.generation});
  }

  Letter letter_about(const Work& work) const {
    return {work.worker, work.first, work.count, work.attempt, work.busy, work.payload, work.ticket};
  }

  /// The stretch is over: a step of a script, or the end.
  void end_stretch(Index index) {
    Work& work = workers_[index];
    work.busy += now_ - work.began;
    if (work.until > work.at) {
      work.at = work.until;
      work.step = 0;
      if (work.at < work.count) return run_stretch(index, 0);
    }
    if (work.at >= work.count) return finish(index);
    const Named first = named(offset(work.first, work.at));
    const std::uint32_t script = program_.script_of(first.target, first.element);
    const Step step = program_.scripts[script][work.step];
    Waiter& waiter = waiter_of(script, first.copy);
    waiter.work = index;
    switch (step.kind) {
      case Step::Kind::submit: {
        Letter letter = letter_about(work);
        letter.first = id_of(step.target, first.copy, 0);
        post(Happening::Kind::submitted, letter);
        break;
      }
      case Step::Kind::wait_for:
      case Step::Kind::wait_count:
        if (!begin_wait(waiter, step, first.copy, 1)) break;
        return leave_cpu(index);
      case Step::Kind::pause:
        leave_cpu(index);
        plan({.at = now_ + step.length,
              .kind = Happening::Kind::resume,
              .work = index,
              .generation = workers_[index].generation});
        return;
      case Step::Kind::leave:
        ++work.at;
        work.step = 0;
        if (work.at >= work.count) return finish(index);
        return run_stretch(index, 0);
    }
    ++work.step;
    run_stretch(index, 0);
  }

  void leave_cpu(Index index) {
    Work& work = workers_[index];
    ++work.generation;
    work.told = true;
    post(Happening::Kind::blocked, letter_about(work));
    workers_.block(index);
    begin_what_fits(work.worker);
  }

  void come_back(Index index) {
    workers_.unblock(index);
    Work& work = workers_[index];
    post(Happening::Kind::unblocked, letter_about(work));
    ++work.step;
    run_stretch(index, 0);
  }

  void finish(Index index) {
    const Letter letter = letter_about(workers_[index]);
    task_seconds_ += static_cast<double>(letter.busy) * 1e-9 * cpus_of(letter.first);
    workers_.end(index);
    post(Happening::Kind::finished, letter);
    begin_what_fits(letter.worker);
  }

  double cpus_of(TaskId task) const {
    const scheduler::TaskClass& options =
        program_.classes[program_.submissions[named(task).target].task_class];
    return std::max(options.request.cpus.value(), 1e-3);
  }

  /// What was not begun goes back: a whole piece, or the tail of one that runs.
  void on_recall(const Letter& letter) {
    const Index queued = workers_.find(letter.worker, letter.first, letter.attempt, Work::State::queued);
    Letter answer = letter;
    if (queued != kNone) {
      answer.count = workers_[queued].count;
      answer.first = workers_[queued].first;
      answer.ticket = workers_[queued].ticket;
      workers_.end(queued);
      return post(Happening::Kind::recalled, answer);
    }
    // The message names the tail of the piece; the worker gives back what it has not begun.
    const Index index = workers_.find(letter.worker, letter.first, letter.attempt, Work::State::running);
    if (index == kNone) return;
    Work& work = workers_[index];
    const std::uint32_t next = first_not_begun(work);
    if (next >= work.count) return;
    answer.first = offset(work.first, next);
    answer.count = work.count - next;
    answer.ticket = work.ticket;
    work.count = next;
    post(Happening::Kind::recalled, answer);
    if (work.until <= next) return;
    replan(index);
  }

  /// The element that runs now has begun.
  std::uint32_t first_not_begun(const Work& work) const {
    if (work.until == work.at) return work.at + 1;
    Time at = work.began;
    std::uint32_t element = work.at;
    while (element < work.until && at <= now_) {
      at = at + duration_of(named(offset(work.first, element)));
      ++element;
    }
    return element;
  }

  /// The stretch ends earlier, because the piece does.
  void replan(Index index) {
    Work& work = workers_[index];
    Nanoseconds length = 0;
    for (std::uint32_t at = work.at; at < work.count; ++at)
      length += duration_of(named(offset(work.first, at)));
    work.until = work.count;
    ++work.generation;
    plan({.at = std::max(now_, work.began + length),
          .kind = Happening::Kind::run,
          .work = index,
          .generation = work.generation});
  }

  // ---- what happens ----

  void act(const Happening& what) {
    using Kind = Happening::Kind;
    switch (what.kind) {
      case Kind::driver:
        return go_on_with_driver();
      case Kind::to_worker:
        return on_start(what.letter);
      case Kind::recall:
        return on_recall(take(what.letter));
      case Kind::finished:
      case Kind::started:
      case Kind::blocked:
      case Kind::unblocked:
      case Kind::recalled:
      case Kind::submitted:
        return on_letter(what.kind, take(what.letter));
      default:
        break;
    }
    if (workers_[what.work].generation != what.generation) return;
    if (what.kind == Kind::run) {
      end_stretch(what.work);
    } else if (what.kind == Kind::long_work) {
      workers_[what.work].told = true;
      post(Kind::started, letter_about(workers_[what.work]));
    } else {
      come_back(what.work);
    }
  }

  Outcome outcome() const {
    Outcome outcome;
    outcome.makespan = static_cast<double>(std::max(driver_left_, last_end_).ns) * 1e-9;
    outcome.task_seconds = task_seconds_;
    const double cpus = std::max(cluster_.worker.cpus.value(), 1e-3) * (cluster_.ranks - 1);
    outcome.efficiency = outcome.makespan > 0 ? task_seconds_ / (outcome.makespan * cpus) : 0;
    outcome.head_use = outcome.makespan > 0 ? static_cast<double>(head_busy_) * 1e-9 / outcome.makespan : 0;
    outcome.tasks = tasks_;
    const scheduler::Counts counts = scheduler_.counts();
    outcome.ended = counts.finished;
    outcome.failed = counts.failed;
    outcome.head_per_task = static_cast<double>(head_busy_) * 1e-9 / static_cast<double>(tasks_);
    if (head_busy_ > 0) {
      const double per_cpu = task_seconds_ / (static_cast<double>(head_busy_) * 1e-9);
      outcome.limit_ranks = 1 + per_cpu / std::max(cluster_.worker.cpus.value(), 1e-3);
    }
    outcome.events = events_;
    outcome.messages = messages_;
    outcome.pieces = pieces_;
    outcome.scheduler_bytes = counts.memory_bytes;
    return outcome;
  }

  const Program& program_;
  const Cluster& cluster_;
  const Costs& costs_;
  const Wishes& wishes_;
  std::uint32_t scale_;
  scheduler::Scheduler scheduler_;
  scheduler::Commands commands_;
  Workers workers_;
  std::vector<ClassId> classes_;
  std::vector<std::vector<std::uint32_t>> demands_;  ///< by class and choice
  std::vector<std::vector<Nanoseconds>> kinds_;      ///< by class
  std::vector<std::uint64_t> first_ids_;             ///< by submission
  std::vector<std::uint32_t> owner_;                 ///< submission, by id
  std::vector<std::uint64_t> ended_of_;              ///< by instance
  std::vector<Waiter> waiters_;                      ///< the driver, then scripts by copy
  std::priority_queue<Happening, std::vector<Happening>, std::greater<>> happenings_;
  std::vector<Letter> letters_;
  std::vector<std::uint32_t> spare_letters_;
  std::vector<Departed> departed_;
  std::vector<std::uint32_t> spare_departed_;
  std::vector<ObjectId> dependencies_;
  std::vector<scheduler::Outcome> outcomes_;
  std::unordered_set<std::uint64_t> fetched_;
  Time now_;
  Time head_free_;
  Time wire_free_;
  Time driver_until_;
  Time driver_left_;
  Time last_end_;
  Nanoseconds head_busy_ = 0;
  std::size_t driver_step_ = 0;
  bool driver_wakes_ = false;
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t tasks_ = 0;
  std::uint64_t ended_ = 0;
  std::uint64_t events_ = 0;
  std::uint64_t messages_ = 0;
  std::uint64_t pieces_ = 0;
  double task_seconds_ = 0;
};

}  // namespace

Outcome simulate(const Program& program, const Cluster& cluster, const Costs& costs, const Wishes& wishes) {
  return Simulation(program, cluster, costs, wishes).run();
}

}  // namespace rankine::simulate
