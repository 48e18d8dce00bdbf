// SPDX-License-Identifier: Apache-2.0
// Places and ticks of axes, what a chart draws and leaves out, pages that are written whole.
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <regex>
#include <span>
#include <stdexcept>
#include <string>

#include <unistd.h>

#include <rankine/core/error.hpp>

#include "catch.hpp"
#include "plot/bars.hpp"
#include "plot/chart.hpp"
#include "plot/page.hpp"
#include "plot/parallel_coordinates.hpp"
#include "plot/scale.hpp"
#include "plot/svg.hpp"
#include "temporary_folder.hpp"

namespace {

using namespace rankine::plot;
constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// Tags that are opened are closed in turn, attributes have quotes, no bare & or <.
bool well_formed(const std::string& text) {
  static const std::regex tag("<(/?)([a-zA-Z0-9]+)((?: [a-zA-Z0-9:-]+=\"[^\"<]*\")*)(/?)>");
  std::vector<std::string> open;
  std::size_t at = 0;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), tag); it != std::sregex_iterator(); ++it) {
    const auto from = static_cast<std::size_t>(it->position());
    const std::string between = text.substr(at, from - at);
    static const std::regex entity("&(?!amp;|lt;|gt;|quot;)");
    if (between.find('<') != std::string::npos || std::regex_search(between, entity)) return false;
    at = from + static_cast<std::size_t>(it->length());
    if ((*it)[4] == "/") continue;
    if ((*it)[1] != "/") {
      open.push_back((*it)[2]);
    } else {
      if (open.empty() || open.back() != (*it)[2]) return false;
      open.pop_back();
    }
  }
  return open.empty() && text.find('<', at) == std::string::npos;
}

Range range_of(std::initializer_list<double> values, bool positive = false) {
  Range range(positive);
  for (const double value : values) range.add(value);
  return range;
}

}  // namespace

TEST_CASE("a linear axis maps its range onto pixels and has round ticks inside it") {
  const Scale scale(range_of({0, 10, kNothing}), false, 100, 200, 0);
  CHECK(scale(0) == Approx(100));
  CHECK(scale(5) == Approx(150));
  CHECK(std::isnan(scale(kNothing)));
  CHECK(scale.ticks(5) == std::vector<double>{0, 2, 4, 6, 8, 10});
  const Scale turned(range_of({-1, 1}), false, 200, 100, 0);
  CHECK(turned(-1) == Approx(200));
}

TEST_CASE("a logarithmic axis leaves out what is not positive, and labels powers of ten") {
  const Scale scale(range_of({-3, 0, 1e-4, 1e4}, true), true, 0, 800, 0);
  CHECK(scale(1) == Approx(400));
  CHECK(std::isnan(scale(0)));
  CHECK(std::isnan(scale(-1)));
  const std::vector<double> ticks = scale.ticks(8);
  REQUIRE(ticks.size() >= 4);
  for (const double tick : ticks)
    CHECK(std::log10(tick) == Approx(std::round(std::log10(tick))).margin(1e-9));
  CHECK(Scale(range_of({3, 4}, true), true, 0, 1, 0).ticks(5).size() >= 2);  // less than a power of ten
}

TEST_CASE("an axis of one value or of none still has a place for it") {
  CHECK(Scale(range_of({7}), false, 0, 100)(7) == Approx(50));
  CHECK(Scale(range_of({7}), true, 0, 100)(7) == Approx(50));
  CHECK(std::isfinite(Scale(range_of({}), false, 0, 100)(0.5)));
}

TEST_CASE("tick texts are short") {
  CHECK(tick_text(0.25) == "0.25");
  CHECK(tick_text(12000) == "12k");
  CHECK(tick_text(3e6) == "3M");
  CHECK(tick_text(1e-7) == "1e-07");
  CHECK(tick_text(-1e-15) == "0");
  CHECK(tick_text(0) == "0");
}

TEST_CASE("a chart draws a line a run of finite values, a band, steps, points with their texts") {
  Chart chart{.title = "loss & <time>", .x_label = "t", .y_label = "loss"};
  chart.curves.push_back({.name = "a", .x = {0, 1, 2, 3, 4}, .y = {1, 2, kNothing, 4, 5}});
  std::string svg = svg_of(chart);
  CHECK(count(svg, "<polyline") == 2);
  CHECK(svg.find("loss &amp; &lt;time&gt;") != std::string::npos);
  CHECK(well_formed(svg));

  chart.curves = {{.name = "b", .x = {0, 1}, .y = {1, 2}, .low = {0, 1}, .high = {2, 3}}};
  CHECK(count(svg_of(chart), "<polygon") == 1);

  chart.curves = {{.name = "c", .x = {0, 1, 2}, .y = {3, 2, 1}, .mark = Mark::kSteps}};
  svg = svg_of(chart);
  std::smatch points;
  REQUIRE(std::regex_search(svg, points, std::regex("points=\"([^\"]*)\"")));
  CHECK(count(points[1], ",") == 5);  // three values and a corner between two

  chart.curves = {
      {.name = "d", .x = {0, 1}, .y = {3, kNothing}, .mark = Mark::kPoints, .hover = {"x\"y", ""}}};
  svg = svg_of(chart);
  CHECK(count(svg, "<circle") == 1);
  CHECK(svg.find("<title>x&quot;y</title>") != std::string::npos);
  CHECK(well_formed(svg));
}

