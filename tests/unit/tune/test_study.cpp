// SPDX-License-Identifier: Apache-2.0
// The study: budgets, tables without repetition, both modes, endings, what is refused.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/tune/study.hpp>

#include "catch.hpp"
#include "run_study.hpp"

namespace tune = rankine::tune;

namespace {

tune::Space square() {
  tune::Space space;
  space.add(tune::uniform("x", 0, 1)).add(tune::uniform("y", 0, 1));
  return space;
}

double bowl(const tune::Configuration& c) {
  return (c.values[0] - 0.3) * (c.values[0] - 0.3) + (c.values[1] - 0.6) * (c.values[1] - 0.6);
}

std::vector<tune::Configuration> history_of(const std::string& sampler, std::size_t slots,
                                            std::uint64_t luck) {
  tune::StudyOptions options;
  options.seed = 5;
  options.trials_max = 40;
  return ordered_history(square(), sampler, options, bowl, slots, luck);
}

}  // namespace

TEST_CASE("the ranking begins with what finished, then what came furthest, then what lost least") {
  tune::History history(square(), {tune::Direction::maximise}, 1);
  CHECK(history.ranking().empty());
  const auto add = [&history](tune::TrialState state, tune::Step step, double value) {
    const tune::TrialId id = history.begin({{0.5, 0.5}}).id;
    history.change(id).reports.push_back({step, {value}});
    history.change(id).values = {value};
    history.set_state(id, state);
  };
  add(tune::TrialState::paused, 3, 9);   // 0
  add(tune::TrialState::stopped, 5, 1);  // 1
  add(tune::TrialState::paused, 5, 2);   // 2
  add(tune::TrialState::failed, 8, 99);  // 3
  CHECK(history.ranking() == std::vector<tune::TrialId>{2, 1, 0});
  CHECK(history.best() == tune::kNoTrial);
  add(tune::TrialState::finished, 8, -7);  // 4
  add(tune::TrialState::finished, 9, -5);  // 5
  CHECK(history.ranking() == std::vector<tune::TrialId>{5, 4, 2, 1, 0});
  CHECK(history.ranking().front() == history.best());
}

TEST_CASE("a study ends with its budget and knows the best trial") {
  tune::StudyOptions options;
  options.trials_max = 20;
  tune::Study study(square(), options, tune::make_sampler("random"));
  double least = 1e9;
  while (auto assignment = study.ask()) {
    const double value = bowl(assignment->configuration);
    least = std::min(least, value);
    study.tell(assignment->number, {value}, 1.0);
  }
  CHECK(study.done());
  CHECK(study.history().trials().size() == 20);
  CHECK(study.cost() == 20);
  CHECK(study.history().trial(study.history().best()).values[0] == least);
}

TEST_CASE("a study ends with its cost and its time") {
  tune::StudyOptions options;
  options.cost_max = 5;
  tune::Study dear(square(), options, tune::make_sampler("random"));
  while (auto assignment = dear.ask()) dear.tell(assignment->number, {1}, 1.5);
  CHECK(dear.history().trials().size() == 4);
  options.seconds_max = 10;
  tune::Study late(square(), options, tune::make_sampler("random"));
  CHECK(late.ask(9.9));
  CHECK_FALSE(late.ask(10.0));
  CHECK_FALSE(late.done());
}

TEST_CASE("no row of a table is drawn twice, and its end is the study's") {
  tune::Space space;
  space.add(tune::levels("x", {0, 1, 2, 3}));
  space.set_rows({{0}, {1}, {2}, {3}, {3}});
  tune::Study study(space, {}, tune::make_sampler("random"));
  std::set<std::int64_t> rows;
  while (auto assignment = study.ask()) {
    rows.insert(assignment->configuration.row);
    study.tell(assignment->number, {1});
  }
  CHECK(study.done());
  CHECK(rows.size() == 5);
  CHECK(study.history().trials().size() == 5);
}

TEST_CASE("ordered: the history does not depend on how many slots there are or who ends first") {
  for (const std::string sampler : {"random"}) {
    const auto alone = history_of(sampler, 1, 1);
    REQUIRE(alone.size() == 40);
    CHECK(history_of(sampler, 4, 2) == alone);
    CHECK(history_of(sampler, 3, 3) == alone);
    CHECK(history_of(sampler, 9, 4) == alone);
  }
}

TEST_CASE("a failed trial has no value and is not the best; maximising turns the values round") {
  tune::StudyOptions options;
  options.directions = {tune::Direction::maximise};
  options.trials_max = 3;
  tune::Study study(square(), options, tune::make_sampler("random"));
  tune::Ending failed;
  failed.kind = tune::Ending::Kind::failed;
  failed.words = "out of memory";
  study.end(study.ask()->number, failed);
  study.tell(study.ask()->number, {1});
  study.tell(study.ask()->number, {2});
  CHECK(study.history().trial(0).words == "out of memory");
  CHECK(study.history().best() == 2);
  CHECK(study.history().ended() == std::vector<tune::TrialId>{1, 2});
}

TEST_CASE("what a study does not understand is refused in words") {
  tune::Study study(square(), {}, tune::make_sampler("random"));
  const auto assignment = study.ask();
  CHECK_THROWS_WITH(study.tell(7, {1}), ContainsSubstring("not open"));
  CHECK_THROWS_WITH(study.tell(assignment->number, {1, 2}), ContainsSubstring("1 objectives"));
  CHECK_THROWS_WITH(study.end(assignment->number, {}), ContainsSubstring("0 values"));
  study.tell(assignment->number, {1});
  CHECK_THROWS_WITH(study.tell(assignment->number, {1}), ContainsSubstring("not open"));
  CHECK_THROWS_WITH(tune::make_sampler("best"), ContainsSubstring("random"));
}
