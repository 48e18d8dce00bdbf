// SPDX-License-Identifier: Apache-2.0
// Fits models of the library to the series of a file and writes what compare.py holds against R's answers.
//   forecast_reference SERIES.csv MODELS HORIZON BATCH > ANSWERS.csv
// SERIES: id,season,values separated by blanks. ANSWERS: id,model,form,loglik,aicc,evaluations,forecasts
// separated by blanks. The last line, on stderr, says how long the fits took.
#include <chrono>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <rankine/forecast/model.hpp>

namespace {

namespace rf = rankine::forecast;

struct Row {
  std::string id;
  int season = 1;
  std::vector<double> values;
};

std::vector<Row> read_rows(const std::string& path) {
  std::ifstream file(path);
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    Row row;
    std::string season;
    std::istringstream text(line);
    std::getline(text, row.id, ',');
    std::getline(text, season, ',');
    row.season = std::stoi(season);
    for (double value = 0; text >> value;) row.values.push_back(value);
    rows.push_back(std::move(row));
  }
  return rows;
}

void print(const Row& row, const rf::Model& model, const rf::Fit& fit, int horizon) {
  std::string form = fit.failure.empty() ? fit.form : "failed";
  for (char& c : form) c = c == ',' ? ';' : c;
  fmt::print("{},\"{}\",{},{:.6f},{:.6f},{},", row.id, model.name(), form, fit.loglik, fit.aicc,
             fit.evaluations);
  if (fit.failure.empty() && horizon > 0) {
    rf::Request request;
    request.horizon = horizon;
    fmt::print("{}", fmt::join(model.predict(fit, request).mean, " "));
  }
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: forecast_reference SERIES.csv MODELS HORIZON BATCH\n";
    return 2;
  }
  const std::vector<Row> rows = read_rows(argv[1]);
  const int horizon = std::stoi(argv[3]);
  const auto batch = static_cast<std::size_t>(std::stoul(argv[4]));
  std::vector<rf::Problem> problems(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    problems[i].values = rows[i].values;
    problems[i].season = rows[i].season;
    problems[i].key = i;
  }
  for (const rf::ModelPointer& model : rf::make_models(argv[2])) {
    std::vector<rf::Fit> fits(rows.size());
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < rows.size(); i += batch) {
      const std::size_t count = std::min(batch, rows.size() - i);
      model->fit(std::span(problems).subspan(i, count), std::span(fits).subspan(i, count));
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    std::int64_t evaluations = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      print(rows[i], *model, fits[i], horizon);
      evaluations += fits[i].evaluations;
    }
    fmt::print(stderr, "{}: {} series in {:.3f} s, {:.4f} ms a series, {:.1f} evaluations a series\n",
               model->name(), rows.size(), taken.count(),
               1e3 * taken.count() / static_cast<double>(rows.size()),
               static_cast<double>(evaluations) / static_cast<double>(rows.size()));
  }
}