TEST_CASE("a curve of many points is thinned, with its extremes and its holes kept") {
  Curve curve{.name = "noise", .x = {}, .y = {}};
  for (int k = 0; k < 200'000; ++k) {
    curve.x.push_back(k);
    curve.y.push_back(std::sin(k * 0.7));
  }
  curve.y[123'456] = 50;
  const std::string whole = svg_of({.title = "t", .x_label = "", .y_label = "", .curves = {curve}});
  CHECK(whole.size() < 80'000);
  const double top = 36 + (380 - 50 - 36) * 0.03 / 1.06;  // where the largest value lies
  CHECK(whole.find(Svg::point(0, top).substr(3, 5)) != std::string::npos);
  curve.y[100'000] = kNothing;
  CHECK(count(svg_of({.title = "t", .x_label = "", .y_label = "", .curves = {curve}}), "<polyline") == 2);
}

TEST_CASE(
    "curves whose vectors differ in length, and lines without a value for each axis, are refused by name") {
  CHECK_THROWS_AS(
      svg_of(Chart{.title = "", .x_label = "", .y_label = "", .curves = {{.name = "a", .x = {1}, .y = {}}}}),
      std::invalid_argument);
  CHECK_THROWS_AS(svg_of(ParallelCoordinates{
                      .title = "", .axes = {{.name = "a"}}, .lines = {{.values = {1, 2}, .hover = ""}}}),
                  std::invalid_argument);
}

TEST_CASE("an empty chart is a picture all the same") {
  CHECK(well_formed(svg_of(Chart{.title = "nothing", .x_label = "x", .y_label = "y", .curves = {}})));
}

TEST_CASE("bars are as long as their values say") {
  const std::string svg = svg_of(
      Bars{.title = "importance", .unit = "%", .bars = {{"rate", 50}, {"depth", 25}, {"odd", kNothing}}});
  CHECK(well_formed(svg));
  std::vector<double> lengths;
  const std::regex width("<rect [^>]* width=\"([0-9.]+)\"");
  for (auto it = std::sregex_iterator(svg.begin(), svg.end(), width); it != std::sregex_iterator(); ++it) {
    lengths.push_back(std::stod((*it)[1]));
  }
  REQUIRE(lengths.size() == 3);
  CHECK(lengths[0] == Approx(2 * lengths[1]).epsilon(0.01));
  CHECK(lengths[2] == 0);
}

TEST_CASE("parallel coordinates draw the best line last, and break lines where a value is missing") {
  ParallelCoordinates picture{
      .title = "p",
      .axes = {{.name = "rate", .logarithmic = true},
               {.name = "kind", .categories = {"a", "b"}},
               {.name = "loss"}},
      .lines = {{{0.1, 0, 3}, 3, "third"}, {{0.01, 1, 1}, 1, "best"}, {{1, kNothing, 2}, 2, "second"}}};
  const std::string svg = svg_of(picture);
  CHECK(well_formed(svg));
  CHECK(count(svg, "<polyline") == 4);
  CHECK(svg.rfind("best") > svg.rfind("second"));
  CHECK(svg.rfind("second") > svg.rfind("third"));
}

TEST_CASE("a page carries data, styles and scripts, and data cannot end its element") {
  Page page("run");
  page.style("canvas { width: 100%; }");
  page.raw("<canvas id=\"c\"></canvas>");
  page.json("facts", R"({"name":"</script><b>"})");
  page.data("bytes", std::as_bytes(std::span("any carnal pleas", 16)));
  page.script("let x = 1 < 2;");
  const std::string text = page.str();
  CHECK(count(text, "canvas { width: 100%; }</style>") == 1);
  CHECK(count(text, "<canvas id=\"c\"></canvas>") == 1);
  CHECK(count(text, R"({"name":"\u003c/script>\u003cb>"})") == 1);
  CHECK(count(text, "id=\"bytes\">YW55IGNhcm5hbCBwbGVhcw==</script>") == 1);
  CHECK(count(text, "<script>\nlet x = 1 < 2;</script>") == 1);
  CHECK_THROWS_AS(page.script("x = '</script>';"), std::invalid_argument);
  CHECK(base64({}).empty());
}

TEST_CASE("a page has what was put into it, escaped, and is written whole") {
  const TemporaryFolder folder;
  Page page("run <1>");
  page.heading("Results & more");
  page.table({"name", "loss"}, {{"a<b", "0.5"}, {"c", "1.25e-3"}});
  page.picture(svg_of(Chart{.title = "x", .x_label = "", .y_label = "", .curves = {}}), "what it shows");
  const auto path = folder / "report.html";
  page.write(path);
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  CHECK(text == page.str());
  CHECK(text.find("<h1>run &lt;1&gt;</h1>") != std::string::npos);
  CHECK(text.find("<td>a&lt;b</td><td class=\"n\">0.5</td>") != std::string::npos);
  CHECK(text.find("Results &amp; more") != std::string::npos);
  CHECK(text.find("http://") == text.find("http://www.w3.org/2000/svg"));  // the namespace, no other address
  CHECK_FALSE(std::filesystem::exists(folder / "report.html.partial"));
  CHECK_THROWS_AS(page.write(folder / "missing" / "report.html"), rankine::SystemError);
}
