// SPDX-License-Identifier: Apache-2.0
#include "forecast/ets/descent.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "forecast/ets/admissible.hpp"
#include "forecast/ets/logarithm.hpp"

namespace rankine::forecast::ets {

namespace {

constexpr int kPassesMax = 200;
constexpr double kSmallDamping = 0.1;  // below it a step is nearly Gauss and Newton's
constexpr double kFirstDamping = 1e-2;
constexpr double kDampingMax = 1e8;  // beyond it no step is left to try
constexpr double kPerfect = 1e-28;   // mean square of scaled errors that counts as none
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Where the variables of a form stand in Trial::variables; -1 for those it has not.
struct Layout {
  explicit Layout(Form form, int m) {
    if (has_trend(form)) beta = next++;
    if (has_season(form)) gamma = next++;
    if (form.trend == Trend::damped) phi = next++;
    level = next++;
    if (has_trend(form)) trend = next++;
    if (has_season(form)) {
      season = next;
      next += m - 1;
    }
  }
  int next = 1;
  int alpha = 0, beta = -1, gamma = -1, phi = -1, level = -1, trend = -1, season = -1;
};

using Variables = std::array<double, kVariablesMax>;

/// A form's variables in the job's scale and back.
class Chart {
 public:
  Chart(Form form, int m) : layout(form, m), form_(form), m_(m) {}

  const Layout layout;

  Variables variables(const Job& job, const Point& x) const {
    Variables v{};
    v[0] = x.alpha;
    if (layout.beta >= 0) v[at(layout.beta)] = x.beta;
    if (layout.gamma >= 0) v[at(layout.gamma)] = x.gamma;
    if (layout.phi >= 0) v[at(layout.phi)] = x.phi;
    v[at(layout.level)] = (x.level - job.shift) / job.scale;
    if (layout.trend >= 0) v[at(layout.trend)] = x.trend / job.scale;
    for (int j = 1; layout.season >= 0 && j < m_; ++j)
      v[at(layout.season + j - 1)] = x.season[static_cast<std::size_t>(j)] / season_scale(job);
    clamp(v);
    return v;
  }

  Point point(const Job& job, const Variables& v) const {
    Point x;
    x.alpha = v[0];
    if (layout.beta >= 0) x.beta = v[at(layout.beta)];
    if (layout.gamma >= 0) x.gamma = v[at(layout.gamma)];
    if (layout.phi >= 0) x.phi = v[at(layout.phi)];
    x.level = job.shift + job.scale * v[at(layout.level)];
    if (layout.trend >= 0) x.trend = job.scale * v[at(layout.trend)];
    if (layout.season >= 0) {
      x.season.resize(static_cast<std::size_t>(m_));
      x.season[0] = first_season(v) * season_scale(job);
      for (std::size_t j = 1; j < x.season.size(); ++j)
        x.season[j] = v[at(layout.season - 1) + j] * season_scale(job);
    }
    return x;
  }

  void clamp(Variables& v) const {
    v[0] = std::clamp(v[0], kWeightMin, kWeightMax);
    for (const int i : {layout.beta, layout.gamma, layout.phi}) {
      if (i < 0) continue;
      const auto [low, high] = bounds(v, i);
      v[at(i)] = std::clamp(v[at(i)], low, high);
    }
  }

  /// Of alpha, beta, gamma and phi; the upper ones of beta and gamma depend on alpha.
  std::pair<double, double> bounds(const Variables& v, int i) const {
    if (i == layout.beta) return {kWeightMin, v[0]};
    if (i == layout.gamma) return {std::min(kWeightMin, 1 - v[0]), 1 - v[0]};
    if (i == layout.phi) return {kPhiMin, kPhiMax};
    return {kWeightMin, kWeightMax};
  }

