// SPDX-License-Identifier: Apache-2.0
// Horizontal bars with names and values, as SVG text.
#pragma once

#include <string>
#include <vector>

namespace rankine::plot {

struct Bar {
  std::string name;
  double value = 0;  ///< not negative; what is not finite is drawn as zero
};

struct Bars {
  std::string title;
  std::string unit;       ///< behind each value
  std::vector<Bar> bars;  ///< from top to bottom
  double width = 720;     ///< pixels
};

std::string svg_of(const Bars& bars);

}  // namespace rankine::plot
