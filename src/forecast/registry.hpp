// SPDX-License-Identifier: Apache-2.0
// The table of models by name. A family of models offers one function that makes its models from arguments;
// nothing else of it is known here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <rankine/forecast/model.hpp>

namespace rankine::forecast {

/// The texts between the brackets of "Name(a,b,c)", split at outer commas, without blanks at their ends.
using Arguments = std::span<const std::string_view>;

struct Registered {
  std::string_view name;                      ///< without arguments
  std::string_view usage;                     ///< with them, for tables and errors
  std::string_view one_liner;                 ///< what it is
  ModelPointer (*make)(Arguments arguments);  ///< throws InputError naming a wrong argument
  /// Likelihoods of one word count the same things and can be compared; empty: it has none by itself.
  std::string_view likelihood = {};
};

/// All families, in the order of tables: the only list of them.
std::span<const Registered> registered();

}  // namespace rankine::forecast
