// SPDX-License-Identifier: Apache-2.0
#include "rows.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>

namespace rankine::bench {

namespace {

nlohmann::json or_null(const std::optional<double>& number) {
  return number && std::isfinite(*number) ? nlohmann::json(*number) : nlohmann::json();
}

std::string or_blank(const std::optional<double>& number, int digits) {
  return number ? fmt::format("{:.{}g}", *number, digits) : std::string();
}

}  // namespace

std::optional<double> ratio(const Row& row) {
  if (!row.raw || *row.raw == 0) return {};
  return row.value / *row.raw;
}

std::optional<bool> met(const Row& row) {
  if (!row.target) return {};
  return row.better == Better::higher ? row.value >= *row.target : row.value <= *row.target;
}

Spread spread_of(std::vector<double> values) {
  check(!values.empty(), "a spread is of at least one value");
  std::sort(values.begin(), values.end());
  const std::size_t count = values.size();
  const std::size_t p99 = (count * 99 + 99) / 100 - 1;
  const double median = count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
  return {values.front(), median, values[p99], values.back()};
}

namespace {

Row row_of(std::string unit, const Spread& spread) {
  Row row;
  row.unit = std::move(unit);
  row.median = spread.median;
  row.min = spread.min;
  return row;
}

}  // namespace

Row rate_row(std::string unit, const std::vector<double>& rates) {
  const Spread spread = spread_of(rates);
  Row row = row_of(std::move(unit), spread);
  row.value = spread.max;
  return row;
}

Row cost_row(std::string unit, const std::vector<double>& costs) {
  const Spread spread = spread_of(costs);
  Row row = row_of(std::move(unit), spread);
  row.value = spread.min;
  row.better = Better::lower;
  return row;
}

Row latency_row(std::string unit, const std::vector<double>& latencies) {
  const Spread spread = spread_of(latencies);
  Row row = row_of(std::move(unit), spread);
  row.value = spread.median;
  row.p99 = spread.p99;
  row.better = Better::lower;
  return row;
}

void print_head(std::FILE* file) {
  fmt::print(file, "{:<46} {:>5} {:>11} {:>11} {:>11} {:>11} {:<6} {:>10} {:>8} {:>10} {:<4} {}\n", "name",
             "ranks", "value", "median", "min", "p99", "unit", "raw", "ratio", "target", "met?", "raw is");
}

void print_row(std::FILE* file, const Row& row) {
  const std::optional<bool> good = met(row);
  const std::string line =
      fmt::format("{:<46} {:>5} {:>11.5g} {:>11} {:>11} {:>11} {:<6} {:>10} {:>8} {:>10} {:<4} {}", row.name,
                  row.ranks, row.value, or_blank(row.median, 5), or_blank(row.min, 5), or_blank(row.p99, 5),
                  row.unit, or_blank(row.raw, 4), or_blank(ratio(row), 3), or_blank(row.target, 7),
                  good ? (*good ? "yes" : "NO") : "", row.raw_is);
  fmt::print(file, "{}\n", line.substr(0, line.find_last_not_of(' ') + 1));
  std::fflush(file);
}

void write_json(const std::string& path, const std::vector<Row>& rows) {
  nlohmann::json list = nlohmann::json::array();
  for (const Row& row : rows) {
    list.push_back({{"name", row.name},
                    {"value", or_null(row.value)},
                    {"median", or_null(row.median)},
                    {"min", or_null(row.min)},
                    {"p99", or_null(row.p99)},
                    {"unit", row.unit},
                    {"raw_mpi_value", or_null(row.raw)},
                    {"ratio", or_null(ratio(row))},
                    {"raw_is", row.raw_is},
                    {"ranks", row.ranks},
                    {"target", or_null(row.target)},
                    {"better", row.better == Better::higher ? "higher" : "lower"}});
  }
  std::ofstream file(path);
  file << list.dump(2) << '\n';
  if (!file.flush()) throw SystemError("rankine: the file of the rows cannot be written: " + path);
}

}  // namespace rankine::bench
