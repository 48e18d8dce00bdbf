// SPDX-License-Identifier: Apache-2.0
#include "forecast/ets/search.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>

#include "forecast/ets/descent.hpp"
#include "forecast/seasonal.hpp"

namespace rankine::forecast::ets {

namespace {

/// The form whose optimum is a start for this one: the recursion of multiplicative errors is that of additive
/// ones, damping grows out of a trend, a trend out of none. Itself where there is none.
Form parent_of(Form form) {
  if (form.error == Error::multiplicative && form.season != Season::multiplicative)
    return {Error::additive, form.trend, form.season};
  if (form.trend == Trend::damped) return {form.error, Trend::additive, form.season};
  if (form.trend == Trend::additive) return {form.error, Trend::none, form.season};
  return form;
}

/// `wanted` and what they need, parents first.
std::vector<Form> with_parents(std::span<const Form> wanted) {
  std::vector<Form> all;
  for (Form form : wanted) {
    for (;;) {
      if (std::find(all.begin(), all.end(), form) == all.end()) all.push_back(form);
      const Form parent = parent_of(form);
      if (parent == form) break;
      form = parent;
    }
  }
  const auto generation = [](Form form) {
    int steps = 0;
    for (Form parent = parent_of(form); !(parent == form); parent = parent_of(form), ++steps) form = parent;
    return steps;
  };
  std::stable_sort(all.begin(), all.end(), [&](Form a, Form b) { return generation(a) < generation(b); });
  return all;
}

/// Mean and spread of a series, and states to begin from.
struct Shape {
  double mean = 0;
  double deviation = 0;
  double level = 0;  ///< of the first values
  double trend = 0;
};

Shape shape_of(std::span<const double> values, int m) {
  Shape shape;
  const auto n = static_cast<double>(values.size());
  for (const double y : values) shape.mean += y / n;
  for (const double y : values) shape.deviation += (y - shape.mean) * (y - shape.mean) / n;
  shape.deviation = std::sqrt(shape.deviation);
  const auto first = std::min<std::size_t>(values.size(), std::max<std::size_t>(10, 2 * std::size_t(m)));
  const double middle = 0.5 * static_cast<double>(first - 1);
  double products = 0;
  double squares = 0;
  for (std::size_t t = 0; t < first; ++t) {
    const double at = static_cast<double>(t) - middle;
    shape.level += values[t] / static_cast<double>(first);
    products += at * values[t];
    squares += at * at;
  }
  shape.trend = squares > 0 ? products / squares : 0;
  return shape;
}

/// Seasonal states to begin from, in the order of use, that keep their constraint.
std::vector<double> first_season(std::span<const double> values, int m, Season kind, const Shape& shape) {
  const bool ratio = kind == Season::multiplicative;
  std::vector<double> season;
  if (values.size() >= 2 * static_cast<std::size_t>(m)) {
    season = seasonal_indices(values, m, ratio ? Adjustment::kMultiplicative : Adjustment::kAdditive);
  } else {
    for (int j = 0; j < m; ++j) {
      const double y = values[static_cast<std::size_t>(j)];
      season.push_back(ratio ? y / shape.mean : y - shape.mean);
    }
  }
  const double sum = std::accumulate(season.begin(), season.end(), 0.0);
  if (!ratio) {
    for (double& s : season) s -= sum / m;
    return season;
  }
  for (double& s : season) s = std::max(s, 0.01);
  const double positive = std::accumulate(season.begin(), season.end(), 0.0);
  for (double& s : season) s *= m / positive;
  return season;
}

struct Weights {
  double alpha, ratio, rho, phi;
};

Point generic_start(Form form, const Search& series, const Shape& shape, const Weights& w) {
  Point x;
  x.alpha = w.alpha;
  x.level = shape.level;
  if (has_trend(form)) {
    x.beta = w.alpha * w.ratio;
    x.trend = shape.trend;
    x.level -= 0.5 * static_cast<double>(std::min<std::size_t>(series.values.size(), 10)) * shape.trend;
  }
  if (form.trend == Trend::damped) x.phi = w.phi;
  if (has_season(form)) {
    x.gamma = (1 - w.alpha) * w.rho;
    x.season = first_season(series.values, series.m, form.season, shape);
  }
  return x;
}

/// The parent's optimum with what the parent has not.
Point inherited_start(Form form, Form parent, Point x) {
  if (form.trend == parent.trend) return x;
  if (form.trend == Trend::damped) {
    x.phi = 0.95;
  } else {
    x.beta = 0.05 * x.alpha;
    x.trend = 0;
  }
  return x;
}

// Of -2 log-likelihood: what rough descents leave, and how much worse than the best a result may be to be
// followed to its end.
constexpr double kRough = 0.1;
constexpr double kHardlyWorse = 2;

constexpr Weights kQuick{0.5, 0.1, 0.05, 0.97};
constexpr Weights kSlow{0.1, 0.1, 0.05, 0.97};
constexpr Weights kSlowest{0.02, 0.1, 0.05, 0.97};
constexpr Weights kTrendMoves{0.04, 0.9, 0.05, 0.9};  // as much as the level
constexpr Weights kTrendDecays{0.5, 0.5, 0.002, 0.9};
constexpr Weights kSeasonMoves{0.3, 0.02, 0.3, 0.97};
constexpr Weights kSeasonAlone{0.005, 0.1, 0.02, 0.97};

/// Starts beside the parent's optimum: as few as reach what R's search finds, or better, in 99 of 100 series
/// (tools/reference/ets_compare.py). Likelihoods have several summits: quick and slow adaptation, trends and
/// seasons that move or do not. Where a series has a season that the form has not, they have more of them.
std::span<const Weights> generic_weights(Form form, bool ignores_season) {
  static constexpr Weights for_seasons[] = {kQuick, kSlow, kSeasonMoves, kSeasonAlone};
  static constexpr Weights for_levels[] = {kQuick, kSlow, kSlowest};
  static constexpr Weights for_trends[] = {kQuick, kSlow, kTrendMoves};
  static constexpr Weights for_damping[] = {kQuick, kTrendMoves};
  static constexpr Weights for_season_trends[] = {kQuick, kSlow, kTrendDecays};
  static constexpr Weights for_damped_seasons[] = {kSeasonMoves, kTrendDecays};
  const bool founder = parent_of(form) == form;
  const std::span all(for_seasons);
  if (has_season(form)) {
    if (founder) return all;
    if (parent_of(form).trend == Trend::none && has_trend(form))
      return form.season == Season::additive ? std::span<const Weights>(for_season_trends) : all.first(2);
    return form == Form{Error::additive, Trend::damped, Season::additive}
               ? std::span<const Weights>(for_damped_seasons)
               : all.subspan(2, 1);
  }
  if (ignores_season) {
    if (!has_trend(form)) return for_levels;
    return form.trend == Trend::damped ? std::span<const Weights>(for_damping) : for_trends;
  }
  if (founder) return all.first(2);
  return form == Form{Error::additive, Trend::additive, Season::none} ? all.subspan(1, 1) : all.first(1);
}

std::vector<Point> starts_of(Form form, const Search& series, const Shape& shape) {
  std::vector<Point> starts;
  const Form parent = parent_of(form);
  if (!(parent == form)) {
    const Optimum& optimum = series.optima[index_of(parent)];
    if (std::isfinite(optimum.minus_2_loglik)) starts.push_back(inherited_start(form, parent, optimum.point));
  }
  for (const Weights& weights : generic_weights(form, series.m > 1 && !has_season(form)))
    starts.push_back(generic_start(form, series, shape, weights));
  return starts;
}

/// Whether starts only descend roughly, and the best of them to the end. Not with the two forms of which all
/// others without a season are made: where they end decides where those begin, and they cost little.
bool is_raced(Form form) {
  return has_season(form) || form.error == Error::multiplicative || form.trend == Trend::damped;
}

/// Whether two points lie in one valley, as far as one can tell from their weights.
bool are_near(const Point& a, const Point& b) {
  const auto equal = [](double x, double y) { return std::abs(x - y) < 0.01 + 0.1 * std::min(x, y); };
  return equal(a.alpha, b.alpha) && equal(a.beta, b.beta) && equal(a.gamma, b.gamma) &&
         equal(1 - a.phi, 1 - b.phi);
}

/// Descends to the end from the best of each owner's rough results, and from those in other valleys that
/// are hardly worse.
void polish(const Path& path, Form form, int m, std::vector<Job>& jobs, std::vector<std::size_t>& owners) {
  std::vector<Job> finer;
  std::vector<std::size_t> finer_owners;
  for (std::size_t first = 0; first < jobs.size();) {
    std::size_t last = first;
    while (last < jobs.size() && owners[last] == owners[first]) ++last;
    const auto begin = jobs.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = jobs.begin() + static_cast<std::ptrdiff_t>(last);
    const auto value = [](const Job& job) { return job.minus_2_loglik; };
    if (last - first > 1 && jobs[first].enough > kEnough) {
      std::stable_sort(begin, end, [&](const Job& a, const Job& b) { return value(a) < value(b); });
      std::vector<Point> taken;
      for (auto job = begin; job != end; ++job) {
        if (!std::isfinite(value(*job)) || value(*job) > value(*begin) + kHardlyWorse) break;
        if (std::any_of(taken.begin(), taken.end(), [&](const Point& p) { return are_near(p, job->best); }))
          continue;
        taken.push_back(job->best);
        Job again = *job;
        again.start = job->best;
        again.enough = kEnough;
        again.passes = 0;
        finer.push_back(std::move(again));
        finer_owners.push_back(owners[first]);
      }
    }
    first = last;
  }
  descend(path, form, m, finer);
  for (std::size_t j = 0; j < finer.size(); ++j) {
    jobs.push_back(std::move(finer[j]));
    owners.push_back(finer_owners[j]);
  }
}

void search_form(const Path& path, Form form, int m, std::span<Search*> series,
                 std::span<const Shape> shapes) {
  std::vector<Job> jobs;
  std::vector<std::size_t> owners;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const Search& one = *series[i];
    if (one.m != m && has_season(form)) continue;
    if (!is_eligible(form, one.values, one.m)) continue;
    const bool shifted = form.error == Error::additive && form.season != Season::multiplicative;
    std::vector<Point> starts = starts_of(form, one, shapes[i]);
    for (Point& start : starts) {
      Job job;
      if (starts.size() > 1 && is_raced(form)) job.enough = kRough;
      job.values = one.values;
      job.shift = shifted ? shapes[i].mean : 0;
      job.scale = shifted ? shapes[i].deviation : shapes[i].mean;
      job.start = std::move(start);
      jobs.push_back(std::move(job));
      owners.push_back(i);
    }
  }
  descend(path, form, m, jobs);
  polish(path, form, m, jobs, owners);
  for (std::size_t j = 0; j < jobs.size(); ++j) {
    Search& one = *series[owners[j]];
    one.passes += jobs[j].passes;
    one.optima[index_of(form)].passes += jobs[j].passes;
    Optimum& optimum = one.optima[index_of(form)];
    if (!(jobs[j].minus_2_loglik < optimum.minus_2_loglik)) continue;
    optimum.minus_2_loglik = jobs[j].minus_2_loglik;
    optimum.point = std::move(jobs[j].best);
    const double n = static_cast<double>(one.values.size());
    const double p = parameter_count(form, one.m) + 1;
    optimum.aicc = optimum.minus_2_loglik + 2 * p + 2 * p * (p + 1) / (n - p - 1);
  }
}

}  // namespace

