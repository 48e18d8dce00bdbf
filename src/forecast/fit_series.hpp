// SPDX-License-Identifier: Apache-2.0
// What is common to all models when a series is fitted: its random numbers' name and its defects.
#pragma once

#include <cstdint>
#include <string>

#include <rankine/forecast/series.hpp>

namespace rankine::forecast {

/// Names the random numbers of a series by its id, so that they do not depend on what stands beside it.
std::uint64_t series_key(const Series& series);

/// Why no model at all can be fitted, or empty.
std::string defect_of(const Series& series);

}  // namespace rankine::forecast
