// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/forecast/model.hpp>
#include <rankine/forecast/results.hpp>

#include "files/hdf5_writer.hpp"
#include "files/sha256.hpp"

namespace rankine::forecast {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// A column, or none where it is not wanted, that is also hashed.
template <class T>
class Kept {
 public:
  Kept(files::Sha256& sha, files::Hdf5Column* column) : sha_(sha), column_(column) {}
  void put(std::span<const T> values) {
    if (column_ == nullptr) return;
    append(*column_, values);
    sha_.update(std::as_bytes(values));
  }
  void put(T value) { put(std::span<const T>(&value, 1)); }

 private:
  files::Sha256& sha_;
  files::Hdf5Column* column_;
};

/// Describes columns and makes them.
class Layout {
 public:
  explicit Layout(files::Hdf5Writer& file) : file_(file) {}

  template <class T>
  files::Hdf5Column* column(bool wanted, const std::string& name, const files::Hdf5Shape& row,
                            std::string_view units, std::string_view description) {
    if (!wanted) return nullptr;
    describe(name, units, description);
    return &file_.column<T>(name, row);
  }
  files::Hdf5TextColumn& texts(const std::string& name, std::string_view description) {
    describe(name, "none", description);
    return file_.text_column(name);
  }
  void describe(const std::string& name, std::string_view units, std::string_view description) {
    described_.push_back({name, units, description});
  }
  /// When all rows are there.
  void write_descriptions() {
    for (const auto& [name, units, description] : described_) {
      file_.attribute(name, "units", units);
      file_.attribute(name, "description", description);
    }
  }

 private:
  struct Described {
    std::string name;
    std::string_view units;
    std::string_view description;
  };
  files::Hdf5Writer& file_;
  std::vector<Described> described_;
};

}  // namespace

/// The columns in the order of the file, and where in the result of a chunk we are.
struct ResultsFile::State {
  State(const std::filesystem::path& path, ResultsFrame given) : frame(std::move(given)), file(path) {
    group_names.texts = frame.groups;
    for (const std::string& model : frame.models) models.push_back(make_model(model));
  }

  template <class T>
  Kept<T> kept(bool wanted, const std::string& name, const files::Hdf5Shape& row, std::string_view units,
               std::string_view description) {
    return {sha, layout.column<T>(wanted, name, row, units, description)};
  }

  void add_series(const ChunkResult& r, std::size_t s);
  void add_fit(const ChunkResult& r, std::size_t at, std::size_t model);
  void add_forecasts(const ChunkResult& r, std::size_t horizon);
  void add_failures(const ChunkResult& r);
  std::int32_t form_of(const ChunkResult& r, std::size_t at, std::size_t model);
  void add_text(files::Hdf5TextColumn& column, const std::string& text);

  ResultsFrame frame;
  files::Hdf5Writer file;
  Layout layout{file};
  files::Sha256 sha;
  std::vector<ModelPointer> models;
  TextTable group_names;
  TextTable form_names;
  std::vector<std::string> form_parameters;
  std::uint64_t series = 0;
  std::int64_t parameters_end = 0;
  std::int64_t state_end = 0;
  // Positions in the flat columns of the result being taken.
  std::size_t forecast_at = 0, interval_at = 0, parameter_at = 0, state_at = 0;

  std::size_t M = frame.models.size();
  std::size_t L = frame.levels.size();
  std::size_t H = static_cast<std::size_t>(std::max(frame.horizon_max, 1));
  bool intervals = L > 0 && frame.with_forecasts;

