// SPDX-License-Identifier: Apache-2.0
// Files beside this one that are part of the program: apps/CMakeLists.txt makes their text into embedded.cpp.
#pragma once

#include <string_view>

namespace apps::embedded {

extern const std::string_view timeline_js;

}  // namespace apps::embedded
