// SPDX-License-Identifier: Apache-2.0
#include "forecast/ces/models.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/text.hpp"
#include "forecast/ces/estimate.hpp"
#include "forecast/single.hpp"

namespace rankine::forecast {

namespace {

class ComplexSmoothing final : public Model {
 public:
  explicit ComplexSmoothing(std::optional<ces::Form> form) : form_(form) {}

  std::string name() const override { return form_ ? fmt::format("CES({})", ces::name(*form_)) : "CES"; }
  std::size_t values_min(const Problem& problem) const override {
    const bool seasonal = form_ && *form_ != ces::Form::kNone;
    return seasonal ? 2 * static_cast<std::size_t>(std::max(2, problem.season)) + 1 : 5;
  }
  std::vector<std::string> parameter_names(std::string_view form) const override {
    return ces::parameter_names(form);
  }
  void fit(std::span<const Problem> problems, std::span<Fit> fits) const override {
    for (std::size_t i = 0; i < problems.size(); ++i) {
      if (form_ && *form_ != ces::Form::kNone && problems[i].season < 2)
        fits[i].failure = "has no season, " + name() + " has one";
      else
        fits[i] =
            ces::make_fit(problems[i], form_ ? ces::estimate(problems[i], *form_) : ces::choose(problems[i]));
    }
  }
  Prediction predict(const Fit& fit, const Request& request) const override {
    Prediction prediction = ces::predict(fit, request);
    require_finite(prediction, *this);
    return prediction;
  }
  bool has_intervals() const override { return true; }

 private:
  std::optional<ces::Form> form_;
};

}  // namespace

ModelPointer make_ces(Arguments arguments) {
  if (arguments.empty()) return std::make_shared<ComplexSmoothing>(std::nullopt);
  for (const ces::Form form : ces::kForms) {
    if (arguments.size() == 1 && files::equal_ignoring_case(arguments[0], ces::name(form)))
      return std::make_shared<ComplexSmoothing>(form);
  }
  throw InputError("CES takes nothing or one of none, simple, partial, full: CES(partial)");
}

}  // namespace rankine::forecast
