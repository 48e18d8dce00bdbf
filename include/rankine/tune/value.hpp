// SPDX-License-Identifier: Apache-2.0
// A value of one hyperparameter as people read and programs take it, and a list of them by name. Plain
// values: they travel with a task. Never knows of a space.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rankine::tune {

using Value = std::variant<double, std::int64_t, std::string>;

/// The shortest text that reads back as the same value: "0.001", "64", "adam".
std::string text_of(const Value& value);
/// For people: numbers to six digits.
std::string short_text_of(const Value& value);

/// What a trial is given: its hyperparameters by name, in the order of the space, without inactive ones.
class Parameters {
 public:
  void set(std::string name, Value value);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// A number (integers too). Throws InputError that names what there is.
  double number(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  /// Any value as text.
  std::string text(std::string_view name) const;
  const std::vector<std::pair<std::string, Value>>& all() const { return values_; }

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    std::vector<std::string> names, texts;
    std::vector<double> numbers;
    std::vector<std::int64_t> integers;
    std::vector<int> kinds;
    if constexpr (Archive::is_saving::value) take_apart(names, kinds, numbers, integers, texts);
    ar& names& kinds& numbers& integers& texts;
    if constexpr (Archive::is_loading::value) put_together(names, kinds, numbers, integers, texts);
  }

 private:
  using Names = std::vector<std::string>;
  using Integers = std::vector<std::int64_t>;
  const Value* find(std::string_view name) const;
  const Value& at(std::string_view name) const;
  void take_apart(Names& names, std::vector<int>& kinds, std::vector<double>& numbers, Integers& integers,
                  Names& texts) const;
  void put_together(const Names& names, const std::vector<int>& kinds, const std::vector<double>& numbers,
                    const Integers& integers, const Names& texts);

  std::vector<std::pair<std::string, Value>> values_;
};

}  // namespace rankine::tune
