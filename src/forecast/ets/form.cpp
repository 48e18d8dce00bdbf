// SPDX-License-Identifier: Apache-2.0
#include "forecast/ets/form.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/text.hpp"

namespace rankine::forecast::ets {

namespace {

constexpr std::array<std::string_view, 2> kErrors{"A", "M"};
constexpr std::array<std::string_view, 3> kTrends{"N", "A", "Ad"};
constexpr std::array<std::string_view, 3> kSeasons{"N", "A", "M"};

template <class Part, std::size_t N>
Part part(std::string_view letters, const std::array<std::string_view, N>& known, std::string_view what) {
  const auto found = std::find_if(known.begin(), known.end(), [&](std::string_view one) {
    return files::equal_ignoring_case(one, letters);
  });
  if (found == known.end())
    throw InputError(fmt::format("ETS: {} \"{}\" is none of {}", what, letters, fmt::join(known, ", ")));
  return static_cast<Part>(found - known.begin());
}

}  // namespace

std::string name(Form form) {
  return fmt::format("ETS({},{},{})", kErrors[static_cast<std::size_t>(form.error)],
                     kTrends[static_cast<std::size_t>(form.trend)],
                     kSeasons[static_cast<std::size_t>(form.season)]);
}

Form parse(std::span<const std::string_view> letters) {
  if (letters.size() != 3)
    throw InputError(
        fmt::format("ETS needs error, trend and season, e.g. ETS(A,Ad,N); {} given", letters.size()));
  const Form form{part<Error>(letters[0], kErrors, "error"), part<Trend>(letters[1], kTrends, "trend"),
                  part<Season>(letters[2], kSeasons, "season")};
  if (std::find(kForms.begin(), kForms.end(), form) == kForms.end())
    throw InputError(fmt::format(
        "{} has no finite variance: a multiplicative season needs multiplicative errors", name(form)));
  return form;
}

Form parse_name(std::string_view text) {
  const auto found = std::find_if(kForms.begin(), kForms.end(), [&](Form one) { return name(one) == text; });
  if (found == kForms.end())
    throw InputError(fmt::format("\"{}\" is no form of exponential smoothing", text));
  return *found;
}

int parameter_count(Form form, int m) {
  const int season = has_season(form) ? m : 0;  // gamma and m - 1 states
  return 2 + (has_trend(form) ? 2 : 0) + (form.trend == Trend::damped ? 1 : 0) + season;
}

}  // namespace rankine::forecast::ets
