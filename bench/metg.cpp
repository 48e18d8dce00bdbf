// SPDX-License-Identifier: Apache-2.0
// rankine-bench-metg: METG(50 %) of Task Bench's graphs, the smallest task that still gets half of peak,
// beside hand-written MPI in the same run. mpirun -n 2 (or more) rankine-bench-metg [--quick] [--json FILE]
// writes the rows, and the curves of efficiency against granularity to FILE.curves.json.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <mpi.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <rankine/rankine.hpp>

#include "command_line.hpp"
#include "metg_curve.hpp"
#include "metg_graph.hpp"
#include "metg_rankine.hpp"
#include "metg_raw.hpp"
#include "rows.hpp"

namespace rk = rankine;
namespace bench = rankine::bench;

namespace {

constexpr double kTargetTrivial = 5;
constexpr double kTargetDependent = 20;
constexpr std::int32_t kColumnsPerWorker = 4;

struct Settings {
  bench::CommandLine common;
  std::int32_t width = 0;  ///< 0: kColumnsPerWorker for each worker
  int sweeps = 0;          ///< 0: 5, or 3 if it is to be quick
  bench::SweepSettings sweep = {.ratio = 1.4142135623730951, .seconds = 0.03};
};

/// One system on one pattern.
struct Series {
  std::string pattern;
  std::string system;
  std::vector<double> metg;  ///< of each sweep
  bench::Curve curve;
};

struct Table {
  std::vector<Series> series;
  const Series* find(const std::string& pattern, const std::string& system) const {
    for (const Series& one : series) {
      if (one.pattern == pattern && one.system == system) return &one;
    }
    return nullptr;
  }
};

using Run = std::function<bench::Measured(const bench::TaskGraph&, std::int64_t iterations)>;

Series measure(const std::string& system, bench::Pattern pattern, const Settings& settings,
               const bench::Peak& peak, const Run& run) {
  Series series{bench::name_of(pattern), system, {}, {}};
  const auto of_size = [&](std::int64_t iterations, std::int64_t tasks) {
    const auto steps = std::max<std::int64_t>(8, tasks / settings.width);
    return run({pattern, settings.width, static_cast<std::int32_t>(steps)}, iterations);
  };
  std::vector<bench::Curve> curves;
  for (int i = 0; i < settings.sweeps; ++i) {
    curves.push_back(bench::sweep(of_size, peak, settings.sweep));
    if (const auto metg = bench::metg(curves.back())) series.metg.push_back(*metg);
  }
  series.curve = bench::median_curve(curves);
  return series;
}

std::string row_name(const Series& series) {
  const std::string name = "metg_50_" + series.pattern;
  return series.system == "rankine" ? name : name + "_" + series.system;
}

bool wanted(const Settings& settings, const std::string& pattern) {
  return settings.common.wants("metg_50_" + pattern);
}

struct Peaks {
  bench::Peak workers;
  bench::Peak all;
};

/// On rank 0, while the others serve.
Peaks measure_raw(const Settings& settings, Table& table) {
  bench::RawRanks raw;
  const auto cpus = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  const double seconds = settings.common.quick ? 0.2 : 0.5;
  const Peaks peaks{raw.peak(false, cpus, seconds), raw.peak(true, cpus, seconds)};
  for (const bench::Pattern pattern : bench::kPatterns) {
    if (!wanted(settings, bench::name_of(pattern))) continue;
    table.series.push_back(measure("mpi_manager", pattern, settings, peaks.workers,
                                   [&](const auto& graph, auto n) { return raw.run_managed(graph, n); }));
    if (pattern == bench::Pattern::trivial) continue;
    table.series.push_back(measure("mpi_static", pattern, settings, peaks.all,
                                   [&](const auto& graph, auto n) { return raw.run_static(graph, n); }));
  }
  return peaks;
}

void measure_rankine(const Settings& settings, const bench::Peak& peak, Table& table) {
  for (const bench::Pattern pattern : bench::kPatterns) {
    if (!wanted(settings, bench::name_of(pattern))) continue;
    table.series.push_back(measure("rankine", pattern, settings, peak, bench::run_by_submit));
    if (pattern != bench::Pattern::trivial) continue;
    table.series.push_back(measure("map", pattern, settings, peak, bench::run_by_map));
  }
}

/// The figures of Rankine with the manager beside them, then those of the static program.
std::vector<bench::Row> rows_of(const Table& table, int ranks) {
  std::vector<bench::Row> rows;
  for (const std::string system : {"rankine", "map", "mpi_static"}) {
    for (const Series& series : table.series) {
      if (series.system != system || series.metg.empty()) continue;
      bench::Row row = bench::latency_row("us", series.metg);
      row.name = row_name(series);
      row.p99.reset();  // of a few sweeps
      row.ranks = ranks;
      const Series* manager = table.find(series.pattern, "mpi_manager");
      if (system != "mpi_static") {
        row.target = series.pattern == "trivial" ? kTargetTrivial : kTargetDependent;
        if (!manager->metg.empty()) row.raw = bench::spread_of(manager->metg).median;
        row.raw_is = "hand-written MPI manager-worker";
      }
      rows.push_back(std::move(row));
    }
  }
  return rows;
}

void print_curves(const Table& table) {
  fmt::print("\n{:<16} {:<12} {}\n", "pattern", "system", "granularity in us: efficiency");
  for (const Series& series : table.series) {
    fmt::print("{:<16} {:<12}", series.pattern, series.system);
    for (const bench::CurvePoint& point : series.curve)
      fmt::print(" {:.3g}:{:.2f}", point.granularity_us, point.efficiency);
    fmt::print("\n");
  }
}

void write_curves(const std::string& path, const Table& table, int ranks) {
  nlohmann::json curves = nlohmann::json::array();
  for (const Series& series : table.series) {
    nlohmann::json points = nlohmann::json::array();
    for (const bench::CurvePoint& point : series.curve)
      points.push_back({point.granularity_us, point.efficiency});
    curves.push_back(
        {{"pattern", series.pattern}, {"system", series.system}, {"ranks", ranks}, {"points", points}});
  }
  std::ofstream file(path);
  file << nlohmann::json{{"name", "metg_curves"}, {"curves", curves}}.dump(1) << '\n';
  if (!file.flush()) throw rk::SystemError("rankine-bench-metg: cannot write " + path);
}

/// What never reached half of peak, or never fell below it, is said: it has no figure.
void complain(const Table& table) {
  if (table.series.empty()) std::fprintf(stderr, "rankine-bench-metg: --filter wants no pattern\n");
  for (const Series& series : table.series) {
    if (!series.metg.empty()) continue;
    std::fprintf(stderr, "rankine-bench-metg: %s by %s: the curve does not cross 50 %%\n",
                 series.pattern.c_str(), series.system.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app{"METG(50 %) of Task Bench's graphs beside hand-written MPI. Run with mpirun -n 2 or more."};
  settings.common.add_to(app);
  app.add_option("--width", settings.width, "columns of the graphs; default 4 for each worker")
      ->check(CLI::Range(2, bench::kWidthMax));
  app.add_option("--sweeps", settings.sweeps, "how often each curve is measured")->check(CLI::PositiveNumber);

  rk::Runtime runtime(rk::RuntimeOptions{.cpus = 1});  // a rank is one core
  if (const auto code = bench::parse(app, argc, argv, runtime.is_head())) return *code;
  if (runtime.size() < 2) {
    std::fprintf(stderr, "rankine-bench-metg: needs a rank that works beside rank 0: mpirun -n 2 or more\n");
    return 2;
  }
  if (settings.width == 0)
    settings.width = std::min(bench::kWidthMax, kColumnsPerWorker * (runtime.size() - 1));
  if (settings.sweeps == 0) settings.sweeps = settings.common.quick ? 3 : 5;
  if (settings.common.quick) {
    settings.sweep.ratio = 2;
    settings.sweep.seconds = 0.015;
  }

  Table table;
  Peaks peaks;
  try {
    if (runtime.is_head()) {
      peaks = measure_raw(settings, table);
    } else {
      bench::serve_raw();
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  return runtime.run([&] {
    measure_rankine(settings, peaks.workers, table);
    const std::vector<bench::Row> rows = rows_of(table, runtime.size());
    fmt::print("{} ranks, {} columns, {} workers on {} cores\n", runtime.size(), settings.width,
               runtime.size() - 1, peaks.workers.cores);
    bench::print_head(stdout);
    for (const bench::Row& row : rows) bench::print_row(stdout, row);
    print_curves(table);
    if (!settings.common.json.empty()) {
      bench::write_json(settings.common.json, rows);
      write_curves(settings.common.json + ".curves.json", table, runtime.size());
    }
    complain(table);
    return table.series.empty() ? 1 : 0;
  });
}
