// SPDX-License-Identifier: Apache-2.0
// Constraints as text: a comparison of two arithmetic expressions of dimensions, by recursive descent.
#include <cctype>
#include <charconv>
#include <cmath>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/tune/space_toml.hpp>

namespace rankine::tune {
namespace {

using Expression = std::function<double(const std::vector<double>& values)>;

class ConstraintReader {
 public:
  ConstraintReader(const Space& space, const std::string& text) : space_(space), text_(text) {}

  Space::Predicate read() {
    Expression left = sum();
    const std::string comparison = operator_among({"<=", ">=", "==", "!=", "<", ">"});
    if (comparison.empty()) fail("one of <= >= == != < > is missing");
    Expression right = sum();
    blanks();
    if (at_ != text_.size()) fail(fmt::format("\"{}\" is left over", text_.substr(at_)));
    return [left, right, comparison](const Space&, const Configuration& c) {
      const double a = left(c.values), b = right(c.values);
      if (std::isnan(a) || std::isnan(b)) return true;  // an inactive dimension
      if (comparison == "<=") return a <= b;
      if (comparison == ">=") return a >= b;
      if (comparison == "==") return a == b;
      if (comparison == "!=") return a != b;
      return comparison == "<" ? a < b : a > b;
    };
  }

 private:
  [[noreturn]] void fail(const std::string& words) const {
    throw InputError(fmt::format("constraint \"{}\": {}", text_, words));
  }
  void blanks() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  std::string operator_among(const std::vector<std::string>& known) {
    blanks();
    for (const std::string& one : known) {
      if (text_.compare(at_, one.size(), one) != 0) continue;
      at_ += one.size();
      return one;
    }
    return {};
  }

  Expression sum() {
    Expression left = product();
    for (;;) {
      const std::string sign = operator_among({"+", "-"});
      if (sign.empty()) return left;
      left = [a = std::move(left), b = product(), plus = sign == "+"](const std::vector<double>& values) {
        return plus ? a(values) + b(values) : a(values) - b(values);
      };
    }
  }

  Expression product() {
    Expression left = factor();
    for (;;) {
      const std::string sign = operator_among({"*", "/"});
      if (sign.empty()) return left;
      left = [a = std::move(left), b = factor(), times = sign == "*"](const std::vector<double>& values) {
        return times ? a(values) * b(values) : a(values) / b(values);
      };
    }
  }

  Expression factor() {
    if (++depth_ > 100) fail("it is nested too deeply");
    Expression made;
    if (!operator_among({"-"}).empty()) {
      made = [inner = factor()](const std::vector<double>& values) { return -inner(values); };
    } else if (!operator_among({"("}).empty()) {
      made = sum();
      if (operator_among({")"}).empty()) fail("a closing parenthesis is missing");
    } else {
      made = leaf();
    }
    --depth_;
    return made;
  }

  Expression leaf() {
    blanks();
    const std::size_t begin = at_;
    const auto in_name = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    if (at_ < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at_])) || text_[at_] == '.')) {
      double value = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
      if (error != std::errc()) fail("a number cannot be read");
      at_ = static_cast<std::size_t>(end - text_.data());
      return [value](const std::vector<double>&) { return value; };
    }
    while (at_ < text_.size() && in_name(text_[at_])) ++at_;
    if (at_ == begin) fail("a dimension or a number is missing");
    const std::size_t index = space_.index_of(text_.substr(begin, at_ - begin));
    if (space_.dimension(index).kind == Kind::categorical) {
      fail(fmt::format("\"{}\" has choices and no numbers", space_.dimension(index).name));
    }
    return [index](const std::vector<double>& values) { return values[index]; };
  }

  const Space& space_;
  std::string text_;
  std::size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

void add_constraint(Space& space, const std::string& text) {
  space.constrain(text, ConstraintReader(space, text).read());
}

}  // namespace rankine::tune
