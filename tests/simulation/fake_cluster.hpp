// SPDX-License-Identifier: Apache-2.0
// A cluster in one thread around a real scheduler: ranks that execute, block, submit, put, die; messages with
// delays, in order for each sender and receiver. Everything follows from the seed. It checks as it goes that
// nothing is lost, ended twice, freed twice or started with arguments that are gone, and at the end that
// nothing leaks.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <rankine/core/philox.hpp>

#include "scheduler/scheduler.hpp"

namespace rankine::simulation {

using namespace rankine::scheduler;

struct Settings {
  std::uint64_t seed = 1;
  int workers = 4;
  int ranks_a_node = 2;
  int driver_steps = 40;         ///< things the driver does
  double death = 0.002;          ///< chance a step that a worker dies
  double node_death = 0.0005;    ///< ... that all ranks of a node die
  bool drains = false;           ///< the run ends early, at some step of the driver
  bool check_every_step = true;  ///< walk the invariants after each event, else now and then
  bool trace = false;
};

inline constexpr int kNowhere = 10;  ///< the class that asks for a rank which never joins

struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class FakeCluster {
 public:
  explicit FakeCluster(const Settings& settings);
  /// Runs the whole life; throws Broken with a sentence.
  void run();
  std::uint64_t events() const { return events_; }
  const Counts& final_counts() const { return final_; }
  std::uint64_t gang_attempts() const { return gang_attempts_; }
  std::uint64_t gangs_run() const { return gangs_run_; }
  std::uint64_t actor_starts() const { return actor_starts_; }
  std::uint64_t restores() const { return restores_; }
  std::uint64_t fulfilled() const { return fulfilled_; }
  std::uint64_t loans() const { return loans_; }

 private:
  /// An event that owns what its spans point to.
  struct Mail {
    Event event;
    std::vector<ObjectId> first_list;
    std::vector<ObjectId> second_list;
    std::vector<Outcome> outcomes;
    std::vector<Inside> inside;
  };
  struct Delivery {
    std::vector<ObjectId> ids;
  };
  using ToRank = std::variant<Start, Recall, Interrupt, Delivery, StartActor, StopActor, PrepareGang, RunGang,
                              BreakGang>;

  struct Run {
    Start start;
    std::uint32_t at = 0;  ///< elements done
    int phase = 0;         ///< of the element at `at`
    bool begun = false;
    bool before_its_turn = false;  ///< taken up by one that waits for it
    bool asked_back = false;       ///< too late
    bool blocked = false;
    bool told_started = false;
    bool interrupted = false;  ///< of the whole run, by a timeout
    std::set<ObjectId> to_stop;
    std::set<ObjectId> awaited;
    std::vector<ObjectId> children;
    std::vector<Outcome> outcomes;
    std::vector<Inside> inside;
    std::vector<ObjectId> to_release;
  };

  struct FakeActor {
    StartActor start;
    bool told = false;    ///< that it is ready
    int checkpoints = 0;  ///< in this life
  };
  struct FakeMember {
    PrepareGang prepare;
    bool told = false;  ///< that it is ready
    bool running = false;
    bool broken = false;
  };

  /// A promise of this rank that it has not fulfilled.
  struct Debt {
    ObjectId object{};
    bool on_node = false;
    bool fails = false;
  };
  /// A ref that came from another rank directly.
  struct Parcel {
    ObjectId object{};
    int from = 0;
    std::uint64_t after = 0;  ///< so much mail of the sender reaches the head before what follows from this
  };

  struct FakeRank {
    bool alive = true;
    bool lost_told = false;
    bool busy = false;  ///< in the list of those that may have something to do
    int node = 0;
    double cpus = 1;
    double gpus = 0;
    std::deque<ToRank> inbox;
    std::deque<Mail> outbox;
    std::deque<Run> runs;
    std::deque<FakeActor> actors;
    std::deque<FakeMember> members;
    std::uint64_t told = 0;  ///< mail that the head has got
    std::deque<Debt> debts;
    std::deque<Parcel> parcels;
    std::vector<ObjectId> borrowed;  ///< handles that came by parcels
    std::multiset<ObjectId> held;    ///< handles; the first and the last are told to the head
    std::unordered_set<ObjectId> delivered;
  };

  struct Program {
    bool throws = false;
    bool hangs = false;  ///< until interrupted
    bool stubborn = false;
    bool waits = false;
    bool returns_child = false;
    bool on_node = false;
    int children = 0;
    bool promises = false;  ///< an object that others wait for, without a task that makes it
  };

  Program program(TaskId id) const;
  double chance() { return random_.uniform(); }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  template <class T>
  const T& pick(const std::vector<T>& from) {
    return from[below(from.size())];
  }

  // ---- the head's shell ----
  void deliver_to_head(Mail mail);
  void carry_out(const Command& command);
  void check_start(const Start& start);
  void check_agreement() const;
  Payload make_payload();
  Value make_value(ObjectId id, int node);
  void check_value(const Value& value) const;

  // ---- ranks ----
  FakeRank& rank(int at) { return ranks_[static_cast<std::size_t>(at)]; }
  void wake(int at);
  void to_rank(int at, ToRank message);
  void send(int from, Mail mail) {
    rank(from).outbox.push_back(std::move(mail));
    wake(from);
  }
  void hold(int at, ObjectId id, bool already_known);
  void release(int at, ObjectId id);
  void receive(int at);
  void take_back(int at, const Recall& recall);
  void stop(int at, const Interrupt& interrupt);
  void act(int at);
  bool begin_next(int at);
  Resources free_of(const FakeRank& rank) const;
  const Resources& asked(ClassId task_class, std::uint8_t choice) const;
  static void take(Resources& free, const Resources& asked);
  static bool fits(const Resources& asked, const Resources& free);
  void advance(int at, std::size_t run);
  void end_element(int at, std::size_t run);
  void finish_run(int at, std::size_t run);
  void begin_element(int at, Run& run);
  bool receive_collective(int at, const ToRank& message);
  bool act_collective(int at);
  void act_actor(int at, FakeActor& actor);
  void act_member(int at, std::size_t member);
  void promise(int at, TaskId parent, std::vector<ObjectId>& children);
  void pay_debt(int at);
  void lend(int at, ObjectId id);
  void open_parcel(int at);
  bool act_direct(int at);
  bool has_work(const FakeRank& rank) const;
  void check_prepare(const PrepareGang& prepare);
  void check_run(const RunGang& run);
  void kill(int at);
  void kill_node(int node);
  void tell_losses();
  int add_worker();
  ObjectId submit(int at, TaskId parent, std::uint64_t n, int depth);

  // ---- the driver ----
  void drive();
  void driver_step();
  void submit_gang();
  void spawn_actor();
  void kill_actors();
  void note_collective(ObjectId id, std::uint32_t count, ClassId task_class, Mail mail);
  bool settle();
  std::string under_way() const;
  void step(bool faults);
  void check_end();
  void check_all_ended();
  void check_object(ObjectId first, ObjectId id);
  void check_failure(ObjectId first, ObjectId id, FailureKind failure);
  void check_nothing_leaks();
  void walk();
  void trace(const Event& event, const Commands& commands) const;

  void drain();
  void cancel_everything();

  Settings settings_;
  bool draining_ = false;
  Philox random_;
  Scheduler scheduler_;
  Time now_;
  bool timer_set_ = false;
  Time timer_;
  std::vector<FakeRank> ranks_;
  std::vector<int> busy_;
  std::vector<int> present_;  ///< ranks whose loss was not told
  std::vector<ClassId> classes_;
  std::vector<TaskClass> class_options_;
  std::uint64_t next_payload_ = 1;
  std::unordered_set<std::uint64_t> payloads_;
  std::unordered_map<std::uint64_t, ObjectId> values_;
  std::uint64_t driver_ids_ = 0;
  std::unordered_map<ObjectId, int> depth_;
  std::unordered_map<ObjectId, std::vector<ObjectId>> dependencies_;
  std::unordered_map<ObjectId, std::uint32_t> counts_;  ///< of submissions, by first id
  std::unordered_set<ObjectId> cancel_asked_;
  std::unordered_map<ObjectId, ClassId> class_of_;
  std::set<ObjectId> actors_;
  std::set<ObjectId> gangs_;
  std::set<ObjectId> promised_;
  std::map<std::pair<ObjectId, std::uint16_t>, std::set<int>> prepared_;  ///< members by gang and attempt
  std::map<std::pair<ObjectId, std::uint16_t>, std::set<int>> ready_;
  std::uint64_t gang_attempts_ = 0;
  std::uint64_t gangs_run_ = 0;
  std::uint64_t actor_starts_ = 0;
  std::uint64_t restores_ = 0;  ///< starts of actors from a checkpoint
  std::uint64_t fulfilled_ = 0;
  std::uint64_t loans_ = 0;
  std::uint64_t deaths_ = 0;
  std::uint64_t deaths_told_ = 0;
  std::uint64_t node_deaths_ = 0;
  std::uint64_t events_ = 0;
  Counts final_;
};

}  // namespace rankine::simulation
