// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace rankine::forecast::arima {

namespace {

#if defined(__AVX512F__)
constexpr std::size_t kPartBytes = 64;
#elif defined(__AVX2__)
constexpr std::size_t kPartBytes = 32;
#else
constexpr std::size_t kPartBytes = 16;
#endif
constexpr std::size_t kParts = sizeof(Lanes) / kPartBytes;
using Part = double __attribute__((vector_size(kPartBytes)));

/// Lanes in registers.
struct Vector {
  Part part[kParts];
};

Vector load(const Lanes& lanes) {
  Vector v;
  std::memcpy(&v, lanes.at.data(), sizeof v);
  return v;
}
void store(Lanes& lanes, const Vector& v) {
  std::memcpy(lanes.at.data(), &v, sizeof v);
}
Vector all(double x) {
  Vector v;
  for (Part& part : v.part) part = x - Part{};
  return v;
}
Vector operator+(const Vector& a, const Vector& b) {
  Vector v;
  for (std::size_t i = 0; i < kParts; ++i) v.part[i] = a.part[i] + b.part[i];
  return v;
}
Vector operator-(const Vector& a, const Vector& b) {
  Vector v;
  for (std::size_t i = 0; i < kParts; ++i) v.part[i] = a.part[i] - b.part[i];
  return v;
}
Vector operator*(const Vector& a, const Vector& b) {
  Vector v;
  for (std::size_t i = 0; i < kParts; ++i) v.part[i] = a.part[i] * b.part[i];
  return v;
}
Vector operator/(const Vector& a, const Vector& b) {
  Vector v;
  for (std::size_t i = 0; i < kParts; ++i) v.part[i] = a.part[i] / b.part[i];
  return v;
}
Vector square_root(const Vector& a) {
  Lanes lanes;
  store(lanes, a);
  for (double& x : lanes.at) x = std::sqrt(x);
  return load(lanes);
}

/// A product of many numbers as a logarithm, taken rarely.
class LogProduct {
 public:
  void multiply(const Vector& factor) {
    product_ = product_ * factor;
    if (++factors_ == 16) flush();
  }
  Lanes sum() {
    flush();
    return sum_;
  }

 private:
  void flush() {
    Lanes product;
    store(product, product_);
    for (std::size_t i = 0; i < kLanes; ++i) sum_.at[i] += std::log(product.at[i]);
    product_ = all(1);
    factors_ = 0;
  }

  Vector product_ = all(1);
  Lanes sum_;
  int factors_ = 0;
};

/// Exact errors of one model: the state of the filter and its three phases.
class ExactFilter {
 public:
  ExactFilter(const LanePolynomials& model, const Columns& columns, const Lanes& variance, Errors& errors)
      : model_(model),
        columns_(columns),
        errors_(errors),
        r_(errors.gain.size()),
        p_(model.phi.size() - 1),
        variance_(load(variance)),
        factor_(all(-1) / variance_) {
    errors.scaled.resize(columns.count * columns.n);
    errors.state.assign(columns.count * (r_ + 1), Lanes{});
    errors.change.assign(r_ + 1, Lanes{});
    std::copy(errors.gain.begin(), errors.gain.end(), errors.change.begin());
  }

  void run() {
    const std::size_t n = columns_.n;
    const std::size_t interval = std::max<std::size_t>(4, r_ / 2);
    std::size_t t = 0;
    bool steady = false;
    for (; t < n && !steady; ++t) {
      observe(t);
      product_.multiply(variance_);
      change_covariances();
      if (t % interval == interval - 1) steady = stands_still();
    }
    for (const std::size_t end = std::min(n, t + r_); t < end; ++t) {
      observe(t);
      product_.multiply(variance_);
    }
    errors_.log_determinant = product_.sum();
    if (t == n) return;
    Lanes last;
    store(last, variance_);
    for (std::size_t i = 0; i < kLanes; ++i) {
      errors_.log_determinant.at[i] += static_cast<double>(n - t) * std::log(last.at[i]);
    }
    for (std::size_t c = 0; c < columns_.count; ++c) continue_steadily(c, t);
  }

 private:
  /// Errors of all columns at t, and the predicted states after it.
  void observe(std::size_t t) {
    const Vector inverse = all(1) / variance_;
    const Vector deviation = square_root(inverse);
    for (std::size_t c = 0; c < columns_.count; ++c) {
      Lanes* state = errors_.state.data() + c * (r_ + 1);
      const Vector first = load(state[0]);
      const Vector error = all(columns_.values[c * columns_.n + t]) - first;
      store(errors_.scaled[c * columns_.n + t], error * deviation);
      const Vector weighted = error * inverse;
      std::size_t i = 0;
      for (; i < p_; ++i) {
        store(state[i],
              load(state[i + 1]) + load(errors_.gain[i]) * weighted + load(model_.phi[i + 1]) * first);
      }
      for (; i < r_; ++i) store(state[i], load(state[i + 1]) + load(errors_.gain[i]) * weighted);
    }
  }

