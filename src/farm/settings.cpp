// SPDX-License-Identifier: Apache-2.0
#include "farm/settings.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/runtime/walltime.hpp>

#include "files/csv.hpp"

namespace rankine::farm {

namespace {

[[noreturn]] void fail(std::string_view name, std::string_view value, std::string_view may_be) {
  throw InputError(fmt::format("{}={}: it may be {}", name, value, may_be));
}

double amount(std::string_view name, std::string_view value, double least) {
  constexpr double amount_max = 1e6;
  const std::optional<double> number = files::parse_number(value);
  if (!number || !(*number >= least) || *number > amount_max)
    fail(name, value, least > 0 ? "a number above 0, such as 2 or 0.5" : "a number such as 0, 1 or 0.5");
  return *number;
}

std::int32_t whole(std::string_view name, std::string_view value, std::int32_t least) {
  const std::optional<int> number = files::parse_integer(value);
  if (!number || *number < least) fail(name, value, fmt::format("a whole number from {}", least));
  return *number;
}

double time_limit(std::string_view value) {
  if (value == "0" || value == "none") return 0;
  try {
    return std::chrono::duration<double>(parse_walltime(value)).count();
  } catch (const InputError&) {
    fail("timeout", value, "a time such as 90 (seconds), 10m, 1h30m or 1:30:00, or none");
  }
}

void set_custom(Settings& settings, std::string_view name, double value) {
  const auto same = [&](const auto& entry) { return entry.first == name; };
  const auto found = std::find_if(settings.custom.begin(), settings.custom.end(), same);
  if (found != settings.custom.end()) {
    found->second = value;
  } else {
    settings.custom.emplace_back(name, value);
  }
}

}  // namespace

std::uint64_t parse_bytes(std::string_view text) {
  std::string_view digits = text;
  double unit = 1;
  if (digits.ends_with("iB")) {
    digits.remove_suffix(2);
  } else if (digits.ends_with('i') || digits.ends_with('B')) {
    digits.remove_suffix(1);
  }
  constexpr std::string_view units = "KMGT";
  if (!digits.empty()) {
    const auto at = units.find(static_cast<char>(digits.back() & ~0x20));
    if (at != std::string_view::npos) {
      digits.remove_suffix(1);
      unit = std::pow(1024.0, static_cast<double>(at + 1));
    }
  }
  constexpr double bytes_max = 1e18;
  const std::optional<double> number = files::parse_number(digits);
  if (!number || !(*number >= 0) || *number * unit > bytes_max)
    throw InputError(fmt::format("{}: it may be an amount of memory such as 512M or 4G", text));
  return static_cast<std::uint64_t>(*number * unit);
}

void apply(Settings& settings, std::string_view name, std::string_view value) {
  constexpr std::string_view custom = "resource.";
  if (name == "cpus") {
    settings.cpus = amount(name, value, 1e-4);
  } else if (name == "gpus") {
    settings.gpus = amount(name, value, 0);
  } else if (name == "memory") {
    try {
      settings.memory_bytes = parse_bytes(value);
    } catch (const InputError&) {
      fail(name, value, "an amount such as 512M or 4G");
    }
  } else if (name == "timeout") {
    settings.timeout_s = time_limit(value);
  } else if (name == "retries") {
    settings.retries = whole(name, value, 0);
  } else if (name == "priority") {
    settings.priority = whole(name, value, -1'000'000);
  } else if (name == "name") {
    settings.name = value;
  } else if (name.starts_with(custom) && name.size() > custom.size()) {
    set_custom(settings, name.substr(custom.size()), amount(name, value, 0));
  } else {
    throw InputError(fmt::format(
        "{}: there is no such setting: cpus, gpus, memory, timeout, retries, priority, name, resource.NAME",
        name));
  }
}

void apply_all(Settings& settings, std::string_view words) {
  constexpr std::string_view blanks = " \t";
  for (;;) {
    const std::size_t first = words.find_first_not_of(blanks);
    if (first == std::string_view::npos) return;
    words.remove_prefix(first);
    const std::string_view word = words.substr(0, words.find_first_of(blanks));
    words.remove_prefix(word.size());
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos)
      throw InputError(fmt::format("{}: write name=value, such as cpus=2 or timeout=10m", word));
    apply(settings, word.substr(0, equals), word.substr(equals + 1));
  }
}

}  // namespace rankine::farm
