// SPDX-License-Identifier: Apache-2.0
// Series that break models, and what a model answers to them. Used by a test, which holds every model of the
// table to an answer, and by a program that prints the answers.
#pragma once

#include <string>
#include <vector>

#include <rankine/forecast/model.hpp>

struct HardSeries {
  std::string name;
  int season = 1;
  std::vector<double> values;
};

std::vector<HardSeries> hard_series();

/// The text of a model of the table for trying it: its name, with arguments where it needs some.
std::string example_of(std::string_view name);

struct Answer {
  std::string
      fault;  ///< what no model may do: throw, NaN, a wrong size, bounds the wrong way round; or empty
  std::string failure;
  double first = 0;  ///< the first value forecast
};

/// Fits and forecasts 6 steps, with intervals where the model has them.
Answer ask(const rankine::forecast::Model& model, const HardSeries& series);