  void change_covariances() {
    const Vector first = load(errors_.change[0]);
    const Vector raise = factor_ * first;
    const Vector share = first / variance_;
    const auto step = [&](std::size_t i, const Vector& moved) {
      const Vector gain = load(errors_.gain[i]);
      store(errors_.change[i], moved - gain * share);
      store(errors_.gain[i], gain + moved * raise);
    };
    std::size_t i = 0;
    for (; i < p_; ++i) step(i, load(errors_.change[i + 1]) + load(model_.phi[i + 1]) * first);
    for (; i < r_; ++i) step(i, load(errors_.change[i + 1]));
    const Vector next = variance_ + raise * first;
    factor_ = factor_ * variance_ / next;
    variance_ = next;
  }

  /// Whether what is still to come changes no covariance by more than 1e-12 of the innovations' variance.
  bool stands_still() const {
    constexpr double kChangeMax = 1e-12;
    Vector most = all(0);
    for (std::size_t i = 0; i < r_; ++i) {
      const Vector change = load(errors_.change[i]);
      most = most + change * change;
    }
    Lanes lanes;
    store(lanes, most * factor_);
    return std::all_of(lanes.at.begin(), lanes.at.end(), [](double x) { return -x < kChangeMax; });
  }

  /// From t on by the difference equation alone: the variance and the gains are those of the limit.
  void continue_steadily(std::size_t c, std::size_t t) {
    Lanes* scaled = errors_.scaled.data() + c * columns_.n;
    const double* values = columns_.values.data() + c * columns_.n;
    const Vector deviation = all(1) / square_root(variance_);
    for (; t < columns_.n; ++t) {
      Vector sum = all(values[t]);
      for (const int lag : model_.ar_lags) {
        const std::size_t k = static_cast<std::size_t>(lag);
        sum = sum - load(model_.phi[k]) * all(values[t - k]);
      }
      sum = sum * deviation;
      for (const int lag : model_.ma_lags) {
        const std::size_t k = static_cast<std::size_t>(lag);
        sum = sum - load(model_.theta[k]) * load(scaled[t - k]);
      }
      store(scaled[t], sum);
    }
  }

  const LanePolynomials& model_;
  const Columns& columns_;
  Errors& errors_;
  std::size_t r_;
  std::size_t p_;
  Vector variance_;  // of the next error
  Vector factor_;    // the change of the covariance a step is factor change change'
  LogProduct product_;
};

}  // namespace

void conditional_errors(const LanePolynomials& model, const Columns& columns, std::size_t skipped,
                        Errors& errors) {
  const std::size_t n = columns.n;
  errors.scaled.resize(columns.count * n);
  errors.log_determinant = Lanes{};
  for (std::size_t c = 0; c < columns.count; ++c) {
    Lanes* e = errors.scaled.data() + c * n;
    const double* values = columns.values.data() + c * n;
    std::fill_n(e, std::min(skipped, n), Lanes{});
    for (std::size_t t = skipped; t < n; ++t) {
      Vector sum = all(values[t]);
      for (const int lag : model.ar_lags) {
        const std::size_t k = static_cast<std::size_t>(lag);
        sum = sum - load(model.phi[k]) * all(values[t - k]);
      }
      for (const int lag : model.ma_lags) {
        const std::size_t k = static_cast<std::size_t>(lag);
        if (k > t) break;
        sum = sum - load(model.theta[k]) * load(e[t - k]);
      }
      store(e[t], sum);
    }
  }
}

void exact_errors(const LanePolynomials& model, const Columns& columns, const Lanes& variance,
                  Errors& errors) {
  ExactFilter(model, columns, variance, errors).run();
}

void products(std::span<const Lanes> a, std::span<const Lanes> b, std::size_t rows,
              std::array<Lanes, kLanes>& result) {
  Vector sums[kLanes];
  for (Vector& sum : sums) sum = all(0);
  for (std::size_t t = 0; t < a.size(); ++t) {
    const Vector right = load(b[t]);
    for (std::size_t i = 0; i < rows; ++i) sums[i] = sums[i] + all(a[t].at[i]) * right;
  }
  for (std::size_t i = 0; i < rows; ++i) store(result[i], sums[i]);
}

Lanes column_product(std::span<const Lanes> c, std::span<const Lanes> d) {
  Vector sum = all(0);
  for (std::size_t t = 0; t < c.size(); ++t) sum = sum + load(c[t]) * load(d[t]);
  Lanes result;
  store(result, sum);
  return result;
}

void take_regression(std::span<Lanes> y, std::span<const Lanes> x, std::span<const Lanes> beta,
                     const Lanes& scale) {
  const Vector factor = load(scale);
  for (std::size_t t = 0; t < y.size(); ++t) {
    Vector rest = load(y[t]);
    for (std::size_t c = 0; c < beta.size(); ++c) rest = rest - load(beta[c]) * load(x[c * y.size() + t]);
    store(y[t], rest * factor);
  }
}

void to_differences(std::span<Lanes> z, const Lanes& inverse_step) {
  const Vector steps = load(inverse_step);
  for (Lanes& lanes : z) {
    const double base = lanes.at[0];
    store(lanes, (load(lanes) - all(base)) * steps);
    lanes.at[0] = base;
  }
}

}  // namespace rankine::forecast::arima
