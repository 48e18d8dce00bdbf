// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <Eigen/Dense>

#include <rankine/core/error.hpp>
#include <rankine/forecast/hierarchy.hpp>

namespace rankine::forecast {

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// series x bottom, 1 where a bottom series is part of a series.
Matrix summing_matrix(const Hierarchy& hierarchy) {
  const auto sums = static_cast<Eigen::Index>(hierarchy.sums.size());
  const auto bottom = static_cast<Eigen::Index>(hierarchy.bottom);
  Matrix s = Matrix::Zero(sums + bottom, bottom);
  for (Eigen::Index i = 0; i < sums; ++i) {
    for (const std::size_t member : hierarchy.sums[static_cast<std::size_t>(i)]) {
      if (member >= hierarchy.bottom)
        throw InputError(fmt::format("a sum names bottom series {}, there are {}", member, hierarchy.bottom));
      s(i, static_cast<Eigen::Index>(member)) = 1;
    }
  }
  s.bottomRows(bottom).setIdentity();
  return s;
}

/// series x values of what was given, checked.
Matrix rows_of(std::span<const double> values, std::size_t series, const char* what) {
  if (series == 0 || values.empty() || values.size() % series != 0)
    throw InputError(
        fmt::format("{} {} are no equal number for each of {} series", values.size(), what, series));
  if (!std::all_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }))
    throw InputError(fmt::format("one of the {} is not finite", what));
  return Eigen::Map<const Matrix>(values.data(), static_cast<Eigen::Index>(series),
                                  static_cast<Eigen::Index>(values.size() / series));
}

/// Second moments of the errors, their correlations multiplied by 1 - lambda with the lambda of least
/// expected squared error. Series without any error get the smallest variance of the others, so that it can
/// be inverted.
Matrix shrunk_covariance(const Matrix& errors) {
  const auto n = static_cast<double>(errors.cols());
  if (errors.cols() < 3)
    throw InputError(fmt::format("MinT needs residuals at 3 times, not {}", errors.cols()));
  const Matrix covariance = errors * errors.transpose() / n;
  Eigen::VectorXd deviations = covariance.diagonal().cwiseSqrt();
  double least = deviations.maxCoeff() > 0 ? deviations.maxCoeff() : 1;
  for (const double deviation : deviations)
    if (deviation > 0) least = std::min(least, deviation);
  for (double& deviation : deviations)
    if (!(deviation > 0)) deviation = least;
  const Matrix scaled = deviations.cwiseInverse().asDiagonal() * errors;
  const Matrix products = scaled * scaled.transpose();
  const Matrix squares = scaled.cwiseAbs2() * scaled.cwiseAbs2().transpose();
  Matrix variances = (squares - products.cwiseAbs2() / n) / (n * (n - 1));
  Matrix correlations = products / n;
  variances.diagonal().setZero();
  correlations.diagonal().setZero();
  const double off = correlations.squaredNorm();
  const double lambda = off > 0 ? std::clamp(variances.sum() / off, 0.0, 1.0) : 1.0;
  correlations *= 1 - lambda;
  correlations.diagonal().setOnes();
  return deviations.asDiagonal() * correlations * deviations.asDiagonal();
}

/// The bottom series of (S' W^-1 S)^-1 S' W^-1 base.
Matrix nearest(const Matrix& s, const Matrix& base, const Matrix& w) {
  const Eigen::LDLT<Eigen::MatrixXd> metric(w);
  const Eigen::MatrixXd weighted = metric.solve(Eigen::MatrixXd(s));
  const Eigen::MatrixXd normal = s.transpose() * weighted;
  return normal.ldlt().solve(weighted.transpose() * base);
}

}  // namespace

std::vector<double> reconcile(const Hierarchy& hierarchy, std::span<const double> base, Reconciliation how,
                              std::span<const double> residuals) {
  const Matrix s = summing_matrix(hierarchy);
  const Matrix forecasts = rows_of(base, hierarchy.series(), "base forecasts");
  Matrix bottom = forecasts.bottomRows(static_cast<Eigen::Index>(hierarchy.bottom));
  if (how == Reconciliation::kOls) {
    bottom = nearest(s, forecasts, Matrix::Identity(s.rows(), s.rows()));
  } else if (how == Reconciliation::kMinTShrink) {
    bottom = nearest(s, forecasts, shrunk_covariance(rows_of(residuals, hierarchy.series(), "residuals")));
  }
  const Matrix coherent = s * bottom;
  return {coherent.data(), coherent.data() + coherent.size()};
}

}  // namespace rankine::forecast
