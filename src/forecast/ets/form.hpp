// SPDX-License-Identifier: Apache-2.0
// Names of exponential smoothing's forms: error, trend and season in Pegels' taxonomy as Hyndman, Koehler,
// Snyder and Grose (International Journal of Forecasting 18, 2002) extended it. Only the forms with finite
// variance and without multiplicative trend exist here: R's ets() tries the same by default.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace rankine::forecast::ets {

enum class Error : unsigned char { additive, multiplicative };
enum class Trend : unsigned char { none, additive, damped };
enum class Season : unsigned char { none, additive, multiplicative };

struct Form {
  Error error = Error::additive;
  Trend trend = Trend::none;
  Season season = Season::none;

  friend bool operator==(const Form&, const Form&) = default;
};

/// Seasons longer than this have no seasonal form, as in R.
inline constexpr int kSeasonMax = 24;

/// All forms, plain ones first.
inline constexpr std::array<Form, 15> kForms = [] {
  std::array<Form, 15> forms{};
  std::size_t i = 0;
  for (const Season season : {Season::none, Season::additive, Season::multiplicative}) {
    for (const Error error : {Error::additive, Error::multiplicative}) {
      if (error == Error::additive && season == Season::multiplicative) continue;
      for (const Trend trend : {Trend::none, Trend::additive, Trend::damped})
        forms[i++] = {error, trend, season};
    }
  }
  return forms;
}();

/// "ETS(A,Ad,N)"
std::string name(Form form);
/// From the letters of a name: error A or M, trend N, A or Ad, season N, A or M, in any case. Throws
/// InputError saying what is wrong, also where the form has no finite variance.
Form parse(std::span<const std::string_view> letters);
/// From what name() wrote.
Form parse_name(std::string_view name);

/// How many values the optimiser chooses for a season of m: weights, damping, initial states (the m seasonal
/// ones have one constraint).
int parameter_count(Form form, int m);

inline bool has_trend(Form form) {
  return form.trend != Trend::none;
}
inline bool has_season(Form form) {
  return form.season != Season::none;
}

}  // namespace rankine::forecast::ets
