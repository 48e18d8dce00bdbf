// SPDX-License-Identifier: Apache-2.0
// Parallel coordinates: an upright axis for each quantity, a line across them for each item, coloured by a
// value. As SVG text.
#pragma once

#include <string>
#include <vector>

namespace rankine::plot {

struct ParallelAxis {
  std::string name;
  bool logarithmic = false;
  std::vector<std::string> categories = {};  ///< if any, values are indices into them
};

struct ParallelLine {
  std::vector<double> values;  ///< one an axis; NaN: the line is broken there
  double colour_value = 0;     ///< warm when small, cold when large, by rank among all lines; NaN: grey
  std::string hover;
};

struct ParallelCoordinates {
  std::string title;
  std::vector<ParallelAxis> axes;
  std::vector<ParallelLine> lines;  ///< those of small colour_value are drawn on top
  double width = 860;               ///< pixels
  double height = 420;
};

/// Throws std::invalid_argument when a line has another number of values than there are axes.
std::string svg_of(const ParallelCoordinates& picture);

}  // namespace rankine::plot
