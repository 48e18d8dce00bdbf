// SPDX-License-Identifier: Apache-2.0
// A growing SVG picture: shapes in pixels, text escaped, coordinates with a tenth of a pixel. Colours come
// from one palette that people with colour blindness can tell apart. What is drawn is not known here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace rankine::plot {

/// `text` with &, <, > and " as entities, and control characters left out.
std::string escaped(std::string_view text);

/// The k-th of eight colours, again from the start after the last (Okabe and Ito 2008, without black).
std::string_view colour(std::size_t k);

/// A blend from cold (0) over pale to warm (1), as "#rrggbb"; values outside are cut.
std::string heat(double share);

enum class Anchor { kStart, kMiddle, kEnd };

class Svg {
 public:
  Svg(double width, double height) : width_(width), height_(height) {}

  struct Stroke {
    std::string_view colour = "currentColor";
    double width = 1;
    double opacity = 1;
    bool dashed = false;
  };
  void line(double x1, double y1, double x2, double y2, const Stroke& stroke);
  /// `points`: "x,y x,y ..." as made by point().
  void polyline(std::string_view points, const Stroke& stroke, std::string_view hover = {});
  void polygon(std::string_view points, std::string_view fill, double opacity);
  void circle(double x, double y, double radius, std::string_view fill, std::string_view hover = {});
  void rectangle(double x, double y, double width, double height, std::string_view fill,
                 std::string_view hover = {});
  /// `degrees` turns the text about its place.
  void text(double x, double y, std::string_view words, Anchor anchor, double size = 12, double degrees = 0);

  /// "x,y ".
  static std::string point(double x, double y);

  /// The whole picture, ready to be a file or a part of an HTML page.
  std::string str() const;

 private:
  void element(std::string_view shape, std::string_view tag, std::string_view hover);

  double width_;
  double height_;
  std::string body_;
};

}  // namespace rankine::plot
