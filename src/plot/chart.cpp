// SPDX-License-Identifier: Apache-2.0
#include "plot/chart.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>

#include "plot/scale.hpp"
#include "plot/svg.hpp"

namespace rankine::plot {

namespace {

constexpr double kLeft = 72;
constexpr double kRight = 16;
constexpr double kTop = 36;
constexpr double kBottom = 50;
constexpr double kLegendRow = 17;

void check(const Curve& curve) {
  const std::size_t n = curve.x.size();
  const auto fits = [n](std::size_t size) { return size == n || size == 0; };
  if (curve.y.size() != n || !fits(curve.low.size()) || curve.low.size() != curve.high.size() ||
      !fits(curve.hover.size())) {
    throw std::invalid_argument(
        fmt::format("curve \"{}\": x has {} values, y {}, low {}, high {}, hover {}; give all of one length",
                    curve.name, n, curve.y.size(), curve.low.size(), curve.high.size(), curve.hover.size()));
  }
}

/// Which points of a curve are drawn: all, or those that a column of pixels shows.
std::vector<std::size_t> visible(const Curve& curve, const Scale& across, double pixels) {
  const std::size_t n = curve.x.size();
  std::vector<std::size_t> kept;
  if (static_cast<double>(n) <= 4 * pixels || curve.mark == Mark::kPoints) {
    kept.resize(n);
    for (std::size_t k = 0; k < n; ++k) kept[k] = k;
    return kept;
  }
  std::size_t begin = 0;
  while (begin < n) {
    const double column = std::floor(across(curve.x[begin]));
    std::size_t end = begin, least = begin, largest = begin;
    bool broken = false;
    for (; end < n && std::floor(across(curve.x[end])) == column; ++end) {
      broken = broken || !std::isfinite(curve.y[end]);
      if (curve.y[end] < curve.y[least]) least = end;
      if (curve.y[end] > curve.y[largest]) largest = end;
    }
    end = std::max(end, begin + 1);  // a value without a place stands alone
    std::vector<std::size_t> some{begin, least, largest, end - 1};
    if (broken) {
      for (std::size_t k = begin; k < end; ++k) some.push_back(k);
    }
    std::sort(some.begin(), some.end());
    some.erase(std::unique(some.begin(), some.end()), some.end());
    kept.insert(kept.end(), some.begin(), some.end());
    begin = end;
  }
  return kept;
}

/// Runs of finite points, drawn each as a line of its own.
void draw_line(Svg& svg, const Curve& curve, const std::vector<std::size_t>& kept, const Scale& across,
               const Scale& up, const Svg::Stroke& stroke) {
  std::string points;
  std::size_t count = 0;
  double last_x = 0, last_y = 0;
  const auto flush = [&] {
    if (count > 1) svg.polyline(points, stroke, curve.name);
    if (count == 1) svg.circle(last_x, last_y, stroke.width, stroke.colour, curve.name);
    points.clear();
    count = 0;
  };
  for (const std::size_t k : kept) {
    const double x = across(curve.x[k]), y = up(curve.y[k]);
    if (!std::isfinite(x) || !std::isfinite(y)) {
      flush();
      continue;
    }
    if (curve.mark == Mark::kSteps && count > 0) points += Svg::point(x, last_y);
    points += Svg::point(x, y);
    last_x = x;
    last_y = y;
    ++count;
  }
  flush();
}

void draw_band(Svg& svg, const Curve& curve, const std::vector<std::size_t>& kept, const Scale& across,
               const Scale& up, std::string_view fill) {
  std::string there, back;
  const auto flush = [&] {
    if (!there.empty()) svg.polygon(there + back, fill, 0.18);
    there.clear();
    back.clear();
  };
  for (const std::size_t k : kept) {
    const double x = across(curve.x[k]), low = up(curve.low[k]), high = up(curve.high[k]);
    if (!std::isfinite(x) || !std::isfinite(low) || !std::isfinite(high)) {
      flush();
      continue;
    }
    there += Svg::point(x, high);
    back = Svg::point(x, low) + back;
  }
  flush();
}

void draw_axes(Svg& svg, const Chart& chart, const Scale& across, const Scale& up, double bottom) {
  const Svg::Stroke grid{.colour = "#8888", .width = 0.5};
  const double right = chart.width - kRight;
  for (const double tick : across.ticks(8)) {
    const double x = across(tick);
    svg.line(x, kTop, x, bottom, grid);
    svg.text(x, bottom + 16, tick_text(tick), Anchor::kMiddle, 11);
  }
  for (const double tick : up.ticks(6)) {
    const double y = up(tick);
    svg.line(kLeft, y, right, y, grid);
    svg.text(kLeft - 6, y + 4, tick_text(tick), Anchor::kEnd, 11);
  }
  svg.line(kLeft, bottom, right, bottom, {});
  svg.line(kLeft, kTop, kLeft, bottom, {});
  svg.text(chart.width / 2, 20, chart.title, Anchor::kMiddle, 14);
  svg.text((kLeft + right) / 2, bottom + 36, chart.x_label, Anchor::kMiddle);
  svg.text(16, (kTop + bottom) / 2, chart.y_label, Anchor::kMiddle, 12, -90);
}

/// Names below the axes, as many a row as fit.
double draw_legend(Svg& svg, const Chart& chart, const std::vector<std::string>& colours, double top) {
  double x = kLeft, y = top;
  for (std::size_t k = 0; k < chart.curves.size(); ++k) {
    const std::string& name = chart.curves[k].name;
    if (name.empty()) continue;
    const double width = 34 + 6.6 * static_cast<double>(name.size());
    if (x > kLeft && x + width > chart.width - kRight) {
      x = kLeft;
      y += kLegendRow;
    }
    svg.line(x, y - 4, x + 18, y - 4, {.colour = colours[k], .width = 3, .dashed = chart.curves[k].dashed});
    svg.text(x + 23, y, name, Anchor::kStart, 12);
    x += width;
  }
  return x > kLeft ? y + kLegendRow : y;
}

}  // namespace

std::string svg_of(const Chart& chart) {
  Range x_range(chart.log_x), y_range(chart.log_y);
  std::vector<std::string> colours;
  std::size_t next = 0;
  for (const Curve& curve : chart.curves) {
    check(curve);
    x_range.add(curve.x);
    y_range.add(curve.y);
    y_range.add(curve.low);
    y_range.add(curve.high);
    colours.push_back(curve.colour.empty() ? std::string(colour(next++)) : curve.colour);
  }
  const double bottom = chart.height - kBottom;
  const Scale across(x_range, chart.log_x, kLeft, chart.width - kRight);
  const Scale up(y_range, chart.log_y, bottom, kTop);

  Svg measured(chart.width, 0);
  const double end = draw_legend(measured, chart, colours, chart.height + 8);
  Svg svg(chart.width, end);
  draw_axes(svg, chart, across, up, bottom);
  const double pixels = chart.width - kLeft - kRight;
  for (std::size_t k = 0; k < chart.curves.size(); ++k) {
    const Curve& curve = chart.curves[k];
    const auto kept = visible(curve, across, pixels);
    if (!curve.low.empty()) draw_band(svg, curve, kept, across, up, colours[k]);
    if (curve.mark == Mark::kPoints) {
      for (const std::size_t at : kept) {
        const double x = across(curve.x[at]), y = up(curve.y[at]);
        if (!std::isfinite(x) || !std::isfinite(y)) continue;
        svg.circle(x, y, 2 * curve.width, colours[k], curve.hover.empty() ? curve.name : curve.hover[at]);
      }
    } else {
      draw_line(
          svg, curve, kept, across, up,
          {.colour = colours[k], .width = curve.width, .opacity = curve.opacity, .dashed = curve.dashed});
    }
  }
  draw_legend(svg, chart, colours, chart.height + 8);
  return svg.str();
}

}  // namespace rankine::plot
