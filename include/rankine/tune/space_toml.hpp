// SPDX-License-Identifier: Apache-2.0
// A search space from TOML:
//
//   constraints = ["layers * width <= 4096"]
//   [space]
//   lr = { log_uniform = [1e-5, 1] }
//   optimiser = ["sgd", "adam"]                        # the same as { categorical = [...] }
//   momentum = { uniform = [0, 0.99], when = { optimiser = "sgd" } }
//   layers = { integer = [1, 8] }
//   width = { log_integer = [16, 1024] }
//   dropout = { quantised = [0, 0.5, 0.1], when = { layers = [2, 3, 4] } }
//   batch = { levels = [16, 32, 64] }                  # or log_levels
//
// Dimensions stand in the order of the file. A constraint compares two expressions of dimensions, numbers,
// + - * / and parentheses; it holds where it names an inactive dimension.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <rankine/tune/space.hpp>

namespace rankine::tune {

/// Throws InputError naming file, line and what is wrong.
Space read_space(const std::filesystem::path& file);
/// `name`: of the text, for errors.
Space parse_space(std::string_view toml, const std::string& name);

/// Adds "2 * a + b <= 3" to the space. Throws InputError naming the text and what is wrong in it.
void add_constraint(Space& space, const std::string& text);

}  // namespace rankine::tune
