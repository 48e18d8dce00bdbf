// SPDX-License-Identifier: Apache-2.0
#include "scenario.hpp"

#include <stdexcept>
#include <utility>

#include "say.hpp"

namespace rankine::scheduler {

namespace {

Resources resources_from(const Words& words) {
  Resources has;
  has.cpus = Amount(words.option("cpus", 1));
  has.gpus = Amount(words.option("gpus", 0));
  return has;
}

Nanoseconds microseconds(const Words& words, const char* name, double otherwise) {
  return static_cast<Nanoseconds>(words.option(name, otherwise)) * kMicrosecond;
}

TaskClass class_from(const Words& words) {
  TaskClass options;
  options.request = resources_from(words);
  options.priority = static_cast<int>(words.option("priority", 0));
  options.max_retries = static_cast<int>(words.option("retries", 3));
  options.retry_exceptions = words.flag("retry_exceptions");
  options.timeout = microseconds(words, "timeout_us", 0);
  options.rank = words.rank("rank", -1);
  options.soft_affinity = words.flag("soft");
  options.name = words.plain.at(1);
  return options;
}

std::uint16_t attempt_of(const Words& words) {
  return static_cast<std::uint16_t>(words.option("attempt", 1));
}

std::uint32_t count_of(const Words& words) {
  return static_cast<std::uint32_t>(words.option("count", 1));
}

Rank worker_of(const Words& words) {
  return words.rank("on", 1);
}

Rank submitter_of(const Words& words) {
  return words.rank("by", 0);
}

NodeId node_of(const Words& words, int otherwise) {
  return NodeId{static_cast<int>(words.option("node", otherwise))};
}

/// Of an actor or a member of a gang.
Value value_of(const Words& words, std::uint64_t otherwise) {
  const auto payload = static_cast<std::uint64_t>(words.option("value", static_cast<double>(otherwise)));
  return {Payload{payload}, 8, kNoNode};
}

}  // namespace

std::vector<std::string> Scenario::step(const std::string& line) {
  const Words words(line);
  std::string answer;
  if (on_question(words, answer)) return {answer};
  commands_.clear();
  if (!on_run(words) && !on_task(words) && !on_piece(words) && !on_object(words) && !on_actor(words) &&
      !on_gang(words)) {
    throw std::runtime_error("unknown event: " + line);
  }
  tickets_.note(commands_);
  std::vector<std::string> said;
  for (const Command& command : commands_) said.push_back(say(command));
  if (std::string broken = scheduler_.broken_invariant(); !broken.empty())
    said.push_back("BROKEN: " + broken);
  return said;
}

bool Scenario::handle(Event event) {
  tickets_.fill(event);
  scheduler_.handle(event, now_, commands_);
  return true;
}

bool Scenario::on_question(const Words& words, std::string& answer) const {
  const std::string& what = words.plain.at(0);
  if (what == "explain") {
    answer = scheduler_.explain(words.id(1)).sentence;
  } else if (what == "object") {
    answer = object(words.id(1));
  } else if (what == "running") {
    answer = std::to_string(scheduler_.running()) + (scheduler_.only_late_left() ? ", only late left" : "");
  } else {
    return false;
  }
  return true;
}

/// Classes, workers, and what comes of time.
bool Scenario::on_run(const Words& words) {
  const std::string& what = words.plain.at(0);
  if (what == "join")
    return handle(WorkerJoined{Rank{std::stoi(words.plain.at(1))}, node_of(words, 0), resources_from(words)});
  if (what == "lost") return handle(WorkerLost{Rank{std::stoi(words.plain.at(1))}, words.flag("node")});
  if (what == "drain") return handle(DrainRequested{});
  if (what == "tick") {
    now_ = Time{microseconds(words, "us", 0)};
    return handle(Tick{});
  }
  if (what == "class") {
    const TaskClass options = class_from(words);
    classes_[options.name] = scheduler_.intern(options);
    return true;
  }
  if (what != "deadline") return false;
  Limits limits;  // before all else: the scheduler starts anew
  limits.deadline = Time{microseconds(words, "us", 0)};
  scheduler_ = Scheduler(limits);
  return true;
}

bool Scenario::on_task(const Words& words) {
  const std::string& what = words.plain.at(0);
  if (what == "cancel") return handle(CancelRequested{words.id(1), count_of(words), words.flag("force")});
  if (what == "cancel-everything") return handle(EverythingCancelled{});
  if (what != "submit") return false;
  const auto dependencies = words.ids("needs");
  const auto pins = words.ids("pins");
  Submitted event;
  event.first = words.id(1);
  event.count = count_of(words);
  event.range = event.count > 1;
  event.submitter = submitter_of(words);
  event.task_class = classes_.at(words.plain.at(2));
  event.payload = Payload{static_cast<std::uint64_t>(words.option("payload", 0)) + number(event.first)};
  event.dependencies = dependencies;
  event.pins = pins;
  return handle(event);
}

/// What workers say of the pieces that they were sent.
bool Scenario::on_piece(const Words& words) {
  const std::string& what = words.plain.at(0);
  const Rank on = worker_of(words);
  const std::uint16_t attempt = attempt_of(words);
  const std::uint32_t count = count_of(words);
  if (what == "started") return handle(Started{words.id(1), on, attempt});
  if (what == "blocked") return handle(Blocked{words.id(1), on, attempt});
  if (what == "unblocked") return handle(Unblocked{words.id(1), on, attempt});
  if (what == "recalled") return handle(Recalled{words.id(1), count, on, attempt});
  if (what != "finish") return false;
  std::vector<Outcome> outcomes(count);
  for (std::uint32_t i = 0; i < count; ++i)
    outcomes[i] = {{Payload{1000 + number(words.id(1)) + i}, 8, node_of(words, -1)}, words.flag("failed")};
  std::vector<Inside> inside;
  for (const ObjectId id : words.ids("inside")) inside.push_back({0, id});
  return handle(
      Finished{words.id(1), count, on, attempt, microseconds(words, "us", 1000) * count, outcomes, inside});
}

bool Scenario::on_object(const Words& words) {
  const std::string& what = words.plain.at(0);
  if (what == "held") return handle(Held{words.id(1), submitter_of(words)});
  if (what == "released") return handle(Released{words.id(1), submitter_of(words)});
  if (what == "wanted") return handle(Wanted{words.id(1), count_of(words), submitter_of(words)});
  if (what == "vanished") return handle(ObjectVanished{words.id(1)});
  if (what != "put") return false;
  const auto inside = words.ids("inside");
  const Value value{Payload{1000 + number(words.id(1))}, 8, node_of(words, -1)};
  return handle(Put{words.id(1), submitter_of(words), value, inside});
}

bool Scenario::on_actor(const Words& words) {
  const std::string& what = words.plain.at(0);
  const Rank on = worker_of(words);
  const std::uint16_t attempt = attempt_of(words);
  if (what == "actor_ready") return handle(ActorReady{words.id(1), on, attempt});
  if (what == "actor_failed") return handle(ActorFailed{words.id(1), on, attempt, value_of(words, 1000)});
  if (what == "checkpoint") return handle(ActorCheckpointed{words.id(1), attempt, value_of(words, 1000)});
  if (what == "kill") return handle(ActorKilled{words.id(1), words.flag("restart")});
  if (what != "spawn") return false;
  const auto dependencies = words.ids("needs");
  ActorSpawned event;
  event.actor = words.id(1);
  event.submitter = submitter_of(words);
  event.task_class = classes_.at(words.plain.at(2));
  event.max_restarts = static_cast<int>(words.option("restarts", 0));
  event.payload = Payload{number(event.actor)};
  event.dependencies = dependencies;
  return handle(event);
}

bool Scenario::on_gang(const Words& words) {
  const std::string& what = words.plain.at(0);
  const Rank on = worker_of(words);
  const std::uint16_t attempt = attempt_of(words);
  if (what == "member_ready") return handle(GangMemberReady{words.id(1), on, attempt});
  if (what == "member_finished") {
    const auto otherwise = 1000 * number(words.id(1)) + static_cast<std::uint64_t>(index(on));
    const Value value = value_of(words, otherwise);
    return handle(GangMemberFinished{words.id(1), on, attempt, {value, words.flag("failed")}});
  }
  if (what != "gang") return false;
  const auto dependencies = words.ids("needs");
  GangSubmitted event;
  event.gang = words.id(1);
  event.ranks = static_cast<std::uint32_t>(words.option("ranks", 1));
  event.submitter = submitter_of(words);
  event.task_class = classes_.at(words.plain.at(2));
  event.payload = Payload{number(event.gang)};
  event.dependencies = dependencies;
  return handle(event);
}

std::string Scenario::object(ObjectId id) const {
  static constexpr const char* kStates[] = {"unknown", "pending", "sealed", "failed"};
  static constexpr const char* kKinds[] = {
      "", "threw", "cancelled", "worker died", "poison", "unsatisfiable", "timed out", "lost", "dependency"};
  const ObjectView view = scheduler_.object(id);
  std::string text = kStates[static_cast<std::size_t>(view.state)];
  if (view.state == ObjectState::failed)
    text += std::string(": ") + kKinds[static_cast<std::size_t>(view.failure)];
  if (view.failure == FailureKind::dependency) text += " of " + std::to_string(number(view.cause));
  if (!view.text.empty()) text += ", " + std::string(view.text);
  return text;
}

}  // namespace rankine::scheduler
