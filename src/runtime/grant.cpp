// SPDX-License-Identifier: Apache-2.0
#include "runtime/grant.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <sstream>

#include <rankine/core/error.hpp>

namespace rankine::runtime {

namespace {

constexpr const char* kVariables[] = {"RANKINE_CPUS",         "RANKINE_GPUS",        "RANKINE_RESOURCES",
                                      "CUDA_VISIBLE_DEVICES", "SLURM_CPUS_PER_TASK", "SLURM_STEP_GPUS",
                                      "SLURM_JOB_GPUS",       "SLURM_MEM_PER_NODE",  "SLURM_MEM_PER_CPU"};
constexpr double kAmountMax = 1e9;

const std::string* find(const Environment& environment, const char* name) {
  const auto at = environment.find(name);
  return at == environment.end() ? nullptr : &at->second;
}

template <class Number>
std::optional<Number> whole_number(const std::string& text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::int32_t setting(const std::string& name, std::int64_t least, std::optional<std::int64_t> value,
                     const std::string& text) {
  if (value && *value >= least && *value <= static_cast<std::int64_t>(kCpusMax))
    return static_cast<std::int32_t>(*value);
  throw InputError("rankine: " + name + " is \"" + text + "\": it must be a whole number from " +
                   std::to_string(least) + " to " + std::to_string(kCpusMax));
}

/// From the environment; nothing if it is not set.
std::optional<std::int32_t> setting(const Environment& environment, const char* name, std::int64_t least) {
  const std::string* text = find(environment, name);
  if (text == nullptr) return {};
  return setting(name, least, whole_number<std::int64_t>(*text), *text);
}

/// Ranks of the node for which `same` holds, and how many of them come before this one.
template <class Same>
std::pair<std::size_t, std::size_t> sharers(const NodeFacts& facts, const Same& same) {
  std::size_t count = 0;
  std::size_t before = 0;
  for (std::size_t i = 0; i < facts.ranks.size(); ++i) {
    if (!same(facts.ranks[i])) continue;
    ++count;
    before += i < facts.here ? 1 : 0;
  }
  return {count, before};
}

/// Part `i` of `k` of `n` indivisible things.
std::pair<std::int64_t, std::int64_t> part(std::int64_t n, std::size_t i, std::size_t k) {
  const auto at = [&](std::size_t j) {
    return n * static_cast<std::int64_t>(j) / static_cast<std::int64_t>(k);
  };
  return {at(i), at(i + 1)};
}

std::int32_t cpus_of(const NodeFacts& facts, const Environment& environment, const GrantWishes& wishes) {
  if (wishes.cpus != 0) return setting("RuntimeOptions::cpus", 1, wishes.cpus, std::to_string(wishes.cpus));
  if (const auto wanted = setting(environment, "RANKINE_CPUS", 1)) return *wanted;
  std::int32_t cpus = fair_cpus(facts.ranks, facts.here);
  const RankFacts& mine = facts.ranks[facts.here];
  if (mine.cpu_quota > 0) {
    const auto [count, before] = sharers(facts, [&](const RankFacts& r) { return r.cgroup == mine.cgroup; });
    const auto whole = static_cast<std::int64_t>(std::max(1.0, std::floor(mine.cpu_quota + 0.5)));
    const auto [begin, end] = part(whole, before, count);
    cpus = std::min(cpus, static_cast<std::int32_t>(end - begin));
  }
  if (const std::string* text = find(environment, "SLURM_CPUS_PER_TASK")) {
    if (const auto granted = whole_number<std::int32_t>(*text)) cpus = std::min(cpus, *granted);
  }
  return std::max(1, cpus);
}

std::uint64_t memory_of(const NodeFacts& facts, const Environment& environment, std::int32_t cpus) {
  const RankFacts& mine = facts.ranks[facts.here];
  std::uint64_t bytes = facts.memory_bytes / facts.ranks.size();
  if (mine.memory_limit > 0) {
    const std::size_t count =
        sharers(facts, [&](const RankFacts& r) { return r.cgroup == mine.cgroup; }).first;
    bytes = std::min(bytes, mine.memory_limit / count);
  }
  constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
  const auto slurm = [&](const char* name, std::uint64_t times, std::uint64_t by) {
    const std::string* text = find(environment, name);
    const auto mib = text == nullptr ? std::nullopt : whole_number<std::uint64_t>(*text);
    if (mib && *mib > 0 && *mib < (std::uint64_t{1} << 40)) bytes = std::min(bytes, *mib * kMiB * times / by);
  };
  slurm("SLURM_MEM_PER_NODE", 1, facts.ranks.size());
  slurm("SLURM_MEM_PER_CPU", static_cast<std::uint64_t>(cpus), 1);
  return bytes;
}

void give_gpus(const NodeFacts& facts, const Environment& environment, const GrantWishes& wishes,
               Grant& granted) {
  std::optional<std::int32_t> wanted = setting(environment, "RANKINE_GPUS", 0);
  if (wishes.gpus) wanted = setting("RuntimeOptions::gpus", 0, *wishes.gpus, std::to_string(*wishes.gpus));
  if (wanted) {
    granted.resources.gpus = Amount(*wanted);
    for (std::int32_t i = 0; i < *wanted; ++i) granted.gpus.push_back(i);
    return;
  }
  const RankFacts& mine = facts.ranks[facts.here];
  if (mine.gpus <= 0 || !mine.executes) return;
  const auto [count, before] =
      sharers(facts, [&](const RankFacts& r) { return r.executes && r.gpu_set == mine.gpu_set; });
  const auto devices = static_cast<std::size_t>(mine.gpus);
  if (devices < count) {
    granted.resources.gpus = Amount::of_fixed(mine.gpus * Amount::kUnit / static_cast<std::int64_t>(count));
    granted.gpus.push_back(static_cast<std::int32_t>(before * devices / count));
    return;
  }
  const auto [begin, end] = part(mine.gpus, before, count);
  granted.resources.gpus = Amount(static_cast<double>(end - begin));
  for (std::int64_t i = begin; i < end; ++i) granted.gpus.push_back(static_cast<std::int32_t>(i));
}

/// "0,1" or "0-3,7": how many, or nothing.
std::optional<std::int32_t> count_list(const std::string& text) {
  std::int32_t count = 0;
  std::istringstream list(text);
  std::string one;
  while (std::getline(list, one, ',')) {
    const std::size_t dash = one.find('-');
    const auto first = whole_number<std::int32_t>(one.substr(0, dash));
    const auto last = dash == std::string::npos ? first : whole_number<std::int32_t>(one.substr(dash + 1));
    if (!first || !last || *last < *first) return {};
    count += *last - *first + 1;
  }
  return count;
}

void check_custom(const std::string& name, double amount, const std::string& from) {
  if (name.empty() || name == "cpus" || name == "gpus" || name == "memory" || name == "memory_bytes") {
    throw InputError("rankine: " + from + " names a resource \"" + name +
                     "\": give it another name; CPUs and GPUs are set by RANKINE_CPUS and RANKINE_GPUS");
  }
  if (!(amount >= 0 && amount <= kAmountMax)) {
    throw InputError("rankine: " + from + " gives resource " + name + " the amount " +
                     std::to_string(amount) + ": it must be from 0 to 1e9");
  }
}

}  // namespace

std::int32_t fair_cpus(const std::vector<RankFacts>& ranks, std::size_t here) {
  std::vector<std::int32_t> given(ranks.size(), 0);
  for (std::size_t cpu = 0; cpu < kCpusMax; ++cpu) {
    std::size_t best = ranks.size();
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (!ranks[i].mask[cpu]) continue;
      // Who has least, among equals who may use the fewest others.
      if (best == ranks.size() || given[i] < given[best] ||
          (given[i] == given[best] && ranks[i].mask.count() < ranks[best].mask.count())) {
        best = i;
      }
    }
    if (best < ranks.size()) ++given[best];
  }
  return std::max(1, given[here]);
}

std::optional<std::int32_t> visible_gpus(const Environment& environment) {
  if (const std::string* text = find(environment, "CUDA_VISIBLE_DEVICES")) {
    std::int32_t count = 0;
    std::istringstream list(*text);
    std::string one;
    while (std::getline(list, one, ',')) {  // CUDA ignores what follows the first wrong entry
      const bool numbered = whole_number<std::uint32_t>(one).has_value();
      if (!numbered && !one.starts_with("GPU-") && !one.starts_with("MIG-")) break;
      ++count;
    }
    return count;
  }
  for (const char* name : {"SLURM_STEP_GPUS", "SLURM_JOB_GPUS"}) {
    const std::string* text = find(environment, name);
    if (text == nullptr) continue;
    if (const auto count = count_list(*text)) return count;
  }
  return {};
}

std::string gpu_setting(const Environment& environment) {
  for (const char* name : {"CUDA_VISIBLE_DEVICES", "SLURM_STEP_GPUS", "SLURM_JOB_GPUS"}) {
    if (const std::string* text = find(environment, name)) return std::string(name) + "=" + *text;
  }
  return {};
}

std::vector<std::pair<std::string, double>> parse_resources(const std::string& text) {
  std::vector<std::pair<std::string, double>> resources;
  std::istringstream list(text);
  std::string one;
  while (std::getline(list, one, ',')) {
    const std::size_t equals = one.find('=');
    std::istringstream number(equals == std::string::npos ? std::string() : one.substr(equals + 1));
    double amount = 0;
    if (!(number >> amount) || !(number >> std::ws).eof()) {
      throw InputError("rankine: RANKINE_RESOURCES has \"" + one +
                       "\": it must be a list like licence=2,fpga=1");
    }
    check_custom(one.substr(0, equals), amount, "RANKINE_RESOURCES");
    resources.emplace_back(one.substr(0, equals), amount);
  }
  return resources;
}

Environment relevant_environment() {
  Environment environment;
  for (const char* name : kVariables) {
    if (const char* text = std::getenv(name)) environment.emplace(name, text);
  }
  return environment;
}

Grant grant(const NodeFacts& facts, const Environment& environment, const GrantWishes& wishes) {
  Grant granted;
  const std::int32_t cpus = cpus_of(facts, environment, wishes);
  granted.resources.cpus = Amount(cpus);
  granted.resources.memory_gib =
      Amount(static_cast<double>(memory_of(facts, environment, cpus)) / (std::uint64_t{1} << 30));
  give_gpus(facts, environment, wishes, granted);
  std::map<std::string, Amount> custom;
  if (const std::string* text = find(environment, "RANKINE_RESOURCES")) {
    for (const auto& [name, amount] : parse_resources(*text)) custom[name] = Amount(amount);
  }
  for (const auto& [name, amount] : wishes.custom) {
    check_custom(name, amount, "RuntimeOptions::resources");
    custom[name] = Amount(amount);
  }
  granted.resources.custom.assign(custom.begin(), custom.end());
  return granted;
}

}  // namespace rankine::runtime
