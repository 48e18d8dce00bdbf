// SPDX-License-Identifier: Apache-2.0
// Branin, Hartmann and six-hump camel as in Surjanovic and Bingham, "Virtual library of simulation
// experiments"; ZDT1 of Zitzler, Deb, Thiele, Evolutionary Computation 8(2), 2000.
#include <rankine/tune/test_functions.hpp>

#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::tune {
namespace {

using Point = std::vector<double>;

double branin(const Point& x) {
  constexpr double pi = std::numbers::pi;
  const double a = x[1] - 5.1 / (4 * pi * pi) * x[0] * x[0] + 5 / pi * x[0] - 6;
  return a * a + 10 * (1 - 1 / (8 * pi)) * std::cos(x[0]) + 10;
}

double hartmann6(const Point& x) {
  static constexpr std::array<double, 4> kWeights{1, 1.2, 3, 3.2};
  static constexpr double kA[4][6] = {{10, 3, 17, 3.5, 1.7, 8},
                                      {0.05, 10, 17, 0.1, 8, 14},
                                      {3, 3.5, 1.7, 10, 17, 8},
                                      {17, 8, 0.05, 10, 0.1, 14}};
  static constexpr double kP[4][6] = {{1312, 1696, 5569, 124, 8283, 5886},
                                      {2329, 4135, 8307, 3736, 1004, 9991},
                                      {2348, 1451, 3522, 2883, 3047, 6650},
                                      {4047, 8828, 8732, 5743, 1091, 381}};
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    double inner = 0;
    for (std::size_t j = 0; j < 6; ++j) inner += kA[i][j] * std::pow(x[j] - kP[i][j] * 1e-4, 2);
    sum -= kWeights[i] * std::exp(-inner);
  }
  return sum;
}

double camel(const Point& x) {
  const double a = x[0] * x[0], b = x[1] * x[1];
  return (4 - 2.1 * a + a * a / 3) * a + x[0] * x[1] + (4 * b - 4) * b;
}

double sphere(const Point& x) {
  double sum = 0;
  for (const double v : x) sum += v * v;
  return sum;
}

double rosenbrock(const Point& x) {
  double sum = 0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    sum += 100 * std::pow(x[i + 1] - x[i] * x[i], 2) + std::pow(1 - x[i], 2);
  }
  return sum;
}

double ellipsoid(const Point& x) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    sum += std::pow(1e4, static_cast<double>(i) / static_cast<double>(x.size() - 1)) * x[i] * x[i];
  }
  return sum;
}

Point zdt1(const Point& x) {
  double rest = 0;
  for (std::size_t i = 1; i < x.size(); ++i) rest += x[i];
  const double g = 1 + 9 * rest / static_cast<double>(x.size() - 1);
  return {x[0], g * (1 - std::sqrt(x[0] / g))};
}

Space box(std::size_t size, double low, double high) {
  Space space;
  for (std::size_t i = 0; i < size; ++i) space.add(uniform(fmt::format("x{}", i), low, high));
  return space;
}

TestFunction single(Space space, double (*function)(const Point&), double minimum) {
  return {std::move(space), [function](const Point& x) { return Point{function(x)}; }, minimum};
}

}  // namespace

TestFunction test_function(const std::string& name) {
  if (name == "branin") {
    Space space;
    space.add(uniform("x0", -5, 10)).add(uniform("x1", 0, 15));
    return single(std::move(space), branin, 0.39788735772973816);
  }
  if (name == "hartmann6") return single(box(6, 0, 1), hartmann6, -3.322368011415515);
  if (name == "camel") {
    Space space;
    space.add(uniform("x0", -3, 3)).add(uniform("x1", -2, 2));
    return single(std::move(space), camel, -1.0316284534898774);
  }
  if (name == "sphere4") return single(box(4, -5, 4), sphere, 0);
  if (name == "rosenbrock4") return single(box(4, -2, 2), rosenbrock, 0);
  if (name == "ellipsoid4") return single(box(4, -5, 4), ellipsoid, 0);
  if (name == "zdt1") return {box(30, 0, 1), zdt1, 0};
  throw InputError(
      fmt::format("no test function is called \"{}\"; there are: branin, hartmann6, camel, sphere4, "
                  "rosenbrock4, ellipsoid4, zdt1",
                  name));
}

}  // namespace rankine::tune
