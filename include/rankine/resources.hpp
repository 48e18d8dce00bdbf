// SPDX-License-Identifier: Apache-2.0
// What the running task was granted: rk::resources(), rk::gpu_ids().
#pragma once

#include <vector>

#include <rankine/runtime/context.hpp>
#include <rankine/runtime/resources.hpp>  // IWYU pragma: export

namespace rankine {

/// What the running task holds: of its options and their alternatives the one that was chosen. Threads of
/// OpenMP (and with it Eigen) are limited to its cpus already.
inline Granted resources() {
  return detail::current_context().resources();
}

/// The devices of the running task, as this process counts them. In a build with CUDA the first is current.
inline std::vector<std::int32_t> gpu_ids() {
  return resources().gpu_ids;
}

}  // namespace rankine
