// SPDX-License-Identifier: Apache-2.0
// Runs scenario files: a line at the margin is an event, the indented lines after it are the commands that
// the scheduler must answer with. RANKINE_REWRITE=1 writes what it answers into the files, to be reviewed as
// a diff.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "scheduler/scheduler.hpp"
#include "tickets.hpp"

using namespace rankine;
using namespace rankine::scheduler;

namespace {

/// The words of a line: an event name, positional words, and key=value options.
struct Words {
  std::vector<std::string> plain;
  std::map<std::string, std::string> options;

  explicit Words(const std::string& line) {
    std::istringstream in(line);
    for (std::string word; in >> word;) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) {
        plain.push_back(word);
      } else {
        options[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
  }
  double option(const std::string& name, double otherwise) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : std::stod(found->second);
  }
  bool flag(const std::string& name) const { return option(name, 0) != 0; }
  std::vector<ObjectId> ids(const std::string& name) const {
    std::vector<ObjectId> list;
    const auto found = options.find(name);
    if (found == options.end()) return list;
    std::istringstream in(found->second);
    for (std::string part; std::getline(in, part, ',');) list.push_back(ObjectId{std::stoull(part)});
    return list;
  }
  ObjectId id(std::size_t at) const { return ObjectId{std::stoull(plain.at(at))}; }
  Rank rank(const char* name, int otherwise) const { return Rank{static_cast<int>(option(name, otherwise))}; }
};

std::string say(const Command& command) {
  std::ostringstream out;
  const auto piece = [&](const char* what, const auto& c) {
    out << what << ' ' << number(c.first) << '+' << c.count << " on " << index(c.worker) << " attempt "
        << c.attempt;
  };
  if (const auto* start = std::get_if<Start>(&command)) {
    piece("start", *start);
  } else if (const auto* recall = std::get_if<Recall>(&command)) {
    piece("recall", *recall);
  } else if (const auto* interrupt = std::get_if<Interrupt>(&command)) {
    piece("interrupt", *interrupt);
    if (interrupt->force) out << " by force";
  } else if (const auto* deliver = std::get_if<Deliver>(&command)) {
    out << "deliver " << number(deliver->first) << '+' << deliver->count << " to " << index(deliver->rank);
  } else if (const auto* value = std::get_if<FreeValue>(&command)) {
    out << "free value " << static_cast<std::uint64_t>(value->value.payload);
  } else if (const auto* payload = std::get_if<FreePayload>(&command)) {
    out << "free arguments " << static_cast<std::uint64_t>(payload->payload);
  } else if (const auto* timer = std::get_if<SetTimer>(&command)) {
    out << "timer " << timer->at.ns / kMicrosecond << " us";
  } else if (const auto* actor = std::get_if<StartActor>(&command)) {
    out << "start actor " << number(actor->actor) << " on " << index(actor->worker) << " attempt "
        << actor->attempt;
    if (actor->checkpoint.payload != kNoPayload)
      out << " from state " << static_cast<std::uint64_t>(actor->checkpoint.payload);
  } else if (const auto* stop = std::get_if<StopActor>(&command)) {
    out << "stop actor " << number(stop->actor) << " on " << index(stop->worker);
  } else if (const auto* prepare = std::get_if<PrepareGang>(&command)) {
    out << "prepare gang " << number(prepare->gang) << " member " << prepare->member << " of "
        << prepare->size << " on " << index(prepare->worker) << " attempt " << prepare->attempt;
  } else if (const auto* run = std::get_if<RunGang>(&command)) {
    out << "run gang " << number(run->gang) << " on " << index(run->worker);
  } else if (const auto* leave = std::get_if<BreakGang>(&command)) {
    out << "break gang " << number(leave->gang) << " on " << index(leave->worker);
  } else {
    out << "command " << command.index();
  }
  return out.str();
}

TaskClass class_from(const Words& words) {
  TaskClass options;
  options.request.cpus = Amount(words.option("cpus", 1));
  options.request.gpus = Amount(words.option("gpus", 0));
  options.priority = static_cast<int>(words.option("priority", 0));
  options.max_retries = static_cast<int>(words.option("retries", 3));
  options.retry_exceptions = words.flag("retry_exceptions");
  options.timeout = static_cast<Nanoseconds>(words.option("timeout_us", 0)) * kMicrosecond;
  options.rank = words.rank("rank", -1);
  options.soft_affinity = words.flag("soft");
  options.name = words.plain.at(1);
  return options;
}

class Scenario {
 public:
  /// The lines which the scheduler answers to one event line.
  std::vector<std::string> step(const std::string& line) {
    const Words words(line);
    const std::string& what = words.plain.at(0);
    Commands commands;
    const auto handle = [&](Event event) {
      tickets_.fill(event);
      scheduler_.handle(event, now_, commands);
    };
    const Rank on = words.rank("on", 1);
    const auto count = static_cast<std::uint32_t>(words.option("count", 1));
    const auto attempt = static_cast<std::uint16_t>(words.option("attempt", 1));
    if (what == "class") {
      const TaskClass options = class_from(words);
      classes_[options.name] = scheduler_.intern(options);
    } else if (what == "join") {
      Resources has;
      has.cpus = Amount(words.option("cpus", 1));
      has.gpus = Amount(words.option("gpus", 0));
      handle(WorkerJoined{Rank{std::stoi(words.plain.at(1))},
                          NodeId{static_cast<int>(words.option("node", 0))}, has});
    } else if (what == "lost") {
      handle(WorkerLost{Rank{std::stoi(words.plain.at(1))}, words.flag("node")});
    } else if (what == "submit") {
      const auto dependencies = words.ids("needs");
      const auto pins = words.ids("pins");
      Submitted event;
      event.first = words.id(1);
      event.count = count;
      event.range = count > 1;
      event.submitter = words.rank("by", 0);
      event.task_class = classes_.at(words.plain.at(2));
      event.payload = Payload{static_cast<std::uint64_t>(words.option("payload", 0)) + number(event.first)};
      event.dependencies = dependencies;
      event.pins = pins;
      handle(event);
    } else if (what == "finish") {
      std::vector<Outcome> outcomes(count);
      for (std::uint32_t i = 0; i < count; ++i) {
        const NodeId node{static_cast<int>(words.option("node", -1))};
        outcomes[i] = {{Payload{1000 + number(words.id(1)) + i}, 8, node}, words.flag("failed")};
      }
      std::vector<Inside> inside;
      for (const ObjectId id : words.ids("inside")) inside.push_back({0, id});
      const auto busy = static_cast<Nanoseconds>(words.option("us", 1000)) * kMicrosecond * count;
      handle(Finished{words.id(1), count, on, attempt, busy, outcomes, inside});
    } else if (what == "put") {
      const auto inside = words.ids("inside");
      const NodeId node{static_cast<int>(words.option("node", -1))};
      handle(
          Put{words.id(1), words.rank("by", 0), Value{Payload{1000 + number(words.id(1))}, 8, node}, inside});
    } else if (what == "started") {
      handle(Started{words.id(1), on, attempt});
    } else if (what == "blocked") {
      handle(Blocked{words.id(1), on, attempt});
    } else if (what == "unblocked") {
      handle(Unblocked{words.id(1), on, attempt});
    } else if (what == "recalled") {
      handle(Recalled{words.id(1), count, on, attempt});
    } else if (what == "cancel") {
      handle(CancelRequested{words.id(1), count, words.flag("force")});
    } else if (what == "cancel-everything") {
      handle(EverythingCancelled{});
    } else if (what == "held") {
      handle(Held{words.id(1), words.rank("by", 0)});
    } else if (what == "released") {
      handle(Released{words.id(1), words.rank("by", 0)});
    } else if (what == "wanted") {
      handle(Wanted{words.id(1), count, words.rank("by", 0)});
    } else if (what == "vanished") {
      handle(ObjectVanished{words.id(1)});
    } else if (what == "tick") {
      now_ = Time{static_cast<Nanoseconds>(words.option("us", 0)) * kMicrosecond};
      handle(Tick{});
    } else if (what == "explain") {
      return {scheduler_.explain(words.id(1)).sentence};
    } else if (what == "object") {
      return {object(words.id(1))};
    } else if (what == "running") {
      return {std::to_string(scheduler_.running()) + (scheduler_.only_late_left() ? ", only late left" : "")};
    } else if (!collective(words, commands) && !end_of_time(words, commands)) {
      throw std::runtime_error("unknown event: " + line);
    }
    tickets_.note(commands);
    std::vector<std::string> said;
    for (const Command& command : commands) said.push_back(say(command));
    if (std::string broken = scheduler_.broken_invariant(); !broken.empty())
      said.push_back("BROKEN: " + broken);
    return said;
  }

