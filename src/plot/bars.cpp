// SPDX-License-Identifier: Apache-2.0
#include "plot/bars.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "plot/svg.hpp"

namespace rankine::plot {

std::string svg_of(const Bars& picture) {
  constexpr double row = 24, top = 34;
  std::size_t longest = 0;
  double largest = 0;
  for (const Bar& bar : picture.bars) {
    longest = std::max(longest, bar.name.size());
    if (std::isfinite(bar.value)) largest = std::max(largest, bar.value);
  }
  const double left = std::min(20 + 7.0 * static_cast<double>(longest), picture.width / 2);
  const double room = picture.width - left - 90;
  Svg svg(picture.width, top + row * static_cast<double>(picture.bars.size()) + 10);
  svg.text(picture.width / 2, 20, picture.title, Anchor::kMiddle, 14);
  double y = top;
  for (const Bar& bar : picture.bars) {
    const double value = std::isfinite(bar.value) ? std::max(bar.value, 0.0) : 0;
    const double length = largest > 0 ? room * value / largest : 0;
    const std::string words =
        fmt::format("{:.3g}{}{}", bar.value, picture.unit.empty() ? "" : " ", picture.unit);
    svg.text(left - 8, y + 15, bar.name, Anchor::kEnd);
    svg.rectangle(left, y + 3, length, row - 7, colour(0), bar.name + ": " + words);
    svg.text(left + length + 6, y + 15, words, Anchor::kStart, 11);
    y += row;
  }
  return svg.str();
}

}  // namespace rankine::plot
