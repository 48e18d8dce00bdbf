// SPDX-License-Identifier: Apache-2.0
// Gangs: placed, given a communicator, run, and gone. Ray's placement group has one bundle and nothing runs.
#include <vector>

#include "core.hpp"

namespace rk = rankine;

namespace rankine::bench {

namespace {

int member(rk::Gang& gang, int x) {
  return x + gang.size();
}

void gangs_of(benchmark::State& state, int ranks) {
  constexpr int kGangs = 100;
  for (auto _ : state) {
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < kGangs; ++i) futures.push_back(rk::submit_gang<member>({.ranks = ranks}, i));
    for (int i = 0; i < kGangs; ++i) require(futures[static_cast<std::size_t>(i)].get() == i + ranks);
  }
  state.SetItemsProcessed(state.iterations() * kGangs);
}

}  // namespace

void add_gangs(Suite& suite, const Setting& setting) {
  Beside beside{Setting::measured(setting.raw.groups_per_s), "MPI_Comm_create_group + free, 2 ranks",
                setting.target(20'000)};
  suite.rate(
      "placement_group_create_removal", [](benchmark::State& state) { gangs_of(state, 1); }, beside);
  if (setting.ranks > 2) {
    suite.rate(
        "gang_of_2_create_run_removal", [](benchmark::State& state) { gangs_of(state, 2); }, beside);
  }
}

}  // namespace rankine::bench
