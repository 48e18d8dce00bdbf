// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/forecast/chunk.hpp>
#include <rankine/forecast/metrics.hpp>

#include <rankine/forecast/saved_models.hpp>
#include "forecast/fit_series.hpp"

namespace rankine::forecast {

namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

/// Hardware makes NaNs of either sign; results hold one kind.
double canonical(double value) {
  return std::isnan(value) ? kNone : value;
}

/// Appends what came of one series after another to a result.
class Collector {
 public:
  Collector(const FitOptions& options, std::span<const ModelPointer> models, ChunkResult& result)
      : options_(options), models_(models), result_(result) {
    result.models = static_cast<std::int64_t>(models_.size());
    result.levels = static_cast<std::int64_t>(options.levels.size());
  }

  /// One fit a model.
  void add(const Series& series, std::span<const Fit> fits) {
    ChunkResult& r = result_;
    const double scale = mase_scale(series.train, series.mase_lag());
    for (std::size_t m = 0; m < models_.size(); ++m) {
      Prediction prediction = predict(m, series, fits[m]);
      const bool failed = !prediction.failure.empty();
      if (failed) {
        const auto model = static_cast<std::int32_t>(m);
        r.failures.push_back({r.series(), model, std::move(prediction.failure)});
      }
      r.failed.push_back(failed);
      r.smape.push_back(canonical(smape(series.test, prediction.mean)));
      r.mase.push_back(canonical(mase(series.test, prediction.mean, scale)));
      add_fit(failed ? Fit{} : fits[m], failed);
      add_forecasts(series, prediction);
      add_intervals(series, prediction, scale);
    }
    choose();
    r.group.push_back(r.group_names.add(series.group));
    r.season.push_back(series.season);
    r.horizons.push_back(std::max(series.horizon, 0));
    r.ids.push_back(series.id);
  }

  void add_floor(const Series& series, std::span<const double> expected) {
    const double scale = mase_scale(series.train, series.mase_lag());
    result_.floor_smape.push_back(canonical(smape(series.test, expected)));
    result_.floor_mase.push_back(canonical(mase(series.test, expected, scale)));
  }

 private:
  /// With the failure of the fit, if it has one; then without any value.
  Prediction predict(std::size_t m, const Series& series, const Fit& fit) const {
    Prediction prediction;
    prediction.failure = fit.failure;
    if (!prediction.failure.empty()) return prediction;
    Request request;
    request.horizon = series.horizon;
    request.levels = options_.levels;
    request.seed = options_.seed;
    request.key = series_key(series);
    prediction = models_[m]->predict(fit, request);
    const auto finite = [](double f) { return std::isfinite(f); };
    if (prediction.failure.empty() && !std::all_of(prediction.mean.begin(), prediction.mean.end(), finite)) {
      prediction.failure = fmt::format(
          "the forecast of {} is not finite: its values are too large or too small", models_[m]->name());
    }
    if (!prediction.failure.empty()) prediction = {std::move(prediction.failure), {}, {}, {}};
    return prediction;
  }

  void add_fit(const Fit& fit, bool failed) {
    ChunkResult& r = result_;
    r.form.push_back(failed ? -1 : r.form_names.add(fit.form));
    r.loglik.push_back(failed ? kNone : canonical(fit.loglik));
    r.aicc.push_back(failed ? kNone : canonical(fit.aicc));
    r.sigma2.push_back(failed ? kNone : canonical(fit.sigma2));
    r.evaluations.push_back(fit.evaluations);
    r.parameter_counts.push_back(static_cast<std::int32_t>(fit.parameters.size()));
    for (const double value : fit.parameters) r.parameters.push_back(canonical(value));
    if (!options_.keep_models) return;
    r.state_counts.push_back(static_cast<std::int32_t>(fit.state.size()));
    for (const double value : fit.state) r.states.push_back(canonical(value));
  }

