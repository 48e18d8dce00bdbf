// SPDX-License-Identifier: Apache-2.0
// Which commands mean the same without a shell: a program and its arguments, nothing that a shell would
// expand, redirect or do itself. They save a shell's start, about half of the cost of a short command.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rankine::farm {

/// The words of such a command; nothing for all others, in doubt too.
std::optional<std::vector<std::string>> plain_words(std::string_view command);

}  // namespace rankine::farm
