// SPDX-License-Identifier: Apache-2.0
// The table of registered functions, sorted by name: number -> wrapper and name. Filled before main(), then
// constant.
#pragma once

#include <cstdint>
#include <string>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/call.hpp>

namespace rankine::runtime {

struct FunctionEntry {
  std::string name;     ///< typeid name, what ranks agree on
  std::string display;  ///< for people: "area(double)"
  detail::Invoke invoke = nullptr;
  std::string source_file;
};

const FunctionEntry& function(FunctionId id);

/// Of all names in order: equal on all ranks of a job that runs one binary.
std::uint64_t function_table_hash();

/// What a tag type's name says about the function: "rankine::detail::Tag<&(area(double))>" -> "area(double)".
std::string display_name(const std::string& demangled);

/// Throws Error naming both source files if two different functions share a name (internal linkage).
void check_function_table();

}  // namespace rankine::runtime
