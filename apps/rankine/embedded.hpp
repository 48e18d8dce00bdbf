// SPDX-License-Identifier: Apache-2.0
// Files beside this one that are part of the program: apps/CMakeLists.txt makes their text into embedded.cpp.
#pragma once

#include <string_view>

namespace apps::embedded {

extern const std::string_view timeline_js;

// Of `rankine new`, with %NAME% for the name.
extern const std::string_view CMakeLists_txt;
extern const std::string_view main_cpp;
extern const std::string_view job_sbatch;
extern const std::string_view README_md;

}  // namespace apps::embedded