 private:
  /// Limits and ends of the run's time; false: it is none.
  bool end_of_time(const Words& words, Commands& commands) {
    if (words.plain.at(0) == "drain") {
      scheduler_.handle(DrainRequested{}, now_, commands);
      return true;
    }
    if (words.plain.at(0) != "deadline") return false;
    Limits limits;  // before all else: the scheduler starts anew
    limits.deadline = Time{static_cast<Nanoseconds>(words.option("us", 0)) * kMicrosecond};
    scheduler_ = Scheduler(limits);
    return true;
  }

  /// Events of actors and gangs; false: it is none.
  bool collective(const Words& words, Commands& commands) {
    const std::string& what = words.plain.at(0);
    const auto handle = [&](const Event& event) {
      scheduler_.handle(event, now_, commands);
      return true;
    };
    const Rank on = words.rank("on", 1);
    const auto attempt = static_cast<std::uint16_t>(words.option("attempt", 1));
    const auto value = [&](std::uint64_t otherwise) {
      return Value{Payload{static_cast<std::uint64_t>(words.option("value", static_cast<double>(otherwise)))},
                   8, kNoNode};
    };
    const auto dependencies = words.ids("needs");
    if (what == "spawn") {
      ActorSpawned event;
      event.actor = words.id(1);
      event.submitter = words.rank("by", 0);
      event.task_class = classes_.at(words.plain.at(2));
      event.max_restarts = static_cast<int>(words.option("restarts", 0));
      event.payload = Payload{number(event.actor)};
      event.dependencies = dependencies;
      return handle(event);
    }
    if (what == "gang") {
      GangSubmitted event;
      event.gang = words.id(1);
      event.ranks = static_cast<std::uint32_t>(words.option("ranks", 1));
      event.submitter = words.rank("by", 0);
      event.task_class = classes_.at(words.plain.at(2));
      event.payload = Payload{number(event.gang)};
      event.dependencies = dependencies;
      return handle(event);
    }
    if (what == "actor_ready") return handle(ActorReady{words.id(1), on, attempt});
    if (what == "actor_failed") return handle(ActorFailed{words.id(1), on, attempt, value(1000)});
    if (what == "checkpoint") return handle(ActorCheckpointed{words.id(1), attempt, value(1000)});
    if (what == "kill") return handle(ActorKilled{words.id(1), words.flag("restart")});
    if (what == "member_ready") return handle(GangMemberReady{words.id(1), on, attempt});
    if (what == "member_finished") {
      const auto otherwise = 1000 * number(words.id(1)) + static_cast<std::uint64_t>(index(on));
      return handle(GangMemberFinished{words.id(1), on, attempt, {value(otherwise), words.flag("failed")}});
    }
    return false;
  }

