// SPDX-License-Identifier: Apache-2.0
// Loops that are compiled for several levels of x86-64, and which of the builds is used.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <rankine/core/error.hpp>
#include <rankine/core/processor.hpp>

namespace rankine {

/// The builds of the same loops; each has a `name`: "v4", "v3", "baseline". `what` they are in a sentence,
/// and the environment's `variable` that names one of them.
template <class Build>
struct Levels {
  const Build& v4;
  const Build& v3;
  const Build& baseline;
  const char* what;
  const char* variable;

  /// The one of that name. Throws InputError for an unknown one and for one that this processor cannot run.
  const Build& named(std::string_view name) const {
    for (const Choice& choice : choices()) {
      if (choice.build->name != name) continue;
      if (choice.runs) return *choice.build;
      throw InputError(std::string("this processor cannot run the ") + what + " \"" + std::string(name) +
                       "\"; unset " + variable);
    }
    throw InputError(std::string(what) + " \"" + std::string(name) + "\" is none of baseline, v3, v4");
  }

  /// The one that the variable names, whose value is `forced`, else the widest that this processor runs.
  const Build& chosen(const char* forced) const {
    if (forced != nullptr && *forced != '\0') return named(forced);
    for (const Choice& choice : choices()) {
      if (choice.runs) return *choice.build;
    }
    return baseline;
  }

 private:
  struct Choice {
    const Build* build;
    bool runs;
  };
  /// Widest first.
  std::array<Choice, 3> choices() const {
    return {{{&v4, runs_x86_64_v4()}, {&v3, runs_x86_64_v3()}, {&baseline, true}}};
  }
};

}  // namespace rankine
