// SPDX-License-Identifier: Apache-2.0
// Sections of the report: each a heading with tables or pictures, made of a timeline. Reads no file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <rankine/trace.hpp>

#include "plot/page.hpp"

namespace apps {

namespace report {

using Rows = std::vector<std::vector<std::string>>;
inline constexpr std::size_t kRowsMax = 40;  ///< of a table

std::string percent(double part, double whole);
std::string seconds_text(double seconds);
std::string bytes_text(std::uint64_t bytes);

// report_use.cpp: what the ranks' time and the memory were used for.
void write_over_time(rankine::plot::Page& page, const rankine::TraceTimeline& run);
void write_use(rankine::plot::Page& page, const rankine::TraceTimeline& run);
void write_memory(rankine::plot::Page& page, const rankine::TraceTimeline& run);

// report_tasks.cpp: which tasks. `status`: RUN/status.
void write_functions(rankine::plot::Page& page, const rankine::TraceTimeline& run);
void write_slowest(rankine::plot::Page& page, const rankine::TraceTimeline& run);
void write_failures(rankine::plot::Page& page, const rankine::TraceTimeline& run,
                    const nlohmann::json& status);

}  // namespace report

}  // namespace apps
