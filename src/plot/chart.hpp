// SPDX-License-Identifier: Apache-2.0
// A chart of lines, bands and points over two axes, as SVG text. Made from numbers alone; writes no file.
#pragma once

#include <string>
#include <vector>

namespace rankine::plot {

enum class Mark {
  kLine,    ///< values joined by straight lines
  kSteps,   ///< each value holds until the next one (an incumbent, a learning rate)
  kPoints,  ///< circles, with `hover` texts
};

/// One curve. x and y of one length n; where a value is not finite the line is broken.
struct Curve {
  std::string name;               ///< in the legend; left out there when empty
  std::vector<double> x;          ///< [n]
  std::vector<double> y;          ///< [n]
  std::vector<double> low = {};   ///< [n] or empty: a band from low to high is drawn behind the line
  std::vector<double> high = {};  ///< [n] or empty
  Mark mark = Mark::kLine;
  std::string colour = {};  ///< empty: the next one of the palette
  double width = 1.6;       ///< pixels
  double opacity = 1;
  bool dashed = false;
  std::vector<std::string> hover = {};  ///< [n] or empty: shown over points
};

struct Chart {
  std::string title;
  std::string x_label;  ///< with the unit in brackets
  std::string y_label;
  bool log_x = false;
  bool log_y = false;
  std::vector<Curve> curves = {};
  double width = 720;  ///< pixels
  double height = 380;
};

/// The picture. Curves of more points than pixels keep, in each column of pixels, their first, least, largest
/// and last point. Throws std::invalid_argument when a curve's vectors differ in length.
std::string svg_of(const Chart& chart);

}  // namespace rankine::plot
