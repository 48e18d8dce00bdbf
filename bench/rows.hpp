// SPDX-License-Identifier: Apache-2.0
// The rows that every bench program reports: a figure, how it spread, what raw MPI does beside it, and the
// target. Prints them as a table and writes them as JSON; measures nothing.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

namespace rankine::bench {

enum class Better { higher, lower };

/// One figure. Everything is in the row's unit, the raw value too.
struct Row {
  std::string name;
  double value = 0;              ///< of a rate the best repetition, of a latency the median call
  std::optional<double> median;  ///< of the repetitions or calls
  std::optional<double> min;     ///< of the repetitions or calls
  std::optional<double> p99;     ///< of calls; senseless for a few repetitions
  std::string unit;
  std::optional<double> raw;  ///< measured in the same run
  std::string raw_is;         ///< what was measured: "MPI_Isend messages"
  int ranks = 0;
  std::optional<double> target;
  Better better = Better::higher;
};

/// value / raw, where there is a raw value.
std::optional<double> ratio(const Row& row);
/// Whether the target is reached, where there is one.
std::optional<bool> met(const Row& row);

/// How measured values spread.
struct Spread {
  double min = 0;
  double median = 0;
  double p99 = 0;
  double max = 0;
};
/// Of at least one value; p99 by the nearest rank.
Spread spread_of(std::vector<double> values);

/// Rows of rates (the largest is the value), of costs (the smallest is) and of latencies (the median is),
/// from their repetitions or calls.
Row rate_row(std::string unit, const std::vector<double>& rates);
Row cost_row(std::string unit, const std::vector<double>& costs);
Row latency_row(std::string unit, const std::vector<double>& latencies);

/// A table: its head, and a line for a row.
void print_head(std::FILE* file);
void print_row(std::FILE* file, const Row& row);

/// A list of objects with the keys name, value, median, min, p99, unit, raw_mpi_value, ratio, raw_is, ranks,
/// target, better; null where there is nothing to say. Throws SystemError where the file cannot be written.
void write_json(const std::string& path, const std::vector<Row>& rows);

}  // namespace rankine::bench
