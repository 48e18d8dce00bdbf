// SPDX-License-Identifier: Apache-2.0
// The sentence of an error, to look into.
#pragma once

#include <string>
#include <string_view>

/// what() of the Error that `call` throws; empty if it throws nothing.
template <class Error, class Call>
std::string thrown(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
