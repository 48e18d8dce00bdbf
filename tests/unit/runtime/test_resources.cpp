// SPDX-License-Identifier: Apache-2.0
// What a rank is granted, from text fixtures of control groups, masks and environments; its account.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "runtime/account.hpp"
#include "runtime/cgroup.hpp"
#include "runtime/grant.hpp"

using namespace rankine;
using namespace rankine::runtime;

namespace {

ReadFile files(const std::map<std::string, std::string>& contents) {
  return [contents](const std::string& path) -> std::optional<std::string> {
    const auto at = contents.find(path);
    return at == contents.end() ? std::nullopt : std::optional(at->second);
  };
}

RankFacts with_cpus(int first, int count) {
  RankFacts facts;
  for (int cpu = first; cpu < first + count; ++cpu) facts.mask.set(static_cast<std::size_t>(cpu));
  return facts;
}

NodeFacts node_of(int ranks, const RankFacts& each, std::size_t here = 0) {
  NodeFacts facts;
  facts.ranks.assign(static_cast<std::size_t>(ranks), each);
  facts.here = here;
  facts.memory_bytes = std::uint64_t{64} << 30;
  return facts;
}

double cpus(const NodeFacts& facts, const Environment& environment = {}, const GrantWishes& wishes = {}) {
  return grant(facts, environment, wishes).resources.cpus.value();
}
double gibibytes(const NodeFacts& facts, const Environment& environment = {}) {
  return grant(facts, environment, {}).resources.memory_gib.value();
}

std::vector<double> cpus_of_all(NodeFacts facts) {
  std::vector<double> all;
  for (facts.here = 0; facts.here < facts.ranks.size(); ++facts.here) all.push_back(cpus(facts));
  return all;
}

scheduler::Resources demand(double cpus, double gpus) {
  scheduler::Resources r;
  r.cpus = Amount(cpus);
  r.gpus = Amount(gpus);
  return r;
}

}  // namespace

TEST_CASE("files of control groups") {
  CHECK(parse_cpu_max("max 100000\n") == std::nullopt);
  CHECK(parse_cpu_max("250000 100000\n") == 2.5);
  CHECK(parse_cpu_max("-1 100000") == std::nullopt);  // version 1
  CHECK(parse_cpu_max("nonsense") == std::nullopt);
  CHECK(parse_memory_max("max\n") == std::nullopt);
  CHECK(parse_memory_max("1073741824\n") == std::uint64_t{1} << 30);
  CHECK(parse_memory_max("9223372036854771712\n") == std::nullopt);  // version 1
}

TEST_CASE("the tightest of the enclosing control groups counts") {
  const CgroupLimits two = cgroup_limits(files({{"/proc/self/cgroup", "0::/slurm/job_7/step_0\n"},
                                                {"/sys/fs/cgroup/slurm/job_7/cpu.max", "400000 100000"},
                                                {"/sys/fs/cgroup/slurm/job_7/step_0/cpu.max", "max 100000"},
                                                {"/sys/fs/cgroup/slurm/memory.max", "2147483648"},
                                                {"/sys/fs/cgroup/slurm/job_7/memory.max", "1073741824"}}));
  CHECK(two.cpus == 4.0);
  CHECK(two.memory_bytes == std::uint64_t{1} << 30);
  const CgroupLimits one = cgroup_limits(
      files({{"/proc/self/cgroup", "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n1:name=systemd:/\n"},
             {"/sys/fs/cgroup/cpu/docker/x/cpu.cfs_quota_us", "150000"},
             {"/sys/fs/cgroup/cpu/docker/x/cpu.cfs_period_us", "100000"},
             {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "536870912"}}));
  CHECK(one.cpus == 1.5);
  CHECK(one.memory_bytes == std::uint64_t{512} << 20);
  const CgroupLimits root =
      cgroup_limits(files({{"/proc/self/cgroup", "0::/\n"}, {"/sys/fs/cgroup/cpu.max", "200000 100000"}}));
  CHECK(root.cpus == 2.0);
  CHECK_FALSE(cgroup_limits(files({})).cpus.has_value());
}

TEST_CASE("CPUs are those of the mask, shared with the ranks that have them too") {
  CHECK(cpus(node_of(1, with_cpus(0, 8))) == 8);
  CHECK(cpus_of_all(node_of(4, with_cpus(0, 8))) == std::vector<double>{2, 2, 2, 2});
  CHECK(cpus_of_all(node_of(3, with_cpus(0, 8))) == std::vector<double>{3, 3, 2});
  CHECK(cpus_of_all(node_of(8, with_cpus(0, 2))) == std::vector<double>(8, 1));
  NodeFacts bound = node_of(2, with_cpus(0, 4));
  bound.ranks[1] = with_cpus(4, 2);
  CHECK(cpus_of_all(bound) == std::vector<double>{4, 2});
  NodeFacts nested = node_of(2, with_cpus(0, 4));
  nested.ranks[1] = with_cpus(0, 1);
  CHECK(cpus_of_all(nested) == std::vector<double>{3, 1});
  CHECK(cpus(node_of(1, RankFacts{})) == 1);  // no mask could be read
}

