// SPDX-License-Identifier: Apache-2.0
#include <rankine/tune/value.hpp>

#include <cmath>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::tune {

std::string text_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  return fmt::format("{}", std::get<double>(value));
}

std::string short_text_of(const Value& value) {
  const auto* real = std::get_if<double>(&value);
  return real == nullptr ? text_of(value) : fmt::format("{:.6g}", *real);
}

void Parameters::set(std::string name, Value value) {
  for (auto& [known, old] : values_) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  values_.emplace_back(std::move(name), std::move(value));
}

const Value* Parameters::find(std::string_view name) const {
  for (const auto& [known, value] : values_) {
    if (known == name) return &value;
  }
  return nullptr;
}

const Value& Parameters::at(std::string_view name) const {
  if (const Value* value = find(name)) return *value;
  std::string names;
  for (const auto& [known, value] : values_) names += (names.empty() ? "" : ", ") + known;
  throw InputError(
      fmt::format("no parameter is called \"{}\"; there are: {} (an inactive one is left out)", name, names));
}

double Parameters::number(std::string_view name) const {
  const Value& value = at(name);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  throw InputError(
      fmt::format("the parameter \"{}\" is the text \"{}\" and no number", name, text_of(value)));
}

std::int64_t Parameters::integer(std::string_view name) const {
  const Value& value = at(name);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return *whole;
  const auto* real = std::get_if<double>(&value);
  if (real && std::floor(*real) == *real && std::fabs(*real) < 9e15) return static_cast<std::int64_t>(*real);
  throw InputError(fmt::format("the parameter \"{}\" is {} and no whole number", name, text_of(value)));
}

std::string Parameters::text(std::string_view name) const {
  return text_of(at(name));
}

void Parameters::take_apart(Names& names, std::vector<int>& kinds, std::vector<double>& numbers,
                            Integers& integers, Names& texts) const {
  for (const auto& [name, value] : values_) {
    names.push_back(name);
    kinds.push_back(static_cast<int>(value.index()));
    if (const auto* real = std::get_if<double>(&value)) numbers.push_back(*real);
    if (const auto* whole = std::get_if<std::int64_t>(&value)) integers.push_back(*whole);
    if (const auto* text = std::get_if<std::string>(&value)) texts.push_back(*text);
  }
}

void Parameters::put_together(const Names& names, const std::vector<int>& kinds,
                              const std::vector<double>& numbers, const Integers& integers,
                              const Names& texts) {
  values_.clear();
  std::size_t number = 0, integer = 0, text = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (kinds.at(i) == 0) values_.emplace_back(names[i], numbers.at(number++));
    if (kinds.at(i) == 1) values_.emplace_back(names[i], integers.at(integer++));
    if (kinds.at(i) == 2) values_.emplace_back(names[i], texts.at(text++));
  }
}

}  // namespace rankine::tune
