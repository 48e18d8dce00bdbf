// SPDX-License-Identifier: Apache-2.0
// rankine doctor: whether this machine, or this job, is ready for runs, each thing with its remedy. Alone it
// starts two ranks to measure with; under mpirun or srun it measures with those that are there. Changes
// nothing.
#include <iostream>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.hpp"
#include "doctor_facts.hpp"

namespace apps {

namespace {

struct Wishes {
  int ranks = 2;
  bool json = false;
  bool ranks_only = false;
};

constexpr const char* kHealth[] = {"ok", "doubtful", "BROKEN"};

void print(const Finding& finding, bool json) {
  const char* health = kHealth[static_cast<std::size_t>(finding.health)];
  if (json) {
    const nlohmann::ordered_json line{{"health", health},
                                      {"subject", finding.subject},
                                      {"words", finding.words},
                                      {"remedy", finding.remedy}};
    std::cout << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
    return;
  }
  std::cout << fmt::format("{:<9} {:<12} {}\n", health, finding.subject, finding.words);
  if (!finding.remedy.empty()) std::cout << fmt::format("{:<22} Remedy: {}\n", "", finding.remedy);
}

int examine(const Wishes& wishes) {
  DoctorFacts facts;
  if (is_rank()) {
    std::string mpi;
    std::optional<Measured> measured = measure_as_rank(mpi);
    if (!measured) return 0;  // rank 0 says it
    if (wishes.ranks_only) {
      std::cout << line_of(*measured, mpi) << '\n';
      return 0;
    }
    facts = facts_of_machine();
    facts.measured = measured;
    facts.mpi = mpi;
  } else {
    facts = facts_of_machine();
    measure_by_launching(wishes.ranks, facts);
  }
  Health worst = Health::well;
  for (const Finding& finding : judge(facts)) {
    print(finding, wishes.json);
    worst = std::max(worst, finding.health);
  }
  return worst == Health::broken ? kTrouble : 0;
}

}  // namespace

Command add_doctor(CLI::App& app) {
  const auto wishes = std::make_shared<Wishes>();
  CLI::App* doctor =
      app.add_subcommand("doctor", "whether this machine or job is ready for runs, with remedies");
  doctor->add_option("-n,--ranks", wishes->ranks, "so many ranks are started to measure with")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  doctor->add_flag("--json", wishes->json, "a line of JSON for each finding");
  doctor->add_flag("--ranks-only", wishes->ranks_only, "only what ranks measure (doctor starts itself so)")
      ->group("");
  doctor->footer(
      "mpirun -n 4 rankine doctor, or srun --mpi=pmix rankine doctor in a job, examines those ranks and "
      "nodes.\n"
      "Exit code: 0, 3 something is broken.");
  return {doctor, [wishes] { return examine(*wishes); }};
}

}  // namespace apps