TEST_CASE("quotas and Slurm bound the CPUs, settings replace them") {
  RankFacts limited = with_cpus(0, 16);
  limited.cpu_quota = 4;
  limited.cgroup = 1;
  CHECK(cpus_of_all(node_of(2, limited)) == std::vector<double>{2, 2});
  NodeFacts own_groups = node_of(2, limited);
  own_groups.ranks[1].cgroup = 2;
  CHECK(cpus_of_all(own_groups) == std::vector<double>{4, 4});
  limited.cpu_quota = 0.5;
  CHECK(cpus(node_of(1, limited)) == 1);
  const NodeFacts sixteen = node_of(1, with_cpus(0, 16));
  CHECK(cpus(sixteen, {{"SLURM_CPUS_PER_TASK", "3"}}) == 3);
  CHECK(cpus(sixteen, {{"SLURM_CPUS_PER_TASK", "nonsense"}}) == 16);
  CHECK(cpus(sixteen, {{"RANKINE_CPUS", "20"}, {"SLURM_CPUS_PER_TASK", "3"}}) == 20);
  CHECK(cpus(sixteen, {{"RANKINE_CPUS", "20"}}, {.cpus = 5}) == 5);
}

TEST_CASE("wrong settings are named") {
  const NodeFacts one = node_of(1, with_cpus(0, 4));
  for (const char* wrong : {"0", "-2", "1.5", "many", "", "99999"}) {
    CHECK_THROWS_WITH(cpus(one, {{"RANKINE_CPUS", wrong}}),
                      ContainsSubstring("RANKINE_CPUS is \"" + std::string(wrong) + "\"") &&
                          ContainsSubstring("whole number from 1"));
  }
  CHECK_THROWS_AS(cpus(one, {{"RANKINE_CPUS", "x"}}), InputError);
  CHECK_THROWS_WITH(cpus(one, {}, {.cpus = -1}), ContainsSubstring("RuntimeOptions::cpus"));
  CHECK_THROWS_WITH(grant(one, {{"RANKINE_GPUS", "-1"}}, {}), ContainsSubstring("RANKINE_GPUS"));
  for (const char* wrong : {"licence", "licence=", "licence=two", "licence=1x", "=2", "cpus=2", "a=-1"}) {
    CHECK_THROWS_WITH(grant(one, {{"RANKINE_RESOURCES", wrong}}, {}), ContainsSubstring("RANKINE_RESOURCES"));
  }
}

TEST_CASE("resources with names of the user's own") {
  const NodeFacts one = node_of(1, with_cpus(0, 4));
  const Grant granted = grant(one, {{"RANKINE_RESOURCES", "licence=2,fpga=0.5"}}, {.custom = {{"fpga", 1}}});
  REQUIRE(granted.resources.custom.size() == 2);
  CHECK(granted.resources.custom[0] == std::pair(std::string("fpga"), Amount(1.0)));
  CHECK(granted.resources.custom[1] == std::pair(std::string("licence"), Amount(2.0)));
}

TEST_CASE("memory is shared by the ranks that a limit is for") {
  CHECK(gibibytes(node_of(4, with_cpus(0, 4))) == 16);
  RankFacts limited = with_cpus(0, 4);
  limited.memory_limit = std::uint64_t{8} << 30;
  CHECK(gibibytes(node_of(4, limited)) == 2);
  CHECK(gibibytes(node_of(1, with_cpus(0, 4)), {{"SLURM_MEM_PER_NODE", "4096"}}) == 4);
  CHECK(gibibytes(node_of(2, with_cpus(0, 4)), {{"SLURM_MEM_PER_NODE", "4096"}}) == 2);
  CHECK(gibibytes(node_of(2, with_cpus(0, 4)), {{"SLURM_MEM_PER_CPU", "1024"}}) == 2);
  CHECK(gibibytes(node_of(1, with_cpus(0, 4)), {{"SLURM_MEM_PER_NODE", "0"}}) == 64);
}

TEST_CASE("what is visible of GPUs") {
  CHECK(visible_gpus({}) == std::nullopt);
  CHECK(visible_gpus({{"CUDA_VISIBLE_DEVICES", "0,2,3"}}) == 3);
  CHECK(visible_gpus({{"CUDA_VISIBLE_DEVICES", ""}}) == 0);
  CHECK(visible_gpus({{"CUDA_VISIBLE_DEVICES", "0,-1,2"}}) == 1);
  CHECK(visible_gpus({{"CUDA_VISIBLE_DEVICES", "GPU-aa,GPU-bb"}}) == 2);
  CHECK(visible_gpus({{"SLURM_JOB_GPUS", "0-2,5"}}) == 4);
  CHECK(visible_gpus({{"SLURM_STEP_GPUS", "1"}, {"SLURM_JOB_GPUS", "0-3"}}) == 1);
}