  std::string object(ObjectId id) const {
    static constexpr const char* kStates[] = {"unknown", "pending", "sealed", "failed"};
    static constexpr const char* kKinds[] = {"",          "threw",         "cancelled", "worker died",
                                             "poison",    "unsatisfiable", "timed out", "lost",
                                             "dependency"};
    const ObjectView view = scheduler_.object(id);
    std::string text = kStates[static_cast<std::size_t>(view.state)];
    if (view.state == ObjectState::failed)
      text += std::string(": ") + kKinds[static_cast<std::size_t>(view.failure)];
    if (view.failure == FailureKind::dependency) text += " of " + std::to_string(number(view.cause));
    if (!view.text.empty()) text += ", " + std::string(view.text);
    return text;
  }

  Scheduler scheduler_;
  Tickets tickets_;
  Time now_;
  std::map<std::string, ClassId> classes_;
};

/// The file as it should be; equal to the file itself if the scheduler answers as expected.
std::string replay(std::istream& in) {
  Scenario scenario;
  std::string text;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') {
      text += line + '\n';
    } else if (line[0] != ' ') {
      text += line + '\n';
      for (const std::string& said : scenario.step(line)) text += "    " + said + '\n';
    }
  }
  return text;
}

bool run(const std::string& path, bool rewrite) {
  std::ifstream in(path);
  std::stringstream content;
  content << in.rdbuf();
  const std::string expected = content.str();
  const std::string actual = replay(content);
  if (expected.empty()) std::cout << path << " is empty or unreadable\n";
  if (actual == expected) return !expected.empty();
  if (rewrite) {
    std::ofstream(path) << actual;
    std::cout << path << " rewritten\n";
    return true;
  }
  std::istringstream a(expected);
  std::istringstream b(actual);
  std::string want;
  std::string got;
  int number = 0;
  do {
    ++number;
    if (!std::getline(a, want)) want = "(end of file)";
    if (!std::getline(b, got)) got = "(end of file)";
  } while (want == got);
  std::cout << path << ':' << number << ": expected\n  " << want << "\nbut the scheduler says\n  " << got
            << '\n';
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const char* rewrite = std::getenv("RANKINE_REWRITE");
  bool good = argc > 1;
  for (int i = 1; i < argc; ++i) good = run(argv[i], rewrite != nullptr && *rewrite == '1') && good;
  return good ? 0 : 1;
}
