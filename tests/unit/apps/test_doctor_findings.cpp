// SPDX-License-Identifier: Apache-2.0
// The doctor names each thing that stops or slows runs, with a remedy, and nothing where all is well.
#include <algorithm>

#include <catch.hpp>

#include "rankine/doctor_findings.hpp"

namespace apps {
namespace {

DoctorFacts sound() {
  DoctorFacts facts;
  facts.cpus = 8;
  facts.mpi = "Open MPI v4.1.4";
  facts.mpirun = "/usr/bin/mpirun";
  facts.osc = {"sm", "rdma", "ucx"};
  facts.ucx = true;
  facts.measured = Measured{.ranks = 2, .ranks_here = 2, .cpus_here = 8, .latency_us = 0.4, .bandwidth = 5e9};
  facts.shared_bytes = facts.shared_free = std::uint64_t{8} << 30;
  facts.hdf5 = "1.10.8";
  return facts;
}

/// The one thing that is not well, which must be about `subject`, say `words` and have a remedy.
Finding only_trouble(const DoctorFacts& facts, const std::string& subject, const std::string& words) {
  std::vector<Finding> findings = judge(facts);
  std::erase_if(findings, [](const Finding& one) { return one.health == Health::well; });
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].subject == subject);
  CHECK(findings[0].words.find(words) != std::string::npos);
  CHECK(findings[0].remedy.size() > 10);
  return findings[0];
}

TEST_CASE("all is well on a sound machine, and every subject is named") {
  const std::vector<Finding> findings = judge(sound());
  for (const Finding& one : findings) {
    CHECK(one.health == Health::well);
    CHECK(one.remedy.empty());
    CHECK(!one.words.empty());
  }
  for (const char* subject : {"mpirun", "root", "MPI", "MPI threads", "UCX", "one-sided", "messages", "cores",
                              "/dev/shm", "GPUs", "HDF5", "Slurm"})
    CHECK(std::any_of(findings.begin(), findings.end(),
                      [&](const Finding& f) { return f.subject == subject; }));
}

TEST_CASE("no UCX across nodes is found; on one node it is not needed") {
  DoctorFacts facts = sound();
  facts.ucx = false;
  for (const Finding& one : judge(facts)) CHECK(one.health == Health::well);
  facts.measured->nodes = 2;
  CHECK(only_trouble(facts, "UCX", "no UCX across nodes").health == Health::broken);
  facts.measured->nodes = 1;
  facts.slurm_nodes = 4;
  CHECK(only_trouble(facts, "UCX", "no UCX across nodes").health == Health::broken);
}

TEST_CASE("a small /dev/shm is found") {
  DoctorFacts facts = sound();
  facts.shared_bytes = facts.shared_free = 64 << 20;
  CHECK(only_trouble(facts, "/dev/shm", "64 MiB").health == Health::broken);
  facts.shared_free = 300 << 20;
  CHECK(only_trouble(facts, "/dev/shm", "300 MiB").health == Health::doubtful);
}

TEST_CASE("MPI without threads is found") {
  DoctorFacts facts = sound();
  for (const auto level : {Measured::Threads::single, Measured::Threads::funneled}) {
    facts.measured->threads = level;
    CHECK(only_trouble(facts, "MPI threads", "without threads").health == Health::broken);
  }
  facts.measured->threads = Measured::Threads::serialized;
  CHECK(only_trouble(facts, "MPI threads", "gangs").health == Health::doubtful);
}

TEST_CASE("root without the variables of Open MPI is found") {
  DoctorFacts facts = sound();
  facts.root = true;
  const Finding finding = only_trouble(facts, "root", "refuses");
  CHECK(finding.health == Health::broken);
  CHECK(finding.remedy.find("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1") != std::string::npos);
  facts.root_allowed = true;
  for (const Finding& one : judge(facts)) CHECK(one.health == Health::well);
}

TEST_CASE("more ranks than cores are found; one more, rank 0, is right") {
  DoctorFacts facts = sound();
  facts.measured->ranks = facts.measured->ranks_here = 9;
  for (const Finding& one : judge(facts)) CHECK(one.health == Health::well);
  facts.measured->ranks = facts.measured->ranks_here = 10;
  CHECK(only_trouble(facts, "cores", "10 ranks of a node share 8").remedy.find("9 ranks") !=
        std::string::npos);
}

TEST_CASE("a GPU without a driver, without CUDA in the program and without NCCL are found") {
  DoctorFacts facts = sound();
  facts.gpus = 4;
  facts.cuda_built = true;
  facts.nccl = "2.28.3";
  CHECK(only_trouble(facts, "GPUs", "4 without a driver").health == Health::broken);
  facts.gpu_driver = "580.1";
  for (const Finding& one : judge(facts)) CHECK(one.health == Health::well);
  facts.nccl = "";
  only_trouble(facts, "NCCL", "not found");
  facts.cuda_built = false;
  only_trouble(facts, "CUDA", "built without");
}

TEST_CASE("no mpirun, ranks that do not start, no window and slow messages are found") {
  DoctorFacts facts = sound();
  facts.measured->latency_us = 500;
  only_trouble(facts, "messages", "slow");
  facts = sound();
  facts.measured->one_sided = false;
  facts.measured->one_sided_error = "MPI_ERR_WIN";
  only_trouble(facts, "one-sided", "MPI_ERR_WIN");
  facts = sound();
  facts.measured.reset();
  facts.not_measured = "no slots";
  only_trouble(facts, "MPI", "no slots");
  facts = sound();
  facts.mpirun = "";
  only_trouble(facts, "mpirun", "not on the PATH");
}

}  // namespace
}  // namespace apps
