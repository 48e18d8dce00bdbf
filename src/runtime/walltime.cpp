// SPDX-License-Identifier: Apache-2.0
#include "runtime/walltime.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/runtime/walltime.hpp>

namespace rankine {

namespace runtime {

namespace {

constexpr double kSecondsMax = 1e9;  // about 32 years

/// A number without sign at the front of `text`, which is shortened by it.
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || ((text[0] < '0' || text[0] > '9') && text[0] != '.')) return std::nullopt;
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || !(value <= kSecondsMax)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

double seconds_of_unit(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return 60;
    case 'h':
      return 3600;
    case 'd':
      return 86400;
    default:
      return 0;
  }
}

/// "1h30m", and a number alone, which is seconds.
std::optional<double> with_units(std::string_view text) {
  double total = 0;
  bool first = true;
  while (!text.empty()) {
    const auto value = take_number(text);
    if (!value) return std::nullopt;
    if (text.empty()) return first ? value : std::nullopt;
    const double unit = seconds_of_unit(text[0]);
    if (unit == 0) return std::nullopt;
    text.remove_prefix(1);
    total += *value * unit;
    first = false;
  }
  if (first) return std::nullopt;
  return total;
}

/// Whole numbers between colons.
std::optional<std::vector<double>> fields_of(std::string_view text) {
  std::vector<double> fields;
  for (;;) {
    const std::size_t colon = text.find(':');
    const std::string_view field = text.substr(0, colon);
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
    fields.push_back(value);
    if (colon == std::string_view::npos) return fields;
    text.remove_prefix(colon + 1);
  }
}

/// Slurm's: M:S, H:M:S, D-H, D-H:M, D-H:M:S.
std::optional<double> with_colons(std::string_view text) {
  double days = 0;
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos) {
    const auto front = fields_of(text.substr(0, dash));
    if (!front || front->size() != 1) return std::nullopt;
    days = front->front();
    text.remove_prefix(dash + 1);
  }
  const auto fields = fields_of(text);
  if (!fields || fields->size() > 3) return std::nullopt;
  // After days the first field is hours; else the last one is seconds.
  std::vector<double> clock = *fields;
  if (dash != std::string_view::npos) {
    clock.resize(3, 0);
  } else {
    clock.insert(clock.begin(), 3 - clock.size(), 0);
  }
  return days * 86400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
}

Nanoseconds duration_in(const char* variable, const std::string& text) {
  const auto duration = read_duration(text);
  if (duration) return *duration;
  throw InputError(std::string("rankine: ") + variable + " is \"" + text +
                   "\": it must be a time such as 90 (seconds), 30m, 1:30:00 or 2-12:00:00");
}

Nanoseconds nanoseconds_of(double seconds) {
  return static_cast<Nanoseconds>(std::llround(seconds * 1e9));
}

/// From the program's start, from 1970, or from now; the first that is said.
WallTime end_of(const WallTimeFacts& facts) {
  if (facts.option != 0) {
    if (facts.option < 0) throw InputError("rankine: RuntimeOptions::walltime is negative");
    return {facts.start + facts.option, 0, "RuntimeOptions::walltime"};
  }
  if (!facts.variable.empty())
    return {facts.start + duration_in("RANKINE_WALLTIME", facts.variable), 0, "RANKINE_WALLTIME"};
  if (!facts.job_end.empty()) {
    std::int64_t at = 0;
    const char* last = facts.job_end.data() + facts.job_end.size();
    const auto [end, error] = std::from_chars(facts.job_end.data(), last, at);
    // Slurm writes a far year for jobs without a limit.
    const double left = static_cast<double>(at) - facts.unix_now;
    if (error == std::errc() && end == last && at > 0 && left < kSecondsMax)
      return {facts.now + nanoseconds_of(left), 0, "SLURM_JOB_END_TIME"};
  }
  if (!facts.ask_slurm) return {};
  const auto left = read_duration(facts.ask_slurm());
  return left ? WallTime{facts.now + *left, 0, "squeue"} : WallTime{};
}

}  // namespace

std::optional<Nanoseconds> read_duration(std::string_view text) {
  const bool colons = text.find_first_of(":-") != std::string_view::npos;
  const auto seconds = colons ? with_colons(text) : with_units(text);
  if (!seconds || !(*seconds > 0) || *seconds > kSecondsMax) return std::nullopt;
  return nanoseconds_of(*seconds);
}

Nanoseconds default_margin(Nanoseconds whole) {
  const Nanoseconds share = std::clamp(whole / 20, 10 * kSecond, 120 * kSecond);
  return std::max<Nanoseconds>(0, std::min(share, whole / 4));
}

WallTime decide_wall_time(const WallTimeFacts& facts) {
  WallTime wall = end_of(facts);
  if (facts.option_margin < 0) throw InputError("rankine: RuntimeOptions::walltime_margin is negative");
  wall.margin = facts.option_margin;
  if (wall.margin == 0 && !facts.margin_variable.empty())
    wall.margin = duration_in("RANKINE_WALLTIME_MARGIN", facts.margin_variable);
  if (wall.margin == 0 && wall.end != kNeverEnds) wall.margin = default_margin(wall.end - facts.start);
  return wall;
}

DrainPlan plan_for(const WallTime& wall) {
  if (wall.end == kNeverEnds) return {};
  const Time begin{wall.end.ns - wall.margin};
  return plan_from(begin, wall.margin, wall.end);
}

DrainPlan plan_from(Time now, Nanoseconds grace, Time end) {
  if (end != kNeverEnds) grace = std::max<Nanoseconds>(0, std::min(grace, end - now));
  // An eighth is kept for leaving by force, a quarter of the rest for saving and saying goodbye.
  const Nanoseconds leave = grace - grace / 8;
  return {now, now + (leave - leave / 4), now + leave};
}

}  // namespace runtime

std::chrono::nanoseconds parse_walltime(std::string_view text) {
  const auto duration = runtime::read_duration(text);
  if (duration) return std::chrono::nanoseconds(*duration);
  throw InputError("rankine: the wall time \"" + std::string(text) +
                   "\" is no time. Remedy: write 90 (seconds), 30m, 1:30:00 or 2-12:00:00");
}

}  // namespace rankine
