// SPDX-License-Identifier: Apache-2.0
#include "forecast/arima/orders.hpp"

#include <charconv>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::forecast::arima {

namespace {

/// Takes text from the front of what is left of a form.
struct Cursor {
  std::string_view rest;

  bool skip(std::string_view text) {
    if (!rest.starts_with(text)) return false;
    rest.remove_prefix(text.size());
    return true;
  }
  bool number(int& value) {
    const auto result = std::from_chars(rest.data(), rest.data() + rest.size(), value);
    if (result.ec != std::errc() || value < 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(result.ptr - rest.data()));
    return true;
  }
  bool triple(int& a, int& b, int& c) {
    return skip("(") && number(a) && skip(",") && number(b) && skip(",") && number(c) && skip(")");
  }
};

void difference(std::vector<double>& values, std::size_t lag) {
  for (std::size_t t = values.size(); t-- > lag;) values[t] -= values[t - lag];
  values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(std::min(lag, values.size())));
}

}  // namespace

std::string form(const Orders& o) {
  std::string text = fmt::format("ARIMA({},{},{})", o.p, o.d, o.q);
  if (o.P + o.D + o.Q > 0) text += fmt::format("({},{},{})[{}]", o.P, o.D, o.Q, o.m);
  if (o.has_constant()) text += o.d + o.D == 0 ? " with mean" : " with drift";
  if (o.columns > 0) text += fmt::format(" + {} columns", o.columns);
  return text;
}

Orders parse_form(std::string_view text) {
  Orders o;
  Cursor at{text};
  bool good = at.skip("ARIMA") && at.triple(o.p, o.d, o.q);
  if (good && at.rest.starts_with("("))
    good = at.triple(o.P, o.D, o.Q) && at.skip("[") && at.number(o.m) && at.skip("]") && o.m > 0;
  if (good) o.constant = at.skip(o.d + o.D == 0 ? " with mean" : " with drift");
  if (good && at.skip(" + ")) good = at.number(o.columns) && at.skip(" columns");
  if (!good || !at.rest.empty()) throw InputError(fmt::format("\"{}\" is not the form of an ARIMA", text));
  return o;
}

std::vector<std::string> parameter_names(const Orders& o) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view name, int count) {
    for (int i = 1; i <= count; ++i) names.push_back(fmt::format("{}{}", name, i));
  };
  add("ar", o.p);
  add("ma", o.q);
  add("sar", o.P);
  add("sma", o.Q);
  if (o.has_constant()) names.emplace_back(o.d + o.D == 0 ? "mean" : "drift");
  add("x", o.columns);
  return names;
}

std::vector<double> differenced(std::span<const double> values, const Orders& orders) {
  std::vector<double> result(values.begin(), values.end());
  for (int i = 0; i < orders.D; ++i) difference(result, static_cast<std::size_t>(orders.m));
  for (int i = 0; i < orders.d; ++i) difference(result, 1);
  return result;
}

std::vector<double> differencing(const Orders& orders) {
  std::vector<double> product{1};
  const auto multiply = [&](std::size_t lag) {
    product.resize(product.size() + lag, 0);
    for (std::size_t k = product.size(); k-- > lag;) product[k] -= product[k - lag];
  };
  for (int i = 0; i < orders.d; ++i) multiply(1);
  for (int i = 0; i < orders.D; ++i) multiply(static_cast<std::size_t>(orders.m));
  std::vector<double> coefficients;
  for (std::size_t k = 1; k < product.size(); ++k) coefficients.push_back(-product[k]);
  return coefficients;
}

}  // namespace rankine::forecast::arima
