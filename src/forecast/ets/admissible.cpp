// SPDX-License-Identifier: Apache-2.0
#include "forecast/ets/admissible.hpp"

#include <array>
#include <cmath>

#include "forecast/ets/form.hpp"

namespace rankine::forecast::ets {

namespace {

/// Schur and Cohn: all roots of c[0] + c[1] z + .. + c[degree] z^degree lie within the unit circle if the
/// last coefficient outweighs the first in every polynomial that the reduction leads to. Roots on the circle
/// pass within rounding, as with R's limit of 1 + 1e-10.
bool roots_within_circle(std::array<double, kSeasonMax + 2>& c, int degree) {
  constexpr double rounding = 1e-10;
  for (; degree > 0; --degree) {
    const double ratio = c[0] / c[static_cast<std::size_t>(degree)];
    if (!(std::abs(ratio) <= 1 + rounding)) return false;
    if (std::abs(ratio) >= 1 - rounding) return true;  // on the circle: no further reduction is possible
    std::array<double, kSeasonMax + 2> reduced{};
    for (int i = 0; i < degree; ++i) {
      reduced[static_cast<std::size_t>(i)] =
          c[static_cast<std::size_t>(i + 1)] - ratio * c[static_cast<std::size_t>(degree - 1 - i)];
    }
    c = reduced;
  }
  return true;
}

}  // namespace

bool is_admissible(double alpha, double beta, double gamma, double phi, int m) {
  if (beta == 0 && phi == 1) return true;  // without a trend the usual bounds lie inside
  if (gamma > 1 + 1 / phi - alpha) return false;
  if (alpha < 1 - 1 / phi - gamma * (1 - m + phi + phi * m) / (2 * phi * m)) return false;
  if (beta < -(1 - phi) * (gamma / m + alpha)) return false;
  std::array<double, kSeasonMax + 2> c{};
  const auto last = static_cast<std::size_t>(m) + 1;
  c[0] = phi * (1 - alpha - gamma);
  for (std::size_t i = 1; i < last; ++i) c[i] = alpha + beta - alpha * phi;
  c[1] += gamma - 1;
  c[last - 1] = alpha + beta - phi;
  c[last] = 1;
  return roots_within_circle(c, m + 1);
}

}  // namespace rankine::forecast::ets
