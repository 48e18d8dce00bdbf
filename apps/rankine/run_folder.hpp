// SPDX-License-Identifier: Apache-2.0
// What a run directory says without its trace and journal: RUN/status and small text files. Reads only.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace apps {

/// Throws rankine::SystemError.
std::string text_of_file(const std::filesystem::path& path);
/// RUN/status as src/runtime/run_status.hpp describes it; an empty object where there is none that can be
/// read.
nlohmann::json status_of(const std::filesystem::path& folder);

}  // namespace apps
