// SPDX-License-Identifier: Apache-2.0
// Amounts that tasks hold while they run: CPUs, GPUs, memory, names of the user's own.
#include <cstdint>
#include <string>
#include <vector>

#include "gate.hpp"
#include "on_ranks.hpp"

// Named: functions of one name in two files would be one task under two meanings.
namespace resources_semantics {

constexpr std::uint64_t kArena = std::uint64_t{64} << 20;

int pass(int x) {
  return x;
}
/// Says that it is there, then waits until all doors were opened: returns only if all run at once.
bool meet(const std::vector<std::string>& doors, int mine) {
  unlink(doors[static_cast<std::size_t>(mine)].c_str());
  for (const std::string& door : doors) pass_gate(door, 0);
  return !rk::cancelled();
}
std::vector<double> held() {
  const rk::Granted granted = rk::resources();
  return {granted.cpus, granted.gpus, static_cast<double>(granted.memory_bytes),
          granted.custom.empty() ? 0 : granted.custom.front().second};
}
std::vector<std::int32_t> devices_behind(const std::string& door, const std::string& gate) {
  knock_and_pass(door, gate, 0);
  return rk::gpu_ids();
}
std::uint32_t choice_behind(const std::string& door, const std::string& gate) {
  knock_and_pass(door, gate, 0);
  return rk::resources().choice;
}
int wait_for_child(int depth) {
  return depth == 0 ? 0 : rk::submit<wait_for_child>(depth - 1).get() + 1;
}

TEST_CASE("a rank runs as many tasks at once as it has CPUs", "[threads]") {
  on_ranks({2},
           [] {
             const Gate doors[3];
             const std::vector<std::string> paths{doors[0].path(), doors[1].path(), doors[2].path()};
             std::vector<rk::Future<bool>> all;
             for (int i = 0; i < 3; ++i) all.push_back(rk::submit<meet>(paths, i));
             for (const auto& one : all) CHECK(one.get());
           },
           {.arena_bytes = kArena, .cpus = 3});
}

TEST_CASE("a task that needs all CPUs of a rank does not share it", "[threads]") {
  on_ranks({2},
           [] {
             const Gate gate;
             const Gate running;
             const auto wide = rk::submit<knock_and_pass>({.cpus = 2}, running.path(), gate.path(), 1);
             await(running);
             const auto narrow = rk::submit<pass>({.cpus = 1}, 2);
             CHECK_FALSE(narrow.wait(milliseconds(20)));
             gate.open();
             CHECK(wide.get() == 1);
             CHECK(narrow.get() == 2);
           },
           {.arena_bytes = kArena, .cpus = 2});
}

TEST_CASE("fractions of a CPU share it", "[threads]") {
  on_ranks({2},
           [] {
             const Gate doors[2];
             const std::vector<std::string> paths{doors[0].path(), doors[1].path()};
             const auto one = rk::submit<meet>({.cpus = 0.5}, paths, 0);
             const auto two = rk::submit<meet>({.cpus = 0.5}, paths, 1);
             CHECK(one.get());
             CHECK(two.get());
           },
           {.arena_bytes = kArena, .cpus = 2});
}

TEST_CASE("a task that waits for its child leaves its CPU to it", "[threads]") {
  on_ranks({1, 2}, [] { CHECK(rk::submit<wait_for_child>(40).get() == 40); },
           {.arena_bytes = kArena, .cpus = 2});
}

TEST_CASE("resources with names of the user's own are counted", "[threads]") {
  on_ranks({2, 4},
           [] {
             const Gate gate;
             const Gate running;
             const int workers = static_cast<int>(rk::statistics().workers);
             std::vector<rk::Future<int>> holders;
             for (int rank = 1; rank <= workers; ++rank) {
               const Gate door;
               holders.push_back(rk::submit<knock_and_pass>({.custom = {{"licence", 1}}, .rank = rank},
                                                            door.path(), gate.path(), rank));
               await(door);
             }
             const auto needs_one = rk::submit<pass>({.custom = {{"licence", 1}}}, 7);
             CHECK(rk::submit<pass>(8).get() == 8);
             CHECK_FALSE(needs_one.wait(milliseconds(20)));
             gate.open();
             CHECK(needs_one.get() == 7);
             CHECK_THROWS_AS(rk::submit<pass>({.custom = {{"licence", 2}}}, 7).get(), rk::Unsatisfiable);
           },
           {.arena_bytes = kArena, .cpus = 2, .resources = {{"licence", 1}}});
}

TEST_CASE("a task sees what it holds", "[threads]") {
  on_ranks(
      {1, 2, 4},
      [] {
        CHECK(rk::submit<held>({.cpus = 2, .gpus = 1, .memory_bytes = 1u << 30, .custom = {{"licence", 2}}})
                  .get() == std::vector<double>{2, 1, 1u << 30, 2});
        CHECK(rk::submit<held>().get() == std::vector<double>{1, 0, 0, 0});
      },
      {.arena_bytes = kArena, .cpus = 2, .gpus = 1, .resources = {{"licence", 2}}});
}

TEST_CASE("tasks that hold whole GPUs have different devices, shares of one GPU the same", "[threads]") {
  on_ranks({2},
           [] {
             using Ids = std::vector<std::int32_t>;
             const auto together = [](double gpus) {
               const Gate gate;
               const Gate doors[2];
               const auto one = rk::submit<devices_behind>({.gpus = gpus}, doors[0].path(), gate.path());
               const auto two = rk::submit<devices_behind>({.gpus = gpus}, doors[1].path(), gate.path());
               for (const Gate& door : doors) await(door);
               gate.open();
               return std::vector<Ids>{one.get(), two.get()};
             };
             const auto whole = together(1);
             REQUIRE(whole[0].size() == 1);
             REQUIRE(whole[1].size() == 1);
             CHECK(whole[0] != whole[1]);
             const auto shares = together(0.5);
             CHECK(shares[0] == shares[1]);
             CHECK(rk::submit([] { return rk::gpu_ids(); }).get().empty());
           },
           {.arena_bytes = kArena, .cpus = 2, .gpus = 2});
}

TEST_CASE("of alternatives the first that fits is taken, and the task sees which", "[threads]") {
  on_ranks({2},
           [] {
             const Gate gate;
             const Gate doors[2];
             const rk::Options options{.cpus = 1, .gpus = 1, .alternatives = {{.cpus = 2}}};
             const auto first = rk::submit<choice_behind>(options, doors[0].path(), gate.path());
             await(doors[0]);
             const auto second = rk::submit<choice_behind>(options, doors[1].path(), gate.path());
             await(doors[1]);
             gate.open();
             CHECK(first.get() == 0);
             CHECK(second.get() == 1);
           },
           {.arena_bytes = kArena, .cpus = 4, .gpus = 1});
}

TEST_CASE("shares of more than one GPU are refused at the call", "[threads]") {
  on_ranks({1, 2}, [] { CHECK_THROWS_AS(rk::submit<pass>({.gpus = 1.5}, 1), rk::InputError); },
           {.arena_bytes = kArena, .gpus = 2});
}

}  // namespace resources_semantics
