// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/results.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>

#include <fmt/format.h>

#include <rankine/tune/importance.hpp>

#include "files/hdf5_writer.hpp"
#include "plot/bars.hpp"
#include "plot/chart.hpp"
#include "plot/page.hpp"
#include "plot/parallel_coordinates.hpp"

namespace rankine::tune {

namespace {

double first_of(const std::vector<double>& values) {
  return values.empty() ? std::nan("") : values.front();
}

/// As CSV wants it: in quotes where it needs them.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string made = "\"";
  for (const char c : text) {
    if (c == '"') made += '"';
    made += c == '\n' ? ' ' : c;
  }
  made += '"';
  return made;
}

std::string csv_of(const Study& study, const ResultsFrame& frame) {
  const Space& space = study.history().space();
  std::string text = "trial,state,steps,cost";
  for (std::size_t k = 0; k < study.history().objectives(); ++k)
    text += k == 0 ? fmt::format(",{}", quoted(frame.objective)) : fmt::format(",objective_{}", k);
  for (const Dimension& dimension : space.dimensions()) text += fmt::format(",{}", quoted(dimension.name));
  text += ",words\n";
  for (const Trial& trial : study.history().trials()) {
    text += fmt::format("{},{},{},{}", trial.id, name_of(trial.state), trial.last_step(), trial.cost);
    for (std::size_t k = 0; k < study.history().objectives(); ++k) {
      text += ',';
      if (k < trial.values.size()) text += fmt::format("{}", trial.values[k]);
    }
    const Parameters parameters = space.parameters(trial.configuration);
    for (const Dimension& dimension : space.dimensions()) {
      text += ',';
      if (parameters.has(dimension.name)) text += quoted(parameters.text(dimension.name));
    }
    text += fmt::format(",{}\n", quoted(trial.words));
  }
  return text;
}

void write_hdf5(const Study& study, const std::filesystem::path& path, const ResultsFrame& frame) {
  files::Hdf5Writer file(path);
  const Space& space = study.history().space();
  auto& ids = file.column<std::int64_t>("trial");
  auto& states = file.text_column("state");
  auto& steps = file.column<std::int64_t>("steps");
  auto& costs = file.column<double>("cost");
  auto& values = file.column<double>("value", {study.history().objectives()});
  auto& configurations = file.column<double>("configuration", {space.size()});
  auto& report_trials = file.column<std::int64_t>("report_trial");
  auto& report_steps = file.column<std::int64_t>("report_step");
  auto& report_values = file.column<double>("report_value", {study.history().objectives()});
  for (const Trial& trial : study.history().trials()) {
    files::append(ids, std::int64_t{trial.id});
    states.append(name_of(trial.state));
    files::append(steps, std::int64_t{trial.last_step()});
    files::append(costs, trial.cost);
    std::vector<double> row = trial.values;
    row.resize(study.history().objectives(), std::nan(""));
    files::append<double>(values, std::span<const double>(row));
    files::append<double>(configurations, std::span<const double>(trial.configuration.values));
    for (const Report& report : trial.reports) {
      files::append(report_trials, std::int64_t{trial.id});
      files::append(report_steps, std::int64_t{report.step});
      files::append<double>(report_values, std::span<const double>(report.values));
    }
  }
  std::vector<std::string> names;
  for (const Dimension& dimension : space.dimensions()) names.push_back(dimension.name);
  file.write("configuration_names", std::span<const std::string>(names));
  file.attribute("/", "title", frame.title);
  file.attribute("value", "description", frame.objective);
  file.attribute("cost", "unit", frame.cost);
  file.attribute("report_step", "unit", frame.step);
  file.attribute(
      "configuration", "description",
      "a column a hyperparameter (configuration_names); of choices their index, NaN where inactive");
  file.close();
}

/// Values of finished trials in the order in which they ended, and the best so far.
plot::Chart history_chart(const Study& study, const ResultsFrame& frame) {
  plot::Curve all, best;
  all.name = "trials";
  all.mark = plot::Mark::kPoints;
  best.name = "best so far";
  best.mark = plot::Mark::kSteps;
  const History& history = study.history();
  double least = std::numeric_limits<double>::infinity();
  double value = std::nan("");
  double ended = 0;
  for (const TrialId id : history.ended()) {
    const Trial& trial = history.trial(id);
    ended += 1;
    if (trial.state != TrialState::finished) continue;
    if (history.loss(trial) < least) least = history.loss(trial), value = first_of(trial.values);
    all.x.push_back(ended);
    all.y.push_back(first_of(trial.values));
    all.hover.push_back(fmt::format("trial {}: {}", id, history.space().describe(trial.configuration)));
    best.x.push_back(ended);
    best.y.push_back(value);
  }
  return {"Optimisation history", "trials that ended", frame.objective, false, false, {all, best}};
}

/// Those of the first trials and of the best; of trials that were stopped or paused dashed.
plot::Chart curves_chart(const Study& study, const ResultsFrame& frame) {
  constexpr std::size_t curves_max = 150;
  plot::Chart chart{"Learning curves (dashed: stopped or left behind)", frame.step, frame.objective};
  const History& history = study.history();
  for (const Trial& trial : history.trials()) {
    if (trial.reports.size() < 2 || (chart.curves.size() >= curves_max && trial.id != history.best()))
      continue;
    plot::Curve curve;
    for (const Report& report : trial.reports) {
      curve.x.push_back(static_cast<double>(report.step));
      curve.y.push_back(first_of(report.values));
    }
    const bool best = trial.id == history.best();
    curve.dashed = trial.state != TrialState::finished;
    curve.opacity = best ? 1 : 0.4;
    curve.width = best ? 2.6 : 1;
    if (best) curve.name = "best";
    chart.curves.push_back(std::move(curve));
  }
  return chart;
}

plot::ParallelCoordinates parallel(const Study& study, const ResultsFrame& frame) {
  constexpr std::size_t lines_max = 1000;
  plot::ParallelCoordinates picture{"Hyperparameters of all trials", {}, {}};
  const History& history = study.history();
  for (const Dimension& dimension : history.space().dimensions()) {
    plot::ParallelAxis axis{dimension.name, dimension.logarithmic};
    if (dimension.kind == Kind::categorical) axis.categories = dimension.choices;
    picture.axes.push_back(std::move(axis));
  }
  picture.axes.push_back({frame.objective});
  for (const Trial& trial : history.trials()) {
    if (picture.lines.size() >= lines_max) break;
    const double loss = history.loss(trial);
    plot::ParallelLine line{trial.configuration.values, std::isfinite(loss) ? loss : std::nan(""),
                            fmt::format("trial {}, {}", trial.id, name_of(trial.state))};
    line.values.push_back(first_of(trial.values));
    picture.lines.push_back(std::move(line));
  }
  return picture;
}

plot::Bars importance_bars(const Study& study) {
  std::vector<Configuration> configurations;
  std::vector<double> losses;
  const History& history = study.history();
  for (const Trial& trial : history.trials()) {
    if (trial.values.empty()) continue;
    configurations.push_back(trial.configuration);
    losses.push_back(history.loss(trial));
  }
  const auto shares = importances(history.space(), configurations, losses, history.seed());
  plot::Bars bars{"Importance: the share of the loss' rank that each explains alone", "%", {}};
  for (std::size_t k = 0; k < shares.size(); ++k)
    bars.bars.push_back({history.space().dimension(k).name, std::round(1000 * shares[k]) / 10});
  std::stable_sort(bars.bars.begin(), bars.bars.end(),
                   [](const plot::Bar& a, const plot::Bar& b) { return a.value > b.value; });
  return bars;
}

void add_best_table(plot::Page& page, const Study& study, const ResultsFrame& frame) {
  constexpr std::size_t rows_max = 10;
  const History& history = study.history();
  std::vector<TrialId> best = history.ranking();
  if (best.size() > rows_max) best.resize(rows_max);
  std::vector<std::string> header{"trial", "state", frame.objective, "cost"};
  for (const Dimension& dimension : history.space().dimensions()) header.push_back(dimension.name);
  std::vector<std::vector<std::string>> rows;
  for (const TrialId id : best) {
    const Trial& trial = history.trial(id);
    const Parameters parameters = history.space().parameters(trial.configuration);
    rows.push_back({fmt::format("{}", id), name_of(trial.state),
                    fmt::format("{:.6g}", first_of(trial.values)), fmt::format("{:.4g}", trial.cost)});
    for (const Dimension& dimension : history.space().dimensions()) {
      rows.back().emplace_back();  // stays empty where the hyperparameter is inactive
      for (const auto& [name, value] : parameters.all())
        if (name == dimension.name) rows.back().back() = short_text_of(value);
    }
  }
  page.heading("Best trials");
  page.table(header, rows);
}

void write_page(const Study& study, const std::filesystem::path& path, const ResultsFrame& frame) {
  plot::Page page(frame.title);
  std::vector<std::vector<std::string>> facts;
  for (const auto& [name, words] : frame.facts) facts.push_back({name, words});
  if (!facts.empty()) page.table({"", ""}, facts);
  page.picture(plot::svg_of(history_chart(study, frame)));
  add_best_table(page, study, frame);
  page.picture(plot::svg_of(parallel(study, frame)),
               "Warm: good. A line is broken where a hyperparameter is inactive.");
  page.picture(plot::svg_of(importance_bars(study)),
               "First-order terms of functional ANOVA on a forest of randomised trees.");
  page.picture(plot::svg_of(curves_chart(study, frame)));
  page.write(path);
}

}  // namespace