  files::Hdf5TextColumn& ids = layout.texts("ids", "Names of the S series");
  Kept<std::int32_t> group =
      kept<std::int32_t>(true, "group", {}, "none", "Position of the series' group in groups");
  Kept<std::int32_t> season =
      kept<std::int32_t>(true, "season", {}, "observations", "Length of the seasonal cycle");
  Kept<std::int32_t> horizon =
      kept<std::int32_t>(true, "horizon", {}, "observations", "Number of forecasts a model");
  Kept<std::int32_t> chosen = kept<std::int32_t>(frame.with_choice, "chosen", {}, "none",
                                                 "Position of the best model of the series; -1: none");
  Kept<double> forecasts = kept<double>(frame.with_forecasts, "forecasts", {M, H}, "of the series",
                                        "Forecasts 1 .. horizon steps after the training part; NaN beyond "
                                        "the horizon and where a model failed");
  Kept<double> lower = kept<double>(intervals, "lower", {M, L, H}, "of the series",
                                    "Lower ends of the prediction intervals of each level; NaN without one");
  Kept<double> upper = kept<double>(intervals, "upper", {M, L, H}, "of the series",
                                    "Upper ends of the prediction intervals of each level; NaN without one");
  Kept<std::int32_t> form = kept<std::int32_t>(
      true, "form", {M}, "none", "Position in forms of what the model chose; -1 where it failed");
  Kept<double> loglik = kept<double>(true, "loglik", {M}, "1", "Log-likelihood; NaN without one");
  Kept<double> aicc = kept<double>(true, "aicc", {M}, "1", "Corrected Akaike criterion; NaN without one");
  Kept<double> sigma2 = kept<double>(true, "sigma2", {M}, "of the series, squared",
                                     "Variance of the one-step errors (of relative ones where they are)");
  Kept<std::int64_t> evaluations = kept<std::int64_t>(
      true, "evaluations", {M}, "1", "Evaluations of the likelihood or loss, over all forms tried");
  Kept<std::int64_t> parameters_ends =
      kept<std::int64_t>(true, "parameters_end", {M}, "none",
                         "Where in parameters those of this series and model end; they begin where the last "
                         "ones end. Their names are in form_parameters at the form's position");
  Kept<double> parameters = kept<double>(true, "parameters", {}, "of their names", "Parameters of all fits");
  Kept<std::int64_t> state_ends = kept<std::int64_t>(
      frame.with_models, "state_end", {M}, "none", "Where in state the values of this series and model end");
  Kept<double> states = kept<double>(frame.with_models, "state", {}, "the model's own",
                                     "What forecasting later needs, in the layout of each model");
  Kept<double> smape = kept<double>(true, "smape", {M}, "percent (0..200)",
                                    "Symmetric mean absolute percentage error; NaN if undefined");
  Kept<double> mase = kept<double>(true, "mase", {M}, "1",
                                   "Mean absolute scaled error; NaN where the scale is 0 or a model failed");
  Kept<double> msis =
      kept<double>(L > 0, "msis", {M, L}, "1", "Mean scaled interval score; NaN if undefined");
  Kept<double> coverage = kept<double>(L > 0, "coverage", {M, L}, "percent",
                                       "Hold-out values within the interval; NaN without one");
  Kept<std::uint8_t> failed =
      kept<std::uint8_t>(true, "failed", {M}, "none", "1 where a model could not be fitted");
  Kept<double> floor_smape = kept<double>(frame.with_floor, "floor_smape", {}, "percent (0..200)",
                                          "sMAPE of the true conditional mean");
  Kept<double> floor_mase =
      kept<double>(frame.with_floor, "floor_mase", {}, "1", "MASE of the true conditional mean");
  Kept<std::int64_t> failures_series = kept<std::int64_t>(
      true, "failures_series", {}, "none", "Position of the series that a model could not be fitted to");
  Kept<std::int32_t> failures_model =
      kept<std::int32_t>(true, "failures_model", {}, "none", "Position of that model");
  files::Hdf5TextColumn& failures_reason = layout.texts("failures_reason", "Why");
};

void ResultsFile::State::add_text(files::Hdf5TextColumn& column, const std::string& text) {
  column.append(text);
  const std::uint64_t length = text.size();
  sha.update(std::as_bytes(std::span(&length, 1)));
  sha.update(std::as_bytes(std::span(text)));
}

std::int32_t ResultsFile::State::form_of(const ChunkResult& r, std::size_t at, std::size_t model) {
  if (r.form[at] < 0) return -1;
  const std::string& text = r.form_names.texts[static_cast<std::size_t>(r.form[at])];
  const std::int32_t place = form_names.add(text);
  if (form_parameters.size() < form_names.texts.size()) {
    form_parameters.push_back(fmt::format("{}", fmt::join(models[model]->parameter_names(text), ",")));
  }
  return place;
}

void ResultsFile::State::add_fit(const ChunkResult& r, std::size_t at, std::size_t model) {
  form.put(form_of(r, at, model));
  loglik.put(r.loglik[at]);
  aicc.put(r.aicc[at]);
  sigma2.put(r.sigma2[at]);
  evaluations.put(r.evaluations[at]);
  const auto count = static_cast<std::size_t>(r.parameter_counts[at]);
  parameters.put(std::span(r.parameters).subspan(parameter_at, count));
  parameter_at += count;
  parameters_end += r.parameter_counts[at];
  parameters_ends.put(parameters_end);
  if (frame.with_models) {
    const auto states_here = static_cast<std::size_t>(r.state_counts[at]);
    states.put(std::span(r.states).subspan(state_at, states_here));
    state_at += states_here;
    state_end += r.state_counts[at];
    state_ends.put(state_end);
  }
  smape.put(r.smape[at]);
  mase.put(r.mase[at]);
  msis.put(std::span(r.msis).subspan(at * L, L));
  coverage.put(std::span(r.coverage).subspan(at * L, L));
  failed.put(r.failed[at]);
}

