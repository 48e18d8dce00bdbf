// SPDX-License-Identifier: Apache-2.0
#include <rankine/rankine.hpp>
#include <rankine/serialize/eigen.hpp>

static_assert(EIGEN_MAX_ALIGN_BYTES == 16, "as the installed libraries were built, not as AVX would have it");
