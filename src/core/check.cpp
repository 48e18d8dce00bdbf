// SPDX-License-Identifier: Apache-2.0
#include <rankine/core/check.hpp>

#include <cstdio>
#include <cstdlib>

namespace rankine {

void fail_check(std::string_view text, std::source_location where) {
  std::fprintf(stderr, "rankine: broken invariant: %.*s (%s:%u in %s)\n", static_cast<int>(text.size()),
               text.data(), where.file_name(), where.line(), where.function_name());
  std::fflush(stderr);
  std::abort();
}

}  // namespace rankine