void ResultsFile::State::add_forecasts(const ChunkResult& r, std::size_t steps) {
  if (!frame.with_forecasts) return;
  const std::vector<double> beyond(H - steps, kNone);
  for (std::size_t m = 0; m < M; ++m) {
    forecasts.put(std::span(r.forecasts).subspan(forecast_at, steps));
    forecasts.put(beyond);
    forecast_at += steps;
    for (std::size_t l = 0; l < L; ++l) {
      lower.put(std::span(r.lower).subspan(interval_at, steps));
      lower.put(beyond);
      upper.put(std::span(r.upper).subspan(interval_at, steps));
      upper.put(beyond);
      interval_at += steps;
    }
  }
}

void ResultsFile::State::add_series(const ChunkResult& r, std::size_t s) {
  const auto steps = static_cast<std::size_t>(r.horizons[s]);
  if (steps > H) {
    throw InputError(
        fmt::format("series {} has a horizon of {}, the results are for {} at most", r.ids[s], steps, H));
  }
  add_text(ids, r.ids[s]);
  group.put(group_names.add(r.group_names.texts[static_cast<std::size_t>(r.group[s])]));
  season.put(r.season[s]);
  horizon.put(r.horizons[s]);
  if (frame.with_choice) chosen.put(r.chosen[s]);
  add_forecasts(r, steps);
  for (std::size_t m = 0; m < M; ++m) add_fit(r, s * M + m, m);
  if (frame.with_floor) {
    floor_smape.put(r.floor_smape[s]);
    floor_mase.put(r.floor_mase[s]);
  }
}

void ResultsFile::State::add_failures(const ChunkResult& r) {
  for (const Failure& failure : r.failures) {
    failures_series.put(static_cast<std::int64_t>(series) + failure.series);
    failures_model.put(failure.model);
    add_text(failures_reason, failure.reason);
  }
}

ResultsFile::ResultsFile(const std::filesystem::path& path, ResultsFrame frame)
    : state_(std::make_unique<State>(path, std::move(frame))) {}
ResultsFile::ResultsFile(ResultsFile&&) noexcept = default;
ResultsFile::~ResultsFile() = default;

void ResultsFile::append(const ChunkResult& result) {
  State& state = *state_;
  if (static_cast<std::size_t>(result.models) != state.M ||
      static_cast<std::size_t>(result.levels) != state.L) {
    throw InputError(fmt::format("results of {} models and {} levels cannot be among those of {} and {}",
                                 result.models, result.levels, state.M, state.L));
  }
  const bool lacks_models = state.frame.with_models && result.state_counts.size() != result.form.size();
  const bool lacks_forecasts = state.frame.with_forecasts && result.forecasts.empty() && result.series() > 0;
  const bool lacks_choice = state.frame.with_choice && result.chosen.size() != result.ids.size();
  if (lacks_models || lacks_forecasts || lacks_choice) {
    throw InputError(
        fmt::format("results came without the {} that the file is to have", lacks_models      ? "models"
                                                                            : lacks_forecasts ? "forecasts"
                                                                                              : "choice"));
  }
  state.forecast_at = state.interval_at = state.parameter_at = state.state_at = 0;
  for (std::size_t s = 0; s < result.ids.size(); ++s) state.add_series(result, s);
  state.add_failures(result);
  state.series += result.ids.size();
}

std::uint64_t ResultsFile::series() const {
  return state_->series;
}

std::string ResultsFile::close(const std::vector<std::pair<std::string, std::string>>& attributes) {
  State& state = *state_;
  const auto table = [&](const std::string& name, const std::vector<std::string>& texts,
                         std::string_view description) {
    files::Hdf5TextColumn& column = state.layout.texts(name, description);
    for (const std::string& text : texts) state.add_text(column, text);
  };
  table("models", state.frame.models, "Names of the M models");
  table("groups", state.group_names.texts, "Names of the groups that scores are averaged by");
  table("forms", state.form_names.texts, "What models chose");
  table("form_parameters", state.form_parameters,
        "Names of the parameters of each form, separated by commas");
  if (state.L > 0) {
    state.file.write("levels", std::span<const double>(state.frame.levels));
    state.layout.describe("levels", "percent", "Coverage that the L prediction intervals are meant to have");
  }
  state.layout.write_descriptions();
  state.file.attribute("/", "program", "Rankine many-models");
  state.file.attribute("/", "layout", std::int64_t{3});
  state.file.attribute("/", "dataset", state.frame.dataset);
  state.file.attribute("/", "horizon_max", static_cast<std::int64_t>(state.H));
  state.file.attribute("/", "seed", static_cast<std::int64_t>(state.frame.seed));
  for (const auto& [name, text] : attributes) state.file.attribute("/", name, text);
  state.file.close();
  return state.sha.finish();
}

}  // namespace rankine::forecast
