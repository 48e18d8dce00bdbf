// SPDX-License-Identifier: Apache-2.0
// Every model of the table answers every series that breaks models with a finite forecast or a sentence, and
// with the same bits beside others as alone.
#include <cstring>

#include "catch.hpp"
#include "corpus.hpp"
#include "forecast/registry.hpp"

namespace {

using namespace rankine::forecast;

TEST_CASE("Each model of the table answers each hard series") {
  const auto corpus = hard_series();
  for (const Registered& one : registered()) {
    const ModelPointer model = make_model(example_of(one.name));
    for (const HardSeries& series : corpus) {
      INFO(model->name() << " on " << series.name);
      const Answer answer = ask(*model, series);
      CHECK(answer.fault == "");
      if (series.values.empty() || series.name == "missing value" || series.name == "infinite value")
        CHECK(answer.failure != "");
    }
  }
}

TEST_CASE("A fit has the same bits beside series that break models as alone") {
  const auto corpus = hard_series();
  for (const Registered& one : registered()) {
    const ModelPointer model = make_model(example_of(one.name));
    std::vector<Problem> problems;
    std::vector<Fit> alone;
    for (const HardSeries& series : corpus) {
      const Problem problem{.values = series.values, .season = series.season, .key = 3};
      Fit fit = fit_one(*model, problem);
      if (!fit.failure.empty()) continue;
      problems.push_back(problem);
      alone.push_back(std::move(fit));
    }
    std::vector<Fit> together(problems.size());
    model->fit(problems, together);
    const auto same = [](const std::vector<double>& a, const std::vector<double>& b) {
      return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), 8 * a.size()) == 0);
    };
    for (std::size_t i = 0; i < problems.size(); ++i) {
      INFO(model->name() << ", fit " << i << ", " << alone[i].form);
      CHECK(together[i].form == alone[i].form);
      CHECK(same(together[i].parameters, alone[i].parameters));
      CHECK(same(together[i].state, alone[i].state));
    }
  }
}

TEST_CASE("Constants, lines and cycles are forecast as what they are") {
  const std::vector<double> constant(40, 7.25);
  for (const Registered& one : registered()) {
    const ModelPointer model = make_model(example_of(one.name));
    INFO(model->name());
    const Answer answer = ask(*model, {"constant", 1, constant});
    if (one.name == "SBA") {
      CHECK(answer.first == Approx(0.95 * 7.25));
    } else if (answer.failure.empty()) {
      CHECK(answer.first == Approx(7.25).epsilon(1e-3));
    }
  }
}

}  // namespace
