// SPDX-License-Identifier: Apache-2.0
// Environments in Python as a batch: what the child writes is copied out of the shared memory; seeds of the
// next episodes lie there before they are needed, so that an episode's end costs no further exchange.
#include <rankine/rl/gymnasium.hpp>

#include <algorithm>
#include <sstream>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/rl/bytes.hpp>
#include <rankine/rl/vectorise.hpp>

#include "rl/bridge/child.hpp"
#include "rl/bridge/script.hpp"

namespace rankine::rl {

namespace {

class Gymnasium final : public VectorEnvironment {
 public:
  Gymnasium(const GymnasiumOptions& bridge, const VectorOptions& options)
      : bridge_(bridge),
        options_(options),
        child_(bridge.python, kBridgeScript,
               {bridge.environment, std::to_string(options.count), std::to_string(options.steps_max)},
               bridge.timeout_s),
        episode_(static_cast<std::size_t>(options.count)),
        history_(static_cast<std::size_t>(options.count)) {
    read_spaces(child_.hear());
    map();
  }

  const Spaces& spaces() const override { return spaces_; }
  int count() const override { return options_.count; }

  void reset(std::uint64_t seed, std::span<float> observations) override {
    detail::check_observations(spaces_, count(), observations);
    options_.seed = seed;
    for (int i = 0; i < count(); ++i) begin(i, 0);
    ask("reset");
    for (int i = 0; i < count(); ++i) next_seed(i);
    std::ranges::copy(observations_, observations.begin());
  }

  void step(const Actions& actions, const StepResult& result) override {
    detail::check_step(spaces_, count(), actions, result);
    if (spaces_.discrete())
      std::ranges::copy(actions.discrete, discrete_.begin());
    else
      std::ranges::copy(actions.continuous, continuous_.begin());
    for (int i = 0; i < count(); ++i) {
      const auto chosen = bytes_of_action(i);
      history_[i].insert(history_[i].end(), chosen.begin(), chosen.end());
    }
    ask("step");
    std::ranges::copy(observations_, result.observations.begin());
    std::ranges::copy(rewards_, result.rewards.begin());
    std::ranges::copy(terminated_, result.terminated.begin());
    std::ranges::copy(truncated_, result.truncated.begin());
    const auto width = static_cast<std::size_t>(spaces_.observations);
    for (int i = 0; i < count(); ++i) {
      if (terminated_[i] == 0 && truncated_[i] == 0) continue;
      if (!result.final_observations.empty())
        std::ranges::copy(last_.subspan(i * width, width),
                          result.final_observations.subspan(i * width).begin());
      begin(i, episode_[i] + 1);
      next_seed(i);
    }
  }

  void save(std::vector<std::byte>& to) const override {
    append_bytes(to, options_.seed);
    for (int i = 0; i < count(); ++i) {
      append_bytes(to, episode_[i]);
      append_all(to, std::span<const std::byte>(history_[i]));
    }
  }

  void load(std::span<const std::byte>& from) override {
    options_.seed = take_bytes<std::uint64_t>(from);
    for (int i = 0; i < count(); ++i) {
      begin(i, take_bytes<std::uint32_t>(from));
      history_[i] = take_all<std::byte>(from);
      ask(fmt::format("begin {}", i));
      const auto place = bytes_of_action(i);
      for (std::size_t at = 0; at + place.size() <= history_[i].size(); at += place.size()) {
        std::copy_n(history_[i].begin() + static_cast<std::ptrdiff_t>(at), place.size(), place.begin());
        ask(fmt::format("act {}", i));
      }
      next_seed(i);
    }
  }

 private:
  [[noreturn]] void refuse(const std::string& words) const {
    throw InputError(fmt::format("the environment \"{}\" in Python: {}", bridge_.environment, words));
  }

  void read_spaces(const std::string& line) {
    if (line.starts_with("error ")) refuse(line.substr(6));
    std::istringstream words(line);
    std::string word;
    int discrete = 0, actions = 0;
    words >> word >> spaces_.observations >> discrete >> actions >> spaces_.steps_max;
    if (word != "spaces" || !words) refuse("it answered \"" + line + "\"");
    if (discrete == 1) {
      spaces_.actions = actions;
      return;
    }
    for (int i = 0; i < 2 * actions; ++i) {
      words >> word;  // "inf" is a number in Python and to strtof
      (i < actions ? spaces_.action_low : spaces_.action_high).push_back(std::strtof(word.c_str(), nullptr));
    }
  }

  void map() {
    const auto rows = static_cast<std::size_t>(count());
    const auto width = static_cast<std::size_t>(spaces_.observations);
    const auto numbers = static_cast<std::size_t>(spaces_.action_size());
    const auto padded = [](std::size_t bytes) { return (bytes + 63) / 64 * 64; };
    const std::span<std::byte> memory =
        child_.share(padded(8 * rows) + 2 * padded(4 * rows * width) + padded(4 * rows) + 2 * padded(rows) +
                     padded(4 * rows * std::max<std::size_t>(1, numbers)));
    std::size_t place = 0;
    const auto part = [&]<class T>(std::span<T>& view, std::size_t count) {
      view = {reinterpret_cast<T*>(memory.data() + place), count};
      place += padded(count * sizeof(T));
    };
    part(seeds_, rows);
    part(observations_, rows * width);
    part(last_, rows * width);
    part(rewards_, rows);
    part(terminated_, rows);
    part(truncated_, rows);
    if (spaces_.discrete())
      part(discrete_, rows);
    else
      part(continuous_, rows * numbers);
    ask("map");
  }

  void ask(const std::string& line) {
    const std::string answer = child_.ask(line);
    if (answer.starts_with("error "))
      throw Error(fmt::format("the environment \"{}\" in Python: {}", bridge_.environment, answer.substr(6)));
  }

  std::span<std::byte> bytes_of_action(int i) {
    const auto row = static_cast<std::size_t>(i);
    if (spaces_.discrete()) return std::as_writable_bytes(discrete_.subspan(row, 1));
    const auto numbers = static_cast<std::size_t>(spaces_.action_size());
    return std::as_writable_bytes(continuous_.subspan(row * numbers, numbers));
  }

  void begin(int i, std::uint32_t episode) {
    episode_[i] = episode;
    history_[i].clear();
    seeds_[i] = seed_of(i, episode);
  }
  void next_seed(int i) { seeds_[i] = seed_of(i, episode_[i] + 1); }
  /// Below 2^31, which every generator takes.
  std::uint64_t seed_of(int i, std::uint32_t episode) const {
    return episode_random(options_.seed, options_.first_index + i, episode)() >> 33;
  }

  GymnasiumOptions bridge_;
  VectorOptions options_;
  Spaces spaces_;
  Child child_;
  std::vector<std::uint32_t> episode_;
  std::vector<std::vector<std::byte>> history_;  // actions of the episode so far
  std::span<std::uint64_t> seeds_;
  std::span<float> observations_, last_, rewards_, continuous_;
  std::span<std::uint8_t> terminated_, truncated_;
  std::span<std::int32_t> discrete_;
};

}  // namespace

EnvironmentFactory gymnasium(GymnasiumOptions bridge) {
  return [bridge = std::move(bridge)](const VectorOptions& options) -> std::unique_ptr<VectorEnvironment> {
    detail::check_options(options);
    return std::make_unique<Gymnasium>(bridge, options);
  };
}

}  // namespace rankine::rl