TEST_CASE("GPUs go to the ranks that execute, whole where there are enough") {
  RankFacts each = with_cpus(0, 4);
  each.gpus = 4;
  NodeFacts node = node_of(3, each);
  node.ranks[0].executes = false;  // the head
  const auto ids = [&](std::size_t here) {
    node.here = here;
    return grant(node, {}, {}).gpus;
  };
  using Ids = std::vector<std::int32_t>;
  CHECK(ids(0).empty());
  CHECK(ids(1) == Ids{0, 1});
  CHECK(ids(2) == Ids{2, 3});
  for (RankFacts& rank : node.ranks) rank.gpus = 1;
  CHECK(ids(1) == Ids{0});
  CHECK(ids(2) == Ids{0});
  CHECK(grant(node, {}, {}).resources.gpus == Amount(0.5));
  node.ranks[1].gpu_set = 7;  // the launcher gave each rank devices of its own
  CHECK(grant(node, {}, {}).resources.gpus == Amount(1.0));
  CHECK(grant(node, {{"RANKINE_GPUS", "3"}}, {}).gpus == Ids{0, 1, 2});
  CHECK(grant(node, {{"RANKINE_GPUS", "3"}}, {.gpus = 0}).gpus.empty());
}

TEST_CASE("an account says what fits") {
  scheduler::Resources total = demand(4, 2);
  total.memory_gib = Amount(8.0);
  total.custom = {{"licence", Amount(1.0)}};
  Account account(total, {0, 1});
  scheduler::Resources licensed = demand(0, 0);
  licensed.custom = {{"licence", Amount(1.0)}};
  scheduler::Resources unknown = demand(0, 0);
  unknown.custom = {{"fpga", Amount(1.0)}};
  CHECK(account.fits(licensed));
  CHECK_FALSE(account.fits(unknown));
  CHECK_FALSE(account.fits(demand(4.5, 0)));
  Holding three{demand(3, 0), 0, {}};
  account.take(three);
  CHECK(account.fits_plain());
  account.take_plain();
  CHECK_FALSE(account.fits_plain());
  CHECK(account.fits(demand(0, 0)));
  account.give(three);
  account.give_plain();
  CHECK(account.free() == total);
  Holding licence{licensed, 0, {}};
  account.take(licence);
  CHECK_FALSE(account.fits(licensed));
  account.give(licence);
}

TEST_CASE("an account gives devices") {
  Account account(demand(8, 2), {4, 5});
  using Ids = std::vector<std::int32_t>;
  Holding a{demand(0, 0.6), 0, {}};
  Holding b{demand(0, 0.6), 0, {}};
  account.take(a);
  CHECK_FALSE(account.fits(demand(0, 2)));
  CHECK(account.fits(demand(0, 1)));
  account.take(b);
  CHECK(a.gpus != b.gpus);
  CHECK_FALSE(account.fits(demand(0, 0.8)));  // 0.8 are left, on two devices
  CHECK_FALSE(account.fits(demand(0, 1)));
  Holding c{demand(0, 0.4), 0, {}};
  CHECK(account.fits(c.resources));
  account.take(c);
  account.give(a);
  account.give(b);
  account.give(c);
  // What goes on after waiting has its device back at once, also when another holds it.
  Holding whole{demand(0, 2), 0, {}};
  account.take(whole);
  CHECK(whole.gpus == Ids{4, 5});
  account.give(whole);
  Holding other{demand(0, 1), 0, {}};
  account.take(other);
  account.take(whole);
  CHECK(whole.gpus == Ids{4, 5});
  CHECK_FALSE(account.fits(demand(0, 0.1)));
  account.give(other);
  CHECK_FALSE(account.fits(demand(0, 0.1)));
  account.give(whole);
  CHECK(account.fits(demand(0, 2)));
}

TEST_CASE("ranks that share a device have a part of it each") {
  Account account(demand(1, 0.5), {0});
  CHECK(account.fits(demand(0, 0.5)));
  CHECK_FALSE(account.fits(demand(0, 0.6)));
}

TEST_CASE("what a class asks for travels") {
  ClassDemand sent;
  sent.name = "third";
  sent.choices = {demand(1, 2), demand(16, 0)};
  sent.choices[0].custom = {{"licence", Amount(0.25)}};
  const ClassDemand came = unpack_demand(pack_demand(sent));
  CHECK(came.name == "third");
  CHECK(came.choices == sent.choices);
}