  void add_forecasts(const Series& series, const Prediction& prediction) {
    if (!options_.keep_forecasts) return;
    const auto horizon = static_cast<std::size_t>(std::max(series.horizon, 0));
    if (prediction.mean.size() == horizon) {
      result_.forecasts.insert(result_.forecasts.end(), prediction.mean.begin(), prediction.mean.end());
    } else {
      result_.forecasts.insert(result_.forecasts.end(), horizon, kNone);
    }
    const std::size_t all = horizon * options_.levels.size();
    const bool has = prediction.lower.size() == all && prediction.upper.size() == all;
    for (auto [from, to] :
         {std::pair(&prediction.lower, &result_.lower), {&prediction.upper, &result_.upper}}) {
      for (std::size_t k = 0; k < all; ++k) to->push_back(has ? canonical((*from)[k]) : kNone);
    }
  }

  void add_intervals(const Series& series, const Prediction& prediction, double scale) {
    const std::size_t h = prediction.mean.size();
    const bool has = prediction.lower.size() == h * options_.levels.size() && h > 0;
    for (std::size_t l = 0; l < options_.levels.size(); ++l) {
      const auto lower = has ? std::span(prediction.lower).subspan(l * h, h) : std::span<const double>{};
      const auto upper = has ? std::span(prediction.upper).subspan(l * h, h) : std::span<const double>{};
      result_.msis.push_back(canonical(msis(series.test, lower, upper, options_.levels[l], scale)));
      result_.coverage.push_back(canonical(100 * coverage(series.test, lower, upper)));
    }
  }

  /// Among the models of the series that was added last.
  void choose() {
    if (options_.choice == Choice::kNone) return;
    const double* aicc = result_.aicc.data() + result_.aicc.size() - models_.size();
    std::int32_t best = -1;
    for (std::size_t m = 0; m < models_.size(); ++m) {
      if (std::isfinite(aicc[m]) && (best < 0 || aicc[m] < aicc[best])) best = static_cast<std::int32_t>(m);
    }
    result_.chosen.push_back(best);
  }

  const FitOptions& options_;
  std::span<const ModelPointer> models_;
  ChunkResult& result_;
};

ChunkResult collect(const FitOptions& options, const std::vector<ModelPointer>& models,
                    const LoadedSeries& loaded, std::span<const Fit> fits) {
  ChunkResult result;
  Collector collector(options, models, result);
  for (std::size_t s = 0; s < loaded.series.size(); ++s) {
    collector.add(loaded.series[s], fits.subspan(s * models.size(), models.size()));
    if (!loaded.expected.empty()) collector.add_floor(loaded.series[s], loaded.expected[s]);
  }
  return result;
}

}  // namespace

ChunkResult fit_chunk(const ChunkRequest& request) {
  const std::vector<ModelPointer> models = make_models(request.options.models);
  if (request.range.kind == RangeKind::kSaved) {
    const SavedModels saved = load_saved(request.range);
    return collect(request.options, models, {saved.series, {}}, saved.fits);
  }
  const LoadedSeries loaded = load(request.range);
  return collect(request.options, models, loaded, fit_all(models, loaded.series, request.options.seasons));
}

ChunkResult failed_chunk(const ChunkRequest& request, const std::string& reason) {
  LoadedSeries loaded;
  if (request.range.kind == RangeKind::kSaved) {
    loaded.series = load_saved(request.range).series;
  } else {
    loaded = load(request.range);
  }
  for (auto& expected : loaded.expected) expected.clear();  // nothing to compare the floor with
  Fit failed;
  failed.failure = reason;
  const std::vector<ModelPointer> models = make_models(request.options.models);
  return collect(request.options, models, loaded,
                 std::vector<Fit>(loaded.series.size() * models.size(), failed));
}

std::uint64_t chunk_size(std::uint64_t units, std::uint64_t probed, double seconds, int workers) {
  // A task's own cost is some microseconds. Models that work on many series at once want a batch of them, but
  // a run that drains waits for its tasks.
  constexpr double task_s = 0.02;
  constexpr double batch_s = 0.1;
  constexpr double batch = 256;
  const double a_second = static_cast<double>(probed) / std::max(seconds, 1e-9);
  const double by_time = std::max(task_s * a_second, std::min(batch, batch_s * a_second));
  // Eight chunks a worker at least, so that the last ones do not leave the others waiting.
  const double by_balance = static_cast<double>(units) / (8.0 * std::max(workers, 1));
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::min(by_time, by_balance)));
}

}  // namespace rankine::forecast