  /// What bounds on single variables do not say: R's demands on seasonal states and on the weights together.
  bool is_allowed(const Variables& v) const {
    if (layout.season < 0) return true;
    if (form_.season == Season::multiplicative) {
      if (first_season(v) < 0) return false;
      for (int j = 1; j < m_; ++j) {
        if (v[at(layout.season + j - 1)] < 0) return false;
      }
    }
    return is_admissible(v[0], layout.beta >= 0 ? v[at(layout.beta)] : 0, v[at(layout.gamma)],
                         layout.phi >= 0 ? v[at(layout.phi)] : 1, m_);
  }

  static std::size_t at(int i) { return static_cast<std::size_t>(i); }

 private:
  double first_season(const Variables& v) const {
    double first = form_.season == Season::multiplicative ? m_ : 0;
    for (int j = 1; j < m_; ++j) first -= v[at(layout.season + j - 1)];
    return first;
  }
  double season_scale(const Job& job) const { return form_.season == Season::multiplicative ? 1 : job.scale; }

  Form form_;
  int m_;
};

/// What a lane is about.
struct Lane {
  enum class Phase { idle, start, settle, descend };
  Phase phase = Phase::idle;
  Job* job = nullptr;
  Variables best{};
  Variables trial{};
  double minus_2_loglik = 0;
  double squares = 0;  ///< of the errors at the best trial
  double damping = 0;
  bool allowed = true;
  std::array<bool, kVariablesMax> tied{};  ///< moves with alpha, along its upper bound
};

class Group {
 public:
  Group(const Path& path, Form form, int m, std::span<Job> jobs)
      : chart_(form, m),
        pass_(path.pass[static_cast<int>(form.error)][static_cast<int>(form.trend)]
                       [static_cast<int>(form.season)]),
        solve_(path.solve) {
    for (Job& job : jobs) queue_.push_back(&job);
    // Lanes run together as long as the longest of them.
    std::stable_sort(queue_.begin(), queue_.end(),
                     [](const Job* a, const Job* b) { return a->values.size() > b->values.size(); });
    if (queue_.empty()) return;
    const std::size_t longest = queue_.front()->values.size();
    values_.resize(longest);
    trial_.values = values_.front().of;
    trial_.m = m;
    step_in_.variables = chart_.layout.next;
  }

  void run() {
    if (queue_.empty()) return;
    for (int lane = 0; lane < kLanes; ++lane) next_job(lane);
    while (active_ > 0) {
      bound_lengths();
      pass_(trial_, sums_);
      std::array<bool, kLanes> accepted{};
      for (int lane = 0; lane < kLanes; ++lane) accepted[at(lane)] = judge(lane);
      keep(accepted);
      for (int lane = 0; lane < kLanes; ++lane) prepare(lane);
      solve_(step_in_, step_);
      for (int lane = 0; lane < kLanes; ++lane) propose(lane);
    }
  }

 private:
  static std::size_t at(int i) { return static_cast<std::size_t>(i); }

  /// Puts the next job into a lane, or leaves it idle.
  void next_job(int lane) {
    Lane& mine = lanes_[at(lane)];
    if (taken_ == queue_.size()) {
      mine.phase = Lane::Phase::idle;
      if (taken_ < kLanes || mine.job == nullptr) fill_idle(lane);
      return;
    }
    Job& job = *queue_[taken_++];
    ++active_;
    mine.job = &job;
    mine.phase = Lane::Phase::start;
    mine.minus_2_loglik = kInfinity;
    const double per_scale = 1 / job.scale;
    for (std::size_t t = 0; t < job.values.size(); ++t)
      values_[t].of[lane] = (job.values[t] - job.shift) * per_scale;
    trial_.length.of[lane] = static_cast<double>(job.values.size());
    mine.trial = chart_.variables(job, job.start);
    write_trial(lane);
  }

  /// A lane that never had a job computes on ones.
  void fill_idle(int lane) {
    for (Lanes& row : values_) row.of[lane] = 1;
    trial_.length.of[lane] = 1;
    for (Lanes& variable : trial_.variables) variable.of[lane] = 0.5;
  }