std::string name_of(TrialState state) {
  switch (state) {
    case TrialState::running:
      return "running";
    case TrialState::paused:
      return "paused";
    case TrialState::finished:
      return "finished";
    case TrialState::stopped:
      return "stopped";
    case TrialState::failed:
      return "failed";
  }
  return "unknown";
}

std::string toml_of(const Space& space, const Configuration& configuration) {
  std::string text;
  const Parameters parameters = space.parameters(configuration);
  for (const auto& [name, value] : parameters.all()) {
    const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
      return std::isalnum(c) != 0 || c == '_' || c == '-';
    });
    text += bare ? fmt::format("{} = ", name) : fmt::format("\"{}\" = ", name);
    if (const auto* words = std::get_if<std::string>(&value)) {
      text += '"';
      for (const char c : *words) {
        if (c == '"' || c == '\\') text += '\\';
        text += c;
      }
      text += "\"\n";
    } else {
      text += fmt::format("{}\n", text_of(value));
    }
  }
  return text;
}

void write_results(const Study& study, const std::filesystem::path& folder, const ResultsFrame& frame) {
  plot::write_whole(folder / "results.csv", csv_of(study, frame));
  write_hdf5(study, folder / "results.h5", frame);
  const History& history = study.history();
  std::string best = "# no trial has a value\n";
  if (const std::vector<TrialId> ranking = history.ranking(); !ranking.empty()) {
    const Trial& trial = history.trial(ranking.front());
    best = fmt::format("# trial {}, {}: {} {}\n", trial.id, name_of(trial.state), frame.objective,
                       first_of(trial.values)) +
           toml_of(history.space(), trial.configuration);
  }
  plot::write_whole(folder / "best.toml", best);
  write_page(study, folder / "report.html", frame);
}

}  // namespace rankine::tune
