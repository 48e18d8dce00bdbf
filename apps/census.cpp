// SPDX-License-Identifier: Apache-2.0
// rankine-census: one classifier for each group of a table, beside a single one for all rows. An example of
// rk::many_models with a user's own model (boosted_trees.hpp): which groups are served better by a model of
// their own? It reads CSV, gzip CSV or HDF5, or generates a table; each group's rows are split into training,
// validation and test rows by their numbers and the seed. Results do not depend on the number of ranks.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/serialization/vector.hpp>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <unordered_map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/many_models.hpp>
#include <rankine/rankine.hpp>
#include <rankine/serialize/boost.hpp>

#include "boosted_trees.hpp"
#include "run_options.hpp"

namespace rk = rankine;

namespace census {

constexpr int kSomeFailed = 3;  // exit code: results are there, but some groups could not be fitted
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// ---- Options

struct Settings {
  std::string data;
  std::vector<std::string> by;
  std::string label;
  std::string positive;
  std::vector<std::string> drop;
  std::vector<std::string> names;
  std::uint64_t rows = 20'000;
  std::uint64_t memory = std::uint64_t{1} << 30;
  std::uint64_t seed = 1;
  double test_share = 0.25;
  BoostOptions boost;
  apps::RunOptions run;
};

void add_options(CLI::App& app, Settings& settings) {
  app.add_option("--data", settings.data, "CSV, gzip CSV or HDF5 (default: a generated table)");
  app.add_option("--by", settings.by, "key columns (default: education,sex; generated region,product)")
      ->delimiter(',');
  app.add_option("--label", settings.label, "the column to be predicted (default: income; generated label)");
  app.add_option("--positive", settings.positive, "the label's value that counts as 1 (default: >50K; 1)");
  app.add_option("--drop", settings.drop, "columns that are not used")->delimiter(',');
  app.add_option(
         "--names", settings.names,
         "names of the columns of a CSV file without a header; `adult` stands for those of the census "
         "income table of the UCI repository")
      ->delimiter(',');
  app.add_option("--rows", settings.rows, "without --data: how many rows to generate")
      ->check(CLI::Range(std::uint64_t{100}, std::uint64_t{1'000'000'000}));
  app.add_option("--memory", settings.memory,
                 "bytes for the table's values; a larger one goes through files");
  app.add_option("--seed", settings.seed, "of the split and of the generated table");
  app.add_option("--test-share", settings.test_share, "of the rows, held out")->check(CLI::Range(0.05, 0.9));
  app.add_option("--trees", settings.boost.trees, "a model at most")->check(CLI::Range(1, 10'000));
  app.add_option("--depth", settings.boost.depth, "of a tree")->check(CLI::Range(1, 12));
  app.add_option("--shrinkage", settings.boost.shrinkage, "of each tree's values")
      ->check(CLI::Range(1e-4, 1.0));
  apps::add_run_options(app, settings.run, "groups.h5, global.h5");
  app.footer(
      "Exit code: 0 all groups fitted or stopped before the wall time, to be run again; 1 wrong input or a "
      "failed system call, 2 the run could not begin, 3 some groups could not be fitted.");
}

void fill_defaults(Settings& settings) {
  const bool generated = settings.data.empty();
  const auto or_else = [](std::string& text, const char* otherwise) {
    if (text.empty()) text = otherwise;
  };
  if (settings.by.empty())
    settings.by = generated ? std::vector<std::string>{"region", "product"}
                            : std::vector<std::string>{"education", "sex"};
  or_else(settings.label, generated ? "label" : "income");
  or_else(settings.positive, generated ? "1" : ">50K");
  if (settings.names == std::vector<std::string>{"adult"}) {
    settings.names = {"age",
                      "workclass",
                      "fnlwgt",
                      "education",
                      "education-num",
                      "marital-status",
                      "occupation",
                      "relationship",
                      "race",
                      "sex",
                      "capital-gain",
                      "capital-loss",
                      "hours-per-week",
                      "native-country",
                      "income"};
  }
}

// ---- The model of one group: the function that many_models calls

/// What the function needs besides the rows.
struct Task {
  std::string label;
  std::string positive;
  double test_share = 0.25;
  BoostOptions boost;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& label& positive& test_share;
    ar& boost.trees& boost.depth& boost.shrinkage& boost.l2& boost.rows_min& boost.patience& boost.smoothing;
  }
};

struct Scores {
  double auc = kNaN;  ///< NaN where the test rows are of one class
  double accuracy = kNaN;
  double log_loss = kNaN;
};

struct Fitted {
  std::int64_t train_rows = 0;  ///< with the validation rows
  std::int64_t test_rows = 0;
  double positive_share = kNaN;  ///< of the training rows
  std::int64_t trees = 0;
  Scores scores;                         ///< on the test rows
  std::vector<double> test_row;          ///< numbers of the test rows in the table
  std::vector<double> test_label;        ///< 0 or 1
  std::vector<double> test_probability;  ///< of 1

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& train_rows& test_rows& positive_share& trees;
    ar& scores.auc& scores.accuracy& scores.log_loss& test_row& test_label& test_probability;
  }
  template <class Visit>
  void describe(Visit&& visit) const {
    visit("train_rows", train_rows);
    visit("test_rows", test_rows);
    visit("positive_share", positive_share);
    visit("trees", trees);
    visit("auc", scores.auc);
    visit("accuracy", scores.accuracy);
    visit("log_loss", scores.log_loss);
    visit("test_row", test_row);
    visit("test_label", test_label);
    visit("test_probability", test_probability);
  }
};

/// Rank of Mann and Whitney, ties counted half.
double area_under_curve(const std::vector<double>& labels, const std::vector<double>& probabilities) {
  std::vector<std::size_t> order(labels.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return probabilities[a] < probabilities[b]; });
  double positives = 0;
  double rank_sum = 0;
  for (std::size_t first = 0; first < order.size();) {
    std::size_t last = first;
    double ones = 0;
    for (; last < order.size() && probabilities[order[last]] == probabilities[order[first]]; ++last)
      ones += labels[order[last]];
    rank_sum += ones * (static_cast<double>(first + 1 + last) / 2);  // the mean of ranks first+1 .. last
    positives += ones;
    first = last;
  }
  const double negatives = static_cast<double>(labels.size()) - positives;
  if (positives == 0 || negatives == 0) return kNaN;
  return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives);
}

Scores score(const std::vector<double>& labels, const std::vector<double>& probabilities) {
  if (labels.empty()) return {};
  double right = 0;
  double loss = 0;
  for (std::size_t k = 0; k < labels.size(); ++k) {
    const double p = std::clamp(probabilities[k], 1e-15, 1 - 1e-15);
    right += (p > 0.5) == (labels[k] == 1) ? 1 : 0;
    loss -= std::log(labels[k] == 1 ? p : 1 - p);
  }
  const auto count = static_cast<double>(labels.size());
  return {area_under_curve(labels, probabilities), right / count, loss / count};
}

/// The label of each row. Throws InputError where it is missing or its column has no value `positive`.
std::vector<std::uint8_t> labels_of(const rk::Group& group, const Task& task) {
  const rk::TableColumn& column = group.schema().columns[group.schema().at(task.label)];
  std::vector<std::uint8_t> labels;
  if (column.type == rk::ColumnType::text) {
    const auto found = std::find(column.categories.begin(), column.categories.end(), task.positive);
    if (found == column.categories.end()) {
      throw rk::InputError(fmt::format("column \"{}\" has no value \"{}\"; it has: {}", task.label,
                                       task.positive, fmt::join(column.categories, ", ")));
    }
    for (const std::int32_t code : group.codes(task.label)) {
      if (code < 0) throw rk::InputError(fmt::format("column \"{}\" has missing values", task.label));
      labels.push_back(code == found - column.categories.begin());
    }
    return labels;
  }
  double positive = kNaN;
  std::from_chars(task.positive.data(), task.positive.data() + task.positive.size(), positive);
  for (const double value : group.values(task.label)) {
    if (std::isnan(value)) throw rk::InputError(fmt::format("column \"{}\" has missing values", task.label));
    labels.push_back(value == positive);
  }
  return labels;
}

struct SplitRows {
  std::vector<std::uint32_t> train;
  std::vector<std::uint32_t> validation;
  std::vector<std::uint32_t> test;
};

/// By the rows' numbers in the table: a row is on the same side in whatever group it is.
SplitRows split(const rk::Group& group, const Task& task, std::uint64_t seed) {
  constexpr double validation_share = 0.2;  // of the rest
  SplitRows rows;
  for (std::uint32_t row = 0; row < group.rows(); ++row) {
    rk::Philox random(seed, rk::hash_mix(1, group.row_numbers()[row]));
    const double draw = random.uniform();
    const bool validates = random.uniform() < validation_share;
    (draw < task.test_share ? rows.test : validates ? rows.validation : rows.train).push_back(row);
  }
  return rows;
}

std::vector<BinnedColumn> features_of(const rk::Group& group, const Task& task, const SplitRows& rows) {
  std::vector<BinnedColumn> features;
  for (const rk::TableColumn& column : group.schema().columns) {
    if (column.name == task.label) continue;
    features.push_back(column.type == rk::ColumnType::text
                           ? bin_codes(group.codes(column.name))
                           : bin_numbers(group.values(column.name), rows.train));
  }
  return features;
}

Fitted fit_classifier(const rk::Group& group, const Task& task, std::uint64_t seed) {
  const std::vector<std::uint8_t> labels = labels_of(group, task);
  SplitRows rows = split(group, task, seed);
  if (rows.train.empty()) throw rk::InputError(fmt::format("{} rows leave none to learn from", group.rows()));
  const std::vector<BinnedColumn> features = features_of(group, task, rows);
  Fitted fitted;
  fitted.train_rows = static_cast<std::int64_t>(rows.train.size() + rows.validation.size());
  fitted.test_rows = static_cast<std::int64_t>(rows.test.size());
  double ones = 0;
  for (const auto* part : {&rows.train, &rows.validation}) {
    for (const std::uint32_t row : *part) ones += labels[row];
  }
  fitted.positive_share = ones / static_cast<double>(fitted.train_rows);
  BoostedTrees model;
  model.fit(features, labels, rows.train, rows.validation, task.boost);
  fitted.trees = static_cast<std::int64_t>(model.trees());
  for (const std::uint32_t row : rows.test) {
    fitted.test_row.push_back(static_cast<double>(group.row_numbers()[row]));
    fitted.test_label.push_back(labels[row]);
    fitted.test_probability.push_back(model.probability(features, row));
  }
  fitted.scores = score(fitted.test_label, fitted.test_probability);
  return fitted;
}

// ---- The table

/// Regions and products whose customers differ in the level, in the slopes, and in which colour they like.
std::filesystem::path generate_table(const Settings& settings) {
  const std::filesystem::path path = std::filesystem::path(settings.run.out) / "generated.csv";
  std::ofstream file(path);
  file << "region,product,age,income,visits,colour,label\n";
  const char* const colours[] = {"red", "green", "blue", "white", "black"};
  for (std::uint64_t row = 0; row < settings.rows; ++row) {
    rk::Philox random(settings.seed, rk::hash_mix(2, row));
    const std::uint64_t region = random.below(6);
    const std::uint64_t product = std::min(random.below(5), random.below(5));  // some sell better
    rk::Philox taste(settings.seed, rk::hash_mix(3, 10 * region + product));
    const double age = 18 + 60 * random.uniform();
    const double income = std::exp(10 + 0.5 * random.normal());
    const std::uint64_t visits = random.below(12);
    const std::uint64_t colour = random.below(5);
    double odds = taste.normal() + 1.5 * taste.normal() * (age - 48) / 17 +
                  taste.normal() * (std::log(income) - 10) / 0.5 + 0.15 * static_cast<double>(visits);
    if (taste.below(5) == colour) odds += 2;
    const bool label = random.uniform() < 1 / (1 + std::exp(-odds));
    file << fmt::format("R{},P{},{:.0f},{},{},{},{:d}\n", region, product, age,
                        random.uniform() < 0.05 ? "" : fmt::format("{:.0f}", income), visits, colours[colour],
                        label);
  }
  if (!file.flush()) throw rk::SystemError(fmt::format("writing {} failed; free some space", path.string()));
  return path;
}

/// The table in groups by `by`, without the dropped columns.
rk::Groups read_table(const std::filesystem::path& path, const Settings& settings,
                      const std::vector<std::string>& by) {
  return rk::read_groups(path, {.by = by,
                                .without = settings.drop,
                                .names = settings.names,
                                .missing = {"?"},
                                .comment = '|',
                                .memory_bytes = settings.memory});
}

// ---- The report

/// A group's scores beside those of the single model on the same test rows.
struct Compared {
  std::size_t group = 0;
  Scores own;
  Scores global;
};

struct Comparison {
  std::vector<Compared> groups;  ///< those with test rows
  Scores own;                    ///< on the test rows of all of them together
  Scores global;
};

Comparison compare(const rk::GroupResults<Fitted>& groups, const Fitted& global) {
  std::unordered_map<double, double> global_probability;
  for (std::size_t k = 0; k < global.test_row.size(); ++k)
    global_probability.emplace(global.test_row[k], global.test_probability[k]);
  Comparison comparison;
  std::vector<double> labels;
  std::vector<double> own;
  std::vector<double> other;
  for (std::size_t g = 0; g < groups.outcomes.size(); ++g) {
    if (!groups.outcomes[g].value || groups.outcomes[g].value->test_rows == 0) continue;
    const Fitted& fitted = *groups.outcomes[g].value;
    std::vector<double> by_global;
    for (const double row : fitted.test_row) by_global.push_back(global_probability.at(row));
    comparison.groups.push_back({g, fitted.scores, score(fitted.test_label, by_global)});
    labels.insert(labels.end(), fitted.test_label.begin(), fitted.test_label.end());
    own.insert(own.end(), fitted.test_probability.begin(), fitted.test_probability.end());
    other.insert(other.end(), by_global.begin(), by_global.end());
  }
  comparison.own = score(labels, own);
  comparison.global = score(labels, other);
  return comparison;
}

std::string line(const std::string& name, std::int64_t test_rows, const Scores& own, const Scores& global) {
  return fmt::format("{:<36.36} {:>7} {:>8.4f} {:>8.4f} {:>8.4f} {:>8.4f} {:>8.4f} {:>8.4f}\n", name,
                     test_rows, own.auc, global.auc, own.log_loss, global.log_loss, own.accuracy,
                     global.accuracy);
}

/// The groups that gain and lose most by a model of their own, and the whole.
std::string render(const rk::GroupResults<Fitted>& results, Comparison comparison) {
  constexpr std::size_t lines_max = 8;
  auto& groups = comparison.groups;
  std::stable_sort(groups.begin(), groups.end(), [](const Compared& a, const Compared& b) {
    return a.own.log_loss - a.global.log_loss < b.own.log_loss - b.global.log_loss;
  });
  std::string text = fmt::format("{:<36} {:>7} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}\n", "group", "tested",
                                 "AUC", "(single)", "logloss", "(single)", "accuracy", "(single)");
  std::int64_t tested = 0;
  for (std::size_t k = 0; k < groups.size(); ++k) {
    const std::int64_t rows = results.outcomes[groups[k].group].value->test_rows;
    tested += rows;
    if (k == lines_max && groups.size() > 2 * lines_max)
      text += fmt::format("... {} groups between\n", groups.size() - 2 * lines_max);
    if (k >= lines_max && k + lines_max < groups.size()) continue;
    text += line(fmt::format("{}", fmt::join(results.groups.key(groups[k].group), ", ")), rows, groups[k].own,
                 groups[k].global);
  }
  return text + line("all", tested, comparison.own, comparison.global);
}

nlohmann::ordered_json json_of(const Scores& scores) {
  return {{"auc", scores.auc}, {"accuracy", scores.accuracy}, {"log_loss", scores.log_loss}};
}

/// Names the results by the bytes of all test probabilities.
std::string digest(const rk::GroupResults<Fitted>& groups, const Fitted& global) {
  const auto add = [](const Fitted& fitted, std::uint64_t hash) {
    return rk::hash_bytes(std::as_bytes(std::span(fitted.test_probability)), hash);
  };
  std::uint64_t hash = add(global, 0);
  for (const auto& outcome : groups.outcomes) {
    if (outcome.value) hash = add(*outcome.value, hash);
  }
  return fmt::format("{:016x}", hash);
}

// ---- The run

int work_through(const Settings& settings, int ranks) {
  const rk::Time start = rk::now();
  const std::filesystem::path out = settings.run.out;
  std::filesystem::create_directories(out);
  const std::filesystem::path data =
      settings.data.empty() ? generate_table(settings) : std::filesystem::path(settings.data);
  const Task task{settings.label, settings.positive, settings.test_share, settings.boost};

  // Two lists of models, by two keys: the whole table as one group, and the groups.
  rk::ManyModelsOptions options;
  options.seed = settings.seed;
  options.chunks = {.task = {.name = "global model", .key = 1}, .show_progress = false};
  options.results = (out / "global.h5").string();
  const rk::Groups whole = read_table(data, settings, {});
  whole.schema().at(settings.label);
  const auto global = rk::many_models<fit_classifier>(whole, options, task, settings.seed);
  if (!global.outcomes[0].value) throw rk::InputError("the whole table: " + global.outcomes[0].failure);
  const rk::Groups groups = read_table(data, settings, settings.by);
  options.chunks = {.task = {.name = "group models", .key = 2}, .unit = "models"};
  options.results = (out / "groups.h5").string();
  const auto results = rk::many_models<fit_classifier>(groups, options, task, settings.seed);

  results.report_failures(std::cerr);
  const Comparison comparison = compare(results, *global.outcomes[0].value);
  std::cout << '\n' << render(results, comparison) << '\n';
  nlohmann::ordered_json json;
  json["app"] = "census";
  json["data"] = data.stem().string();
  json["rows"] = groups.rows();
  json["groups"] = groups.size();
  json["failed"] = results.failed();
  json["on_disk"] = groups.on_disk();
  json["seconds"] = results.totals.seconds;
  json["global_seconds"] = global.totals.seconds;
  json["total_seconds"] = rk::seconds_since(start);
  json["chunks"] = results.totals.chunks;
  json["chunks_resumed"] = results.totals.resumed;
  json["global_resumed"] = global.totals.resumed == 1;
  json["ranks"] = ranks;
  json["seed"] = settings.seed;
  json["group_models"] = json_of(comparison.own);
  json["global_model"] = json_of(comparison.global);
  json["results"] = options.results;
  json["results_hash"] = digest(results, *global.outcomes[0].value);
  std::cout << json.dump() << std::endl;
  return results.failed() > 0 ? kSomeFailed : 0;
}

/// A journal that was made with other ones is refused.
std::string results_depend_on(const Settings& settings) {
  return fmt::format(
      "{} --by {} --label {} --positive {} --drop {} --seed {} --test-share {} --trees {} "
      "--depth {} --shrinkage {}",
      settings.data.empty() ? fmt::format("--rows {}", settings.rows) : "--data " + settings.data,
      fmt::join(settings.by, ","), settings.label, settings.positive, fmt::join(settings.drop, ","),
      settings.seed, settings.test_share, settings.boost.trees, settings.boost.depth,
      settings.boost.shrinkage);
}

}  // namespace census

int main(int argc, char** argv) {
  census::Settings settings;
  CLI::App app("Fits a classifier to each group of a table, beside one for all.", "rankine-census");
  census::add_options(app, settings);
  return apps::run_program(argc, argv, app, settings.run,
                           {.parsed = [&] { census::fill_defaults(settings); },
                            .depends_on = [&] { return census::results_depend_on(settings); },
                            .drive = [&](int ranks) { return census::work_through(settings, ranks); }});
}