  void write_trial(int lane) {
    Lane& mine = lanes_[at(lane)];
    mine.allowed = chart_.is_allowed(mine.trial);
    for (int i = 0; i < chart_.layout.next; ++i) trial_.variables[i].of[lane] = mine.trial[at(i)];
  }

  void bound_lengths() {
    trial_.n_min = static_cast<long>(values_.size());
    trial_.n_max = 0;
    for (int lane = 0; lane < kLanes; ++lane) {
      if (lanes_[at(lane)].phase == Lane::Phase::idle) continue;
      const long n = static_cast<long>(trial_.length.of[lane]);
      trial_.n_min = std::min(trial_.n_min, n);
      trial_.n_max = std::max(trial_.n_max, n);
    }
  }

  /// -2 log-likelihood of the lane's trial in the unit of the job's values.
  double minus_2_loglik(int lane) const {
    const Lane& mine = lanes_[at(lane)];
    const double squares = sums_.squares.of[lane];
    if (!mine.allowed || !std::isfinite(squares)) return kInfinity;
    constexpr double ln2 = 0.6931471805599453;
    const double n = trial_.length.of[lane];
    const double log_f = logarithm(sums_.mantissa.of[lane]) + ln2 * sums_.exponent.of[lane];
    const double floor = kPerfect * n;
    const double result =
        n * logarithm(std::max(squares, floor)) + 2 * (log_f + n * logarithm(mine.job->scale));
    return std::isfinite(result) ? result : kInfinity;
  }

  /// Compares the lane's trial with the best so far and decides what comes next. Returns whether the trial is
  /// the new best.
  bool judge(int lane) {
    Lane& mine = lanes_[at(lane)];
    if (mine.phase == Lane::Phase::idle) return false;
    ++mine.job->passes;
    const double value = minus_2_loglik(lane);
    const double gain = mine.minus_2_loglik - value;
    const bool better = value < mine.minus_2_loglik;
    if (better) {
      mine.best = mine.trial;
      mine.minus_2_loglik = value;
      mine.squares = sums_.squares.of[lane];
    }
    bool done = mine.job->passes >= kPassesMax;
    switch (mine.phase) {
      case Lane::Phase::start:
        mine.phase = mine.job->damping > 0 ? Lane::Phase::descend : Lane::Phase::settle;
        mine.damping = mine.job->damping;
        done |= !better;
        break;
      case Lane::Phase::settle:
        mine.phase = Lane::Phase::descend;
        mine.damping = kFirstDamping;
        break;
      default:
        mine.damping = better ? std::max(mine.damping * 0.1, 1e-12) : mine.damping * 8;
        done |= better ? gain < mine.job->enough : mine.damping > kDampingMax;
    }
    done |= sums_.squares.of[lane] <= kPerfect * trial_.length.of[lane];
    if (done) finish(lane);
    return better && !done;
  }

  void finish(int lane) {
    Lane& mine = lanes_[at(lane)];
    mine.job->minus_2_loglik = mine.minus_2_loglik;
    mine.job->damping = mine.damping;
    if (std::isfinite(mine.minus_2_loglik)) mine.job->best = chart_.point(*mine.job, mine.best);
    --active_;
    next_job(lane);
  }

  /// Takes over slope and product of the lanes whose trial was accepted.
  void keep(const std::array<bool, kLanes>& accepted) {
    const int count = chart_.layout.next;
    Lanes take;
    for (int lane = 0; lane < kLanes; ++lane) take.of[lane] = accepted[at(lane)] ? 1 : 0;
    const auto blend = [&](Lanes& old, const Lanes& fresh) {
      for (int lane = 0; lane < kLanes; ++lane)
        old.of[lane] = take.of[lane] != 0 ? fresh.of[lane] : old.of[lane];
    };
    for (int i = 0; i < count; ++i) blend(step_in_.slope[i], sums_.slope[i]);
    for (int i = 0; i < count * (count + 1) / 2; ++i) blend(step_in_.product[i], sums_.product[i]);
    for (int lane = 0; lane < kLanes; ++lane) {
      if (accepted[at(lane)]) tie(lane);
    }
  }

