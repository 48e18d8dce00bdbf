// SPDX-License-Identifier: Apache-2.0
#include "apps/rankine/farm_loop.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include <rankine/many_models/progress.hpp>

namespace apps {

namespace rk = rankine;
namespace farm = rankine::farm;

namespace {

/// Ranks that a command may be lost with: it may be what kills them.
constexpr std::uint8_t kLostMax = 5;
constexpr std::size_t kTextMax = std::size_t{64} << 10;  ///< bytes of commands that go together

/// What is kept of a command that succeeded.
using Done = std::tuple<farm::Ending, std::uint32_t, std::string, std::string>;

std::string name_of(const farm::Command& command) {
  return fmt::format("line {:016x}", command.key);
}

std::string kind_of(const farm::Settings& settings) {
  std::string kind =
      fmt::format("{} {} {} {}", settings.priority, settings.cpus, settings.gpus, settings.memory_bytes);
  for (const auto& [name, amount] : settings.custom) kind += fmt::format(" {} {}", name, amount);
  return kind;
}

rk::Options options_of(const farm::Settings& settings) {
  rk::Options options;
  options.cpus = settings.cpus;
  options.gpus = settings.gpus;
  options.memory_bytes = settings.memory_bytes;
  options.custom = settings.custom;
  options.priority = settings.priority;
  options.name = "command";
  options.max_retries = 0;  // the loop does it, and looks first which of them have ended
  return options;
}

}  // namespace

FarmLoop::FarmLoop(const farm::CommandList& list, std::filesystem::path run, rk::Nanoseconds grace)
    : list_(list),
      run_(std::move(run)),
      grace_(grace),
      outcomes_(list.commands.size()),
      lost_(list.commands.size()) {}

void FarmLoop::run() {
  take_what_is_done();
  rk::ProgressLine progress("commands", list_.commands.size(), true);
  ended_ = count(outcomes_).resumed;
  for (refill(); !flying_.empty(); refill()) {
    try {
      take_ended();
    } catch (const rk::Drained&) {
      take_ready();
      progress.show(ended_, true);
      progress.leave();
      throw;
    }
    if (progress.due(rk::draining())) progress.show(ended_, rk::draining());
  }
  if (ended_ == list_.commands.size()) progress.done(ended_);
  progress.leave();
}

// ---- what is submitted ----

void FarmLoop::take_what_is_done() {
  const farm::OutputReader reader(run_ / "output");
  for (std::size_t k = 0; k < list_.commands.size(); ++k) {
    const farm::Command& command = list_.commands[k];
    farm::Outcome& outcome = outcomes_[k];
    if (const auto done = rk::load_state<Done>(name_of(command))) {
      outcome.state = farm::State::succeeded;
      std::tie(outcome.ending, outcome.attempts, outcome.where, outcome.host) = *done;
      outcome.resumed = true;
    } else if (find_in_output(reader, k)) {
      outcome.resumed = true;
    } else {
      Class& kind = classes_[kind_of(list_.of(command))];
      if (kind.waiting.empty()) kind.options = options_of(list_.of(command));
      kind.waiting.push_back(k);
    }
  }
  slots_ = std::max<std::size_t>(1, rk::statistics().workers) * farm::channels_of_process();
  window_ = 256 + 64 * slots_;
}

void FarmLoop::refill() {
  if (rk::draining() && !flying_.empty()) return;
  for (auto& [name, kind] : classes_)
    while (!kind.waiting.empty() && kind.flying < window_) submit(kind, next_of(kind));
}

/// What was lost with a rank goes alone, since it may be what killed it.
FarmLoop::Commands FarmLoop::next_of(Class& kind) {
  const std::size_t size = kind.batch.size(kind.waiting.size(), slots_);
  Commands commands;
  std::size_t text = 0;
  while (!kind.waiting.empty() && commands.size() < size) {
    const std::size_t k = kind.waiting.front();
    text += list_.commands[k].text.size();
    if (!commands.empty() && (text > kTextMax || lost_[k] > 0)) break;
    kind.waiting.pop_front();
    commands.push_back(k);
    if (lost_[k] > 0) break;
  }
  return commands;
}

void FarmLoop::submit(Class& kind, Commands commands) {
  std::vector<farm::CommandOrder> orders;
  std::vector<std::string> texts;
  for (const std::size_t k : commands) {
    const farm::Command& command = list_.commands[k];
    orders.push_back({command.id, command.key, outcomes_[k].attempts + 1, list_.indexed,
                      static_cast<rk::Nanoseconds>(list_.of(command).timeout_s * 1e9), grace_});
    texts.push_back(command.text);
  }
  futures_.push_back(rk::submit<farm::run_commands>(kind.options, orders, texts, 2 * farm::BatchSize::kAim));
  kind.flying += commands.size();
  flying_.push_back({std::move(commands), &kind});
}

// ---- what became of it ----

void FarmLoop::take_ended() {
  std::vector<std::uint32_t> ended = rk::wait(futures_, 1, std::chrono::milliseconds(200));
  std::sort(ended.rbegin(), ended.rend());  // from behind, so that the others keep their places
  for (const std::uint32_t flight : ended) take(flight);
}

void FarmLoop::take_ready() {
  for (std::size_t flight = futures_.size(); flight-- > 0;)
    if (futures_[flight].ready()) take(flight);
  const farm::OutputReader reader(run_ / "output");  // of those whose answer does not come any more
  for (const Flying& flown : flying_)
    for (const std::size_t k : flown.commands) find_in_output(reader, k);
}

void FarmLoop::take(std::size_t flight) {
  const Flying flown = std::exchange(flying_[flight], flying_.back());
  const rk::Future<farm::BatchResult> future = std::exchange(futures_[flight], futures_.back());
  flying_.pop_back();
  futures_.pop_back();
  flown.kind->flying -= flown.commands.size();
  try {
    take_results(flown, future.get());
  } catch (const rk::Drained&) {
  } catch (const rk::WorkerDied& error) {
    take_loss(flown, error);
  } catch (const rk::Error& error) {
    if (rk::draining()) return;
    for (const std::size_t k : flown.commands) fail(flown, k, error);
  }
}

void FarmLoop::take_results(const Flying& flown, farm::BatchResult results) {
  auto& [endings, where, host] = results;
  for (std::size_t i = flown.commands.size(); i-- > 0;) {
    const std::size_t k = flown.commands[i];
    auto& [ending, text] = endings[i];
    if (!ending.begun) {
      flown.kind->waiting.push_front(k);
      continue;
    }
    flown.kind->batch.ended(ending.seconds);
    farm::Outcome& outcome = outcomes_[k];
    outcome.ending = ending;
    outcome.text = std::move(text);
    outcome.where = where;
    outcome.host = host;
    ++outcome.attempts;
    settle(*flown.kind, k);
  }
}

/// With its rank. What the helper noted as done is done all the same.
void FarmLoop::take_loss(const Flying& flown, const rk::Error& error) {
  const farm::OutputReader reader(run_ / "output");
  for (const std::size_t k : flown.commands) {
    if (find_in_output(reader, k)) {
      keep(k);
      ++ended_;
    } else if (++lost_[k] < kLostMax) {
      flown.kind->waiting.push_back(k);
    } else {
      fail(flown, k, error);
    }
  }
}

void FarmLoop::fail(const Flying& flown, std::size_t command, const rk::Error& error) {
  farm::Outcome& outcome = outcomes_[command];
  outcome.ending = {};
  outcome.ending.in_trouble = true;
  outcome.text = error.what();
  ++outcome.attempts;
  settle(*flown.kind, command);
}

void FarmLoop::settle(Class& kind, std::size_t command) {
  farm::Outcome& outcome = outcomes_[command];
  if (outcome.ending.good()) {
    outcome.state = farm::State::succeeded;
    outcome.text.clear();
    keep(command);
    ++ended_;
    return;
  }
  outcome.state = farm::State::failed;
  if (static_cast<std::int32_t>(outcome.attempts) <= list_.of(list_.commands[command]).retries) {
    kind.waiting.push_back(command);
  } else {
    ++ended_;
  }
}

void FarmLoop::keep(std::size_t command) {
  const farm::Outcome& outcome = outcomes_[command];
  rk::save_state(name_of(list_.commands[command]),
                 Done{outcome.ending, outcome.attempts, outcome.where, outcome.host});
}

/// Where it succeeded, though the answer was lost with its rank or with the whole job.
bool FarmLoop::find_in_output(const farm::OutputReader& reader, std::size_t command) {
  const farm::OutputEntry* entry = reader.last(list_.commands[command].key);
  if (entry == nullptr || entry->good == 0) return false;
  farm::Outcome& outcome = outcomes_[command];
  outcome.state = farm::State::succeeded;
  outcome.text.clear();
  outcome.attempts = entry->attempt;
  outcome.ending = {.began_ns = entry->began_ns,
                    .seconds = 1e-9 * static_cast<double>(entry->ended_ns - entry->began_ns),
                    .cpu_seconds = entry->cpu_seconds,
                    .memory_mib = entry->memory_mib,
                    .output_bytes = entry->bytes[0],
                    .error_bytes = entry->bytes[1],
                    .serial = entry->serial};
  outcome.where = reader.file_of(*entry);
  outcome.host = outcome.where.substr(0, outcome.where.rfind('-'));
  return true;
}

}  // namespace apps
