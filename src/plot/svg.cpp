// SPDX-License-Identifier: Apache-2.0
#include "plot/svg.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

namespace rankine::plot {

std::string escaped(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t') result += c;
    }
  }
  return result;
}

std::string_view colour(std::size_t k) {
  static constexpr std::array<std::string_view, 7> palette{"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                           "#e69f00", "#56b4e9", "#8a8a00"};
  return palette[k % palette.size()];
}

std::string heat(double share) {
  struct Colour {
    double red, green, blue;
  };
  static constexpr Colour cold{33, 102, 172}, pale{200, 200, 200}, warm{178, 24, 43};
  const double at = std::isnan(share) ? 0.5 : std::clamp(share, 0.0, 1.0);
  const Colour& from = at < 0.5 ? cold : pale;
  const Colour& to = at < 0.5 ? pale : warm;
  const double part = at < 0.5 ? 2 * at : 2 * at - 1;
  const auto mix = [&](double a, double b) { return static_cast<int>(std::lround(a + (b - a) * part)); };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(from.red, to.red), mix(from.green, to.green),
                     mix(from.blue, to.blue));
}

namespace {

std::string stroke_attributes(const Svg::Stroke& stroke) {
  std::string text = fmt::format("stroke=\"{}\" stroke-width=\"{:.3g}\"", stroke.colour, stroke.width);
  if (stroke.opacity < 1) text += fmt::format(" stroke-opacity=\"{:.2g}\"", stroke.opacity);
  if (stroke.dashed) text += " stroke-dasharray=\"5 4\"";
  return text;
}

}  // namespace

void Svg::element(std::string_view shape, std::string_view tag, std::string_view hover) {
  if (hover.empty()) {
    body_ += fmt::format("{}/>\n", shape);
  } else {
    body_ += fmt::format("{}><title>{}</title></{}>\n", shape, escaped(hover), tag);
  }
}

void Svg::line(double x1, double y1, double x2, double y2, const Stroke& stroke) {
  element(fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" {}", x1, y1, x2, y2,
                      stroke_attributes(stroke)),
          "line", {});
}

void Svg::polyline(std::string_view points, const Stroke& stroke, std::string_view hover) {
  element(fmt::format("<polyline fill=\"none\" stroke-linejoin=\"round\" points=\"{}\" {}", points,
                      stroke_attributes(stroke)),
          "polyline", hover);
}

void Svg::polygon(std::string_view points, std::string_view fill, double opacity) {
  element(fmt::format("<polygon points=\"{}\" fill=\"{}\" fill-opacity=\"{:.2g}\"", points, fill, opacity),
          "polygon", {});
}

void Svg::circle(double x, double y, double radius, std::string_view fill, std::string_view hover) {
  element(fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" fill=\"{}\"", x, y, radius, fill),
          "circle", hover);
}

void Svg::rectangle(double x, double y, double width, double height, std::string_view fill,
                    std::string_view hover) {
  element(fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" fill=\"{}\"", x, y,
                      width, height, fill),
          "rect", hover);
}

void Svg::text(double x, double y, std::string_view words, Anchor anchor, double size, double degrees) {
  static constexpr std::array<std::string_view, 3> anchors{"start", "middle", "end"};
  std::string turned;
  if (degrees != 0) turned = fmt::format(" transform=\"rotate({:.0f} {:.1f} {:.1f})\"", degrees, x, y);
  body_ += fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\" font-size=\"{:.3g}\" fill=\"currentColor\"{}>{}"
      "</text>\n",
      x, y, anchors[static_cast<std::size_t>(anchor)], size, turned, escaped(words));
}

std::string Svg::point(double x, double y) {
  return fmt::format("{:.1f},{:.1f} ", x, y);
}

std::string Svg::str() const {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} "
      "{1:.0f}\" font-family=\"system-ui, sans-serif\" color=\"#222\">\n{2}</svg>\n",
      width_, height_, body_);
}

}  // namespace rankine::plot
