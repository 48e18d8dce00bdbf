// SPDX-License-Identifier: Apache-2.0
#include "plot/parallel_coordinates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <fmt/format.h>

#include "plot/scale.hpp"
#include "plot/svg.hpp"

namespace rankine::plot {

namespace {

constexpr double kTop = 56;
constexpr double kBottom = 26;
constexpr double kSide = 70;

std::vector<Scale> scales_of(const ParallelCoordinates& picture) {
  std::vector<Scale> scales;
  for (std::size_t axis = 0; axis < picture.axes.size(); ++axis) {
    const ParallelAxis& of = picture.axes[axis];
    Range range(of.logarithmic);
    for (std::size_t k = 0; k < of.categories.size(); ++k) range.add(static_cast<double>(k));
    for (const ParallelLine& line : picture.lines) range.add(line.values[axis]);
    scales.emplace_back(range, of.logarithmic, picture.height - kBottom, kTop);
  }
  return scales;
}

/// The lines from the largest colour value to the smallest, unknown ones first, each with its share (0:
/// best).
struct Drawn {
  std::size_t line;
  double share;
};
std::vector<Drawn> in_order(const std::vector<ParallelLine>& lines) {
  std::vector<std::size_t> known;
  std::vector<Drawn> result;
  for (std::size_t k = 0; k < lines.size(); ++k) {
    if (std::isnan(lines[k].colour_value)) {
      result.push_back({k, std::numeric_limits<double>::quiet_NaN()});
    } else {
      known.push_back(k);
    }
  }
  std::stable_sort(known.begin(), known.end(), [&](std::size_t a, std::size_t b) {
    return lines[a].colour_value > lines[b].colour_value;
  });
  const double most = std::max(1.0, static_cast<double>(known.size()) - 1);
  for (std::size_t k = 0; k < known.size(); ++k) {
    result.push_back({known[k], 1 - static_cast<double>(k) / most});
  }
  return result;
}

}  // namespace

std::string svg_of(const ParallelCoordinates& picture) {
  for (const ParallelLine& line : picture.lines) {
    if (line.values.size() != picture.axes.size()) {
      throw std::invalid_argument(
          fmt::format("a line has {} values, there are {} axes", line.values.size(), picture.axes.size()));
    }
  }
  const std::vector<Scale> scales = scales_of(picture);
  const double gaps = std::max<double>(1, static_cast<double>(picture.axes.size()) - 1);
  const auto place = [&](std::size_t axis) {
    return kSide + (picture.width - 2 * kSide) * static_cast<double>(axis) / gaps;
  };
  Svg svg(picture.width, picture.height);
  svg.text(picture.width / 2, 20, picture.title, Anchor::kMiddle, 14);
  for (const Drawn& drawn : in_order(picture.lines)) {
    const ParallelLine& line = picture.lines[drawn.line];
    const std::string shade = std::isnan(drawn.share) ? "#999999" : heat(1 - drawn.share);
    const double opacity = std::isnan(drawn.share) ? 0.3 : 0.35 + 0.6 * (1 - drawn.share);
    std::string points;
    const auto flush = [&] {
      if (!points.empty()) {
        svg.polyline(points, {.colour = shade, .width = 1.3, .opacity = opacity}, line.hover);
      }
      points.clear();
    };
    for (std::size_t axis = 0; axis < picture.axes.size(); ++axis) {
      const double y = scales[axis](line.values[axis]);
      if (std::isfinite(y)) {
        points += Svg::point(place(axis), y);
      } else {
        flush();
      }
    }
    flush();
  }
  for (std::size_t axis = 0; axis < picture.axes.size(); ++axis) {
    const ParallelAxis& of = picture.axes[axis];
    const double x = place(axis);
    svg.line(x, kTop, x, picture.height - kBottom, {.width = 1.5});
    svg.text(x, 44, of.name, Anchor::kMiddle, 12);
    if (of.categories.empty()) {
      for (const double tick : scales[axis].ticks(5)) {
        svg.text(x + 5, scales[axis](tick) + 4, tick_text(tick), Anchor::kStart, 10);
      }
    }
    for (std::size_t k = 0; k < of.categories.size(); ++k) {
      svg.text(x + 5, scales[axis](static_cast<double>(k)) + 4, of.categories[k], Anchor::kStart, 10);
    }
  }
  return svg.str();
}

}  // namespace rankine::plot
