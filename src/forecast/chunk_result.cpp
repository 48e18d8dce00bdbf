// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <rankine/forecast/chunk_result.hpp>

namespace rankine::forecast {

std::int32_t TextTable::add(const std::string& text) {
  const auto found = std::find(texts.begin(), texts.end(), text);
  if (found != texts.end()) return static_cast<std::int32_t>(found - texts.begin());
  texts.push_back(text);
  return static_cast<std::int32_t>(texts.size() - 1);
}

}  // namespace rankine::forecast