std::size_t index_of(Form form) {
  return static_cast<std::size_t>(std::find(kForms.begin(), kForms.end(), form) - kForms.begin());
}

bool is_eligible(Form form, std::span<const double> values, int m) {
  const bool multiplicative = form.error == Error::multiplicative || form.season == Season::multiplicative;
  if (has_season(form) && (m < 2 || m > kSeasonMax || values.size() <= static_cast<std::size_t>(m)))
    return false;
  if (multiplicative && !std::all_of(values.begin(), values.end(), [](double y) { return y > 0; }))
    return false;
  return static_cast<std::size_t>(parameter_count(form, m)) + 2 < values.size();
}

void search(const Path& path, std::span<const Form> wanted, std::span<Search> series) {
  std::vector<Search*> all;
  std::vector<Shape> shapes;
  std::set<int> seasons;
  for (Search& one : series) {
    one.optima.assign(kForms.size(), {});
    one.passes = 0;
    all.push_back(&one);
    shapes.push_back(shape_of(one.values, one.m));
    seasons.insert(one.m);
  }
  for (const Form form : with_parents(wanted)) {
    if (!has_season(form)) {
      search_form(path, form, 1, all, shapes);
      continue;
    }
    for (const int m : seasons) search_form(path, form, m, all, shapes);
  }
}

}  // namespace rankine::forecast::ets