  /// Beta at alpha and gamma at 1 - alpha, where the slope would have them beyond, move with alpha: its slope
  /// and products are from then on those of both.
  void tie(int lane) {
    Lane& mine = lanes_[at(lane)];
    for (const int i : {chart_.layout.beta, chart_.layout.gamma}) {
      if (i < 0) continue;
      mine.tied[at(i)] =
          mine.best[at(i)] >= chart_.bounds(mine.best, i).second && step_in_.slope[i].of[lane] >= 0;
      if (!mine.tied[at(i)]) continue;
      const double sign = i == chart_.layout.beta ? 1 : -1;
      step_in_.slope[0].of[lane] += sign * step_in_.slope[i].of[lane];
      double& own = step_in_.product[0].of[lane];
      own += 2 * sign * product(i, 0).of[lane] + product(i, i).of[lane];
      for (int k = 1; k < chart_.layout.next; ++k)
        product(k, 0).of[lane] += sign * product(std::max(i, k), std::min(i, k)).of[lane];
    }
  }

  Lanes& product(int row, int column) { return step_in_.product[row * (row + 1) / 2 + column]; }

  /// Which variables may move: while settling, the initial states; later all but those at a bound which the
  /// slope would leave.
  void prepare(int lane) {
    const Lane& mine = lanes_[at(lane)];
    step_in_.damping.of[lane] = mine.damping;
    const Layout& layout = chart_.layout;
    for (int i = 0; i < layout.next; ++i) {
      bool free = true;
      if (i < layout.level) {
        const auto [low, high] = chart_.bounds(mine.best, i);
        const double slope = step_in_.slope[i].of[lane];
        free = mine.phase == Lane::Phase::descend && !(mine.best[at(i)] <= low && slope <= 0) &&
               !(mine.best[at(i)] >= high && slope >= 0);  // so what is tied is not
      }
      step_in_.free[i].of[lane] = free ? 1 : 0;
    }
  }

  void propose(int lane) {
    Lane& mine = lanes_[at(lane)];
    if (mine.phase != Lane::Phase::settle && mine.phase != Lane::Phase::descend) return;
    mine.trial = mine.best;
    double promised = 0;
    for (int i = 0; i < chart_.layout.next; ++i) {
      mine.trial[at(i)] += step_[i].of[lane];
      promised += step_in_.slope[i].of[lane] * step_[i].of[lane];
    }
    if (mine.phase == Lane::Phase::descend && mine.damping < kSmallDamping &&
        promised * trial_.length.of[lane] < mine.job->enough * mine.squares)
      return finish(lane);
    if (mine.phase == Lane::Phase::descend) {
      for (const int i : {chart_.layout.beta, chart_.layout.gamma}) {
        if (i >= 0 && mine.tied[at(i)]) mine.trial[at(i)] = 1;  // and by clamp() at its bound
      }
    }
    chart_.clamp(mine.trial);
    write_trial(lane);
  }

  Chart chart_;
  void (*pass_)(const Trial&, Sums&);
  void (*solve_)(const StepInput&, Step&);
  std::vector<Job*> queue_;
  std::size_t taken_ = 0;
  int active_ = 0;
  std::array<Lane, kLanes> lanes_{};
  std::vector<Lanes> values_;
  Trial trial_{};
  Sums sums_{};
  StepInput step_in_{};
  Step step_{};
};

}  // namespace

void descend(const Path& path, Form form, int m, std::span<Job> jobs) {
  Group(path, form, m, jobs).run();
}

}  // namespace rankine::forecast::ets
